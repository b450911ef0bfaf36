package library

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/token"
)

// silent leaves nothing of any text.
type silent struct{ token.Tokenizer }

func (silent) Encode(string) []int { return nil }

// random is a small model without a tokenizer.
func random(t testing.TB, r *rand.Rand) *Loaded {
	t.Helper()
	c := modeltest.Config(r)
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	return &Loaded{Name: "random", Model: m}
}

func refused(t *testing.T, m *Loaded, r sim.Recipe, id string) {
	t.Helper()
	_, err := m.Prepare(recipe.Complete(r))
	var p *sim.Problem
	if errors.As(err, &p); p == nil || p.ID != id {
		t.Errorf("%v, want %s", err, id)
	}
}

// TestPrepareChecksAllOfIt: what a run would only meet later is refused at once: a prompt
// of no tokens, a draft built for fewer than the run may have, any request of a batch.
func TestPrepareChecksAllOfIt(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 4))
	m := random(t, r)
	c := m.Model.Config
	c.Context = 5
	short, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	New(m, &Loaded{Name: "draft", Model: short})
	rec := sim.Recipe{Tokens: []int{1, 2}, MaxNew: 4, Draft: "draft"}
	if _, err := m.Prepare(recipe.Complete(rec)); err != nil {
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

func TestPrepareNamesWhatIsWrong(t *testing.T) {
	m := random(t, rand.New(rand.NewPCG(17, 18)))
	c := m.Model.Config
	for id, r := range map[string]sim.Recipe{
		"prompt.empty":     {},
		"prompt.tokenizer": {Prompt: "hello"},
		"prompt.bytes":     {Prompt: strings.Repeat("a", MaxPromptBytes+1)},
		"prompt.token":     {Tokens: []int{1, c.Vocab}},
		"prompt.long":      {Tokens: make([]int, c.Context), MaxNew: 2},
		"recipe.whole":     {Tokens: []int{1}, MaxNew: -1},
		"recipe.choice":    {Tokens: []int{1}, Lanes: "three"},
	} {
		_, err := m.Prepare(recipe.Complete(r))
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != id {
			t.Errorf("want %s, got %v", id, err)
		}
	}
	_, err := m.Prepare(recipe.Complete(sim.Recipe{Tokens: make([]int, c.Context), MaxNew: 2}))
	var p *sim.Problem
	if errors.As(err, &p); p.Args["Allowed"] != c.Context-1 {
		t.Errorf("allowed %v, want %d", p.Args["Allowed"], c.Context-1)
	}
	if _, err := m.Prepare(recipe.Complete(sim.Recipe{Tokens: make([]int, c.Context), MaxNew: 1})); err != nil {
		t.Errorf("a prompt that just fits: %v", err)
	}
}
