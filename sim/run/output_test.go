package run

import (
	"reflect"
	"sync"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// TestOutputsAreTheSameAnyTime: what a head says is the same, bit for bit, at once, while the
// run goes on, and after it: the logits of the lane, and those that are worked out again.
func TestOutputsAreTheSameAnyTime(t *testing.T) {
	drawn := sim.Sampler{Kind: "sample", Temperature: 0.8, TopK: 40, TopP: 0.9, MinP: 0.01, RepetitionPenalty: 1.1, Seed: 7}
	for name, r := range map[string]sim.Recipe{
		"greedy":   {Prompt: "Rosa has a red", MaxNew: 9},
		"sampled":  {Prompt: "Rosa has a red", MaxNew: 9, Sampler: drawn},
		"uncached": {Prompt: "Rosa has a red", MaxNew: 9, Lanes: "uncached"},
		"rounded":  {Prompt: "Rosa has a red", MaxNew: 9, Cache: sim.CachePolicy{Kind: sim.CacheInt4, Axis: "token", Group: 8}},
		"draft":    {Prompt: "Rosa has a red", MaxNew: 12, Draft: "story-draft", Propose: 3},
		"beam":     {Prompt: "Rosa has a red", MaxNew: 6, Sampler: sim.Sampler{Kind: "beam", Width: 3}},
		"batch": {Prompt: "Sam gave a", MaxNew: 3, Lanes: "cached", Batch: &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 2, Chunk: 3,
			Requests: []sim.Request{{Prompt: "Rosa has a red", MaxNew: 3}, {Prompt: "小雪有", MaxNew: 4, Arrive: 1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := library.Open("story")
			if err != nil {
				t.Fatal(err)
			}
			r = recipe.Complete(r)
			var at []saying // asked at once
			for s, err := range Steps(t.Context(), m, r, noClock) {
				if err != nil {
					t.Fatal(err)
				}
				at = append(at, sayings(s)...)
			}
			if len(at) < 3 {
				t.Fatalf("%d heads", len(at))
			}
			all := collect(t, m, r)
			var after []saying
			for _, s := range all {
				after = append(after, sayings(s)...)
			}
			compareSayings(t, "after the run", after, at)

			var during []saying
			var wg sync.WaitGroup
			heads := make(chan sim.Step, len(all))
			wg.Go(func() {
				for s := range heads {
					during = append(during, sayings(s)...)
				}
			})
			for s, err := range Steps(t.Context(), m, r, noClock) {
				if err != nil {
					t.Fatal(err)
				}
				heads <- s
			}
			close(heads)
			wg.Wait()
			compareSayings(t, "during the run", during, at)
		})
	}
}

// saying is what a head says.
type saying struct {
	logits []float32
	top    []sim.Candidate
	choice *sim.Choice
}

func sayings(s sim.Step) (all []saying) {
	steps := s.PassSteps
	if len(steps) == 0 {
		steps = []*sim.Step{&s}
	}
	for _, s := range steps {
		if s.Output != nil {
			all = append(all, saying{s.Logits(), s.Top(), s.Choice()})
		}
	}
	return all
}

func compareSayings(t *testing.T, when string, got, want []saying) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d heads, at once %d", when, len(got), len(want))
	}
	for i, w := range want {
		if g := got[i]; !sameBits(g.logits, w.logits) || !reflect.DeepEqual(g.top, w.top) || !reflect.DeepEqual(g.choice, w.choice) {
			t.Errorf("%s: head %d says %+v %+v, at once %+v %+v", when, i, g.top, g.choice, w.top, w.choice)
		}
	}
}
