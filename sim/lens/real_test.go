package lens

import (
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// Its numbers are sim/cost's: the steps of a deeper model that stand for those
// of the run.
func TestRealSizeIsWhatCostCounts(t *testing.T) {
	s, model, h, peak, ok := realSize("llama-3-8b@H100")
	if !ok || model != "Llama-3-8B" || s.KVBytesPerToken() != 131072 || peak == 0 {
		t.Fatal(model, h.Name, peak, ok)
	}
	sw := cost.Default()
	for _, c := range []struct {
		step sim.Step
		want sim.Counters
	}{
		{sim.Step{Pass: 0, Layer: 2, Part: sim.LayerPart, Rows: 7}, s.Step(sim.Cached, 2, 7, 0, sw)},
		{sim.Step{Pass: 3, Layer: 4, Part: sim.LayerPart, Rows: 1, Cached: 9}, s.Step(sim.Cached, 4, 1, 9, sw)},
		{sim.Step{Pass: 3, Layer: -1, Part: sim.HeadPart, Rows: 1, Cached: 9}, s.Step(sim.Cached, -1, 1, 9, sw)},
	} {
		m := Moment{Step: &c.step, Prompt: 7, View: View{Real: "Llama-3-8B@H100"}, Recipe: sim.Recipe{Pairs: "allowed", Logits: "last"}}
		got := showReal(&m)
		if *got.Step.Cached != safe(c.want) {
			t.Errorf("pass %d layer %d: %+v, want %+v", c.step.Pass, c.step.Layer, *got.Step.Cached, safe(c.want))
		}
		if c := s.Capacity(h, cost.Job{Prompt: 1, New: 1, Batch: 1}); int64(got.Room.Weights) != c.WeightBytes || int64(got.Room.Memory) != c.Memory || got.Room.Full != 0 || got.Room.Context != s.Context {
			t.Errorf("%+v, Capacity says %+v", got.Room, c)
		}
		if !got.Plain || got.BytesPerToken != 131072 || got.PaysFrom != Integer(s.PaysFrom(peak/h.Bandwidth)) {
			t.Errorf("%+v", got)
		}
	}
}

// TestRoomIsAWall: at the token that is told weights and cache no longer fit, and
// one before they do; where the weights alone are too large, or the context ends
// first, none is told.
func TestRoomIsAWall(t *testing.T) {
	for _, c := range []struct {
		name string
		full bool
	}{{"Llama-2-7b-hf@RTX-4090", false}, {"Llama-3.1-405B@H100", false}, {"Qwen2.5-7B@T4-16GB", true}, {"Mistral-7B-v0.1@T4-16GB", false}, {"Llama-3-8B@H100", false}} {
		s, _, h, _, ok := realSize(c.name)
		if !ok {
			t.Fatal(c.name)
		}
		room := roomOf(s, h, 1)
		if (room.Full > 0) != c.full {
			t.Errorf("%s: %+v", c.name, room)
		}
		if full := int64(room.Full); c.full {
			if at := s.WeightBytes() + full*s.KVBytesPerToken(); at <= h.Memory || at-s.KVBytesPerToken() > h.Memory {
				t.Errorf("%s: full at token %d, where weights and cache are %d of %d bytes", c.name, full, at, h.Memory)
			}
		}
	}
}
