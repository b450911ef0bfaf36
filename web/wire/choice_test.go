package wire

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"kvstep/sim"
	"kvstep/sim/run"
)

// drawn is step n of a run of the small model in which every filter is on, and
// the second token is a person's.
func drawn(t testing.TB, l *run.Loaded, n int, show ...string) *Moment {
	t.Helper()
	rec := run.Complete(sim.Recipe{Model: "small", Tokens: []int{0, 7, 19, 7, 33}, MaxNew: 4, Forced: []sim.Forced{{Pass: 1, Token: 3}},
		Sampler: sim.Sampler{Kind: "sample", Temperature: 1.5, TopK: 20, TopP: 0.95, MinP: 0.1, RepetitionPenalty: 1.3, Seed: 8}})
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return withPanels(moment(l, rec, steps, n, 1, 2), show...)
}

// TestFrameTellsTheChoice: all of it to whoever has the panel open, else only
// what the sentence says.
func TestFrameTellsTheChoice(t *testing.T) {
	l, _, _ := small(t)
	for n, forced := range map[int]bool{2: false, 5: true} {
		var open, shut choiceInfo
		m := drawn(t, l, n, "choice")
		for info, m := range map[*choiceInfo]*Moment{&open: m, &shut: drawn(t, l, n)} {
			if err := json.Unmarshal([]byte(File(m).Meta["choice"]), info); err != nil {
				t.Fatal(err)
			}
		}
		want := m.Step.Choice
		if !reflect.DeepEqual(open.Stages, want.Stages) || len(want.Stages) != 6 {
			t.Errorf("step %d: stages %+v, want %+v", n, open.Stages, want.Stages)
		}
		for i, o := range open.Options {
			if o.Option != want.Options[i] || o.Label == "" {
				t.Errorf("step %d: option %d is %+v, want %+v", n, i, o, want.Options[i])
			}
			if o.ID == open.Token && (o.From != open.From || o.To != open.To || o.Label != open.Label || want.Stages[5].Probs[i] != open.Prob) {
				t.Errorf("step %d: %+v is not %+v", n, open, o)
			}
		}
		if open.Token != want.Token || open.Random != want.Random || open.Forced != forced || open.Random < open.From || open.Random >= open.To {
			t.Errorf("step %d: %+v", n, open)
		}
		for i := range open.Stages {
			open.Stages[i].Probs = nil
		}
		if open.Options = nil; !reflect.DeepEqual(open, shut) {
			t.Errorf("step %d: shut %+v, want %+v", n, shut, open)
		}
	}
	if _, ok := File(drawn(t, l, 1, "choice")).Meta["choice"]; ok {
		t.Error("a layer's step tells of a choice")
	}
}
