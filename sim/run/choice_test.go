package run

import (
	"bytes"
	"encoding/json"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/sample"
)

// TestTraceTellsTheChoice: every head step says how its token came about, from
// the logits of the step and all the text before it, also where a person chose
// another one.
func TestTraceTellsTheChoice(t *testing.T) {
	m, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Complete(sim.Recipe{Prompt: "Tom has a red ball.", MaxNew: 6, Lanes: "cached",
		Sampler: sim.Sampler{Kind: "sample", Temperature: 1.5, TopK: 30, TopP: 0.95, MinP: 0.05, RepetitionPenalty: 1.3, Seed: 5},
		Forced:  []sim.Forced{{Pass: 2, Token: 473}}})
	var heads []*sim.Step
	steps := func(yield func(*sim.Step, error) bool) {
		for s, err := range Steps(t.Context(), m, r, func() float64 { return 0 }) {
			if s.Part == sim.HeadPart {
				heads = append(heads, &s)
			}
			if !yield(&s, err) {
				return
			}
		}
	}
	var out bytes.Buffer
	if err := export.WriteTrace(&out, steps); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	for _, s := range heads {
		var line struct{ Choice sim.Choice }
		if err := json.Unmarshal(lines[s.N], &line); err != nil {
			t.Fatal(err)
		}
		want, err := sample.Choose(s.Logits(), r.Sampler, uint64(s.Pass), s.Tokens)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(line.Choice)
		b, _ := json.Marshal(want.Choice)
		if !bytes.Equal(a, b) {
			t.Errorf("pass %d:\n got %s\nwant %s", s.Pass, a, b)
		}
		if len(line.Choice.Stages) != 6 {
			t.Errorf("pass %d has stages %+v", s.Pass, line.Choice.Stages)
		}
		if forced := s.Pass == 2; forced != (s.Token != line.Choice.Token) || forced && s.Token != 473 {
			t.Errorf("pass %d: token %d, the sampler's is %d", s.Pass, s.Token, line.Choice.Token)
		}
	}
	if len(heads) != 6 {
		t.Errorf("%d passes", len(heads))
	}
}
