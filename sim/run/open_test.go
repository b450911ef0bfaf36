package run

import (
	"context"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// TestOpenPromptsAreOpen: sampling is shown with a choice that is one. After a prompt of the open
// ones at least four tokens have more than 2 %, and none is nearly sure, in every model that offers it.
func TestOpenPromptsAreOpen(t *testing.T) {
	models, seen := library.New(), 0
	for _, name := range models.Names() {
		m, err := models.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for lang, prompts := range m.TrainingSet.Open {
			for _, prompt := range prompts {
				seen++
				if likely, most := likelyAfter(t, m, prompt); likely < 4 || most > 0.75 {
					t.Errorf("%s, %s, %q: %d tokens above 2 %%, the likeliest has %.2f", name, lang, prompt, likely, most)
				}
				if unknown := m.UnknownWords(prompt); len(unknown) > 0 {
					t.Errorf("%s, %q: the model never met %q", name, prompt, unknown)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no model offers an open prompt")
	}
}

// likelyAfter counts the tokens that have more than 2 % after a prompt, and returns the largest share.
func likelyAfter(t *testing.T, m *library.Loaded, prompt string) (n int, most float32) {
	t.Helper()
	r := recipe.Default()
	r.Model, r.Prompt, r.MaxNew = m.Name, prompt, 1
	for s, err := range Steps(context.Background(), m, r, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Part != sim.HeadPart {
			continue
		}
		for _, c := range s.Top() {
			if most = max(most, c.Prob); c.Prob > 0.02 {
				n++
			}
		}
	}
	return n, most
}
