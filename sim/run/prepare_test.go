package run

import (
	"errors"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/token"
)

// silent leaves nothing of any text.
type silent struct{ token.Tokenizer }

func (silent) Encode(string) []int { return nil }

func refused(t *testing.T, m *Loaded, r sim.Recipe, id string) {
	t.Helper()
	_, err := m.Prepare(Complete(r))
	var p *sim.Problem
	if errors.As(err, &p); p == nil || p.ID != id {
		t.Errorf("%v, want %s", err, id)
	}
}

// TestPrepareChecksAllOfIt: what a run would only meet later is refused at once: a prompt
// of no tokens, a draft built for fewer than the run may have, any request of a batch.
func TestPrepareChecksAllOfIt(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 4))
	m := pair(t, r)
	c := m.Model.Config
	c.Context = 5
	short, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	m.siblings = NewLibrary(&Loaded{Name: "draft", Model: short})
	rec := sim.Recipe{Tokens: []int{1, 2}, MaxNew: 4, Draft: "draft"}
	if _, err := m.Prepare(Complete(rec)); err != nil {
		t.Error(err)
	}
	rec.MaxNew++
	refused(t, m, rec, "speculative.context")

	batch := func(q sim.Request) sim.Recipe {
		return sim.Recipe{Tokens: []int{1}, Batch: &sim.Batch{Schedule: sim.ScheduleStatic, Slots: 1, Requests: []sim.Request{{Tokens: []int{1}, MaxNew: 1}, q}}}
	}
	refused(t, m, batch(sim.Request{MaxNew: 1}), "prompt.empty")
	refused(t, m, batch(sim.Request{Tokens: []int{1}, MaxNew: 1<<31 - 1}), "recipe.whole")
	refused(t, m, batch(sim.Request{Tokens: []int{1}, MaxNew: -1}), "recipe.whole")
	refused(t, m, batch(sim.Request{Tokens: []int{1}, MaxNew: m.Model.Config.Context + 1}), "recipe.whole")
	refused(t, m, batch(sim.Request{Tokens: []int{1, c.Vocab}, MaxNew: 1}), "prompt.token")

	quiet := *m.Model
	quiet.Config.BOS = -1
	refused(t, &Loaded{Name: "quiet", Model: &quiet, Tokenizer: silent{}}, sim.Recipe{Prompt: " "}, "prompt.empty")
}
