package lens

import (
	"context"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/token"
)

// counting is a tokenizer that counts how often a text is encoded.
type counting struct {
	token.Tokenizer
	encoded int
}

func (c *counting) Encode(text string) []int {
	c.encoded++
	return c.Tokenizer.Encode(text)
}

// TestNoPromptIsEncodedForAFrame: what is known of a run before it runs is made once; no
// moment of it encodes a prompt again.
func TestNoPromptIsEncodedForAFrame(t *testing.T) {
	m, err := library.Open("story-draft")
	if err != nil {
		t.Fatal(err)
	}
	tokens := &counting{Tokenizer: m.Tokenizer}
	m.Tokenizer = tokens
	r := recipe.Complete(sim.Recipe{Model: m.Name, Prompt: "Tom has a red ball.", MaxNew: 3, Batch: &sim.Batch{
		Schedule: sim.ScheduleContinuous, Slots: 2, Requests: []sim.Request{{Prompt: "Rosa has a kite.", MaxNew: 2}}}})
	prompt, err := m.Prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	plan := run.NewPlan(m, r, prompt)
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), m, r, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	if tokens.encoded == 0 || len(steps) > plan.Steps {
		t.Fatalf("%d texts were encoded, %d steps of %d", tokens.encoded, len(steps), plan.Steps)
	}
	tokens.encoded = 0
	for n := -1; n < len(steps); n++ {
		x := &Moment{Model: m, Recipe: r, Prompt: len(prompt), Waiting: prompt, Plan: plan, Recorded: len(steps), View: View{Seq: 1, Show: []string{"schedule"}}}
		x.Place(n, func(n int) *sim.Step { return &steps[n] })
		for _, l := range All {
			if l.Seen(x) {
				l.Show.At(x)
			}
		}
	}
	if tokens.encoded > 0 {
		t.Errorf("%d texts were encoded for %d frames", tokens.encoded, len(steps)+1)
	}
}
