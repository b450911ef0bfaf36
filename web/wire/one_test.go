package wire

import (
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
	"kvstep/sim/run/runtest"
)

// TestFramesKeepToOne: a request that had to wait in the middle of its prompt, because others
// took all rows of some passes, is shown with its own past, not with that of those passes.
func TestFramesKeepToOne(t *testing.T) {
	l, _, _ := small(t)
	for _, cache := range []string{"h2o:2:2", "int8:channel:2", "int4:token:3"} {
		p, err := kv.Parse(cache)
		if err != nil {
			t.Fatal(err)
		}
		rec := recipe.Complete(sim.Recipe{Tokens: []int{0, 7}, MaxNew: 6, Cache: p, Batch: &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 3, Chunk: 2,
			Requests: []sim.Request{{Tokens: []int{19}, MaxNew: 5, Arrive: 3}, {Tokens: []int{7, 33, 2, 9, 4, 1, 30, 8}, MaxNew: 3}}}})
		steps, err := runtest.Play(l, rec)
		if err != nil {
			t.Fatal(err)
		}
		waited := false
		for i := range len(steps) * l.Model.Config.Layers {
			n, layer := i/l.Model.Config.Layers, i%l.Model.Config.Layers
			m := Frame{Link: Link{Step: n}, Moment: lens.Moment{Model: l, Recipe: rec, Recorded: len(steps), View: lens.View{Seq: 2, Layer: &layer}}}
			m.Place(n, recorded(steps).Step)
			if err := new(viewer).keepsToOne(&m); err != nil {
				t.Errorf("%s, step %d: %v", cache, n, err)
			}
			waited = waited || m.Step.Seq == 2 && m.Step.Cached > 0 && m.Step.Phase == sim.Prefill && m.At(max(n-l.Model.Config.Layers-1, 0)).Seq != m.Step.Seq
		}
		if !waited {
			t.Error("nobody has waited in the middle of a prompt")
		}
	}
}
