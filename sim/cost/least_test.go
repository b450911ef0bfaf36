package cost

import (
	"math"
	"testing"

	"kvstep/sim"
)

func TestLeastIsTheLongerOfTheTwo(t *testing.T) {
	h := Hardware{Bandwidth: 100}
	c := sim.Counters{Flops: sim.Flops{QKV: 30, Head: 30}, WeightBytes: 200, KVReadBytes: 50, KVWriteBytes: 999}
	if l := h.Least(c, 20); l != (Least{60, 250, 3, 2.5, 3, "compute"}) {
		t.Errorf("%+v", l)
	}
	if l := h.Least(c, 0); l != (Least{60, 250, 0, 2.5, 2.5, "memory"}) {
		t.Errorf("a device of bandwidth alone: %+v", l)
	}
}

// TestLeastIsBelowTheRoofline: step by step it never passes what the roofline
// says of the same run part by part, and is no less than whole passes at once.
func TestLeastIsBelowTheRoofline(t *testing.T) {
	c := sim.Config{Family: "llama", Dim: 128, Layers: 5, Heads: 4, KVHeads: 4, HeadDim: 32, FFN: 192, Vocab: 1536, Context: 512, Tied: true}
	s, sw, prompt, passes := Of(c), Default(), 40, 12
	d, err := ParseDType("dtype", "fp32")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range HardwareNames() {
		h, err := HardwarePreset(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Roofline(h, d, Job{Prompt: prompt, New: passes, Batch: 1}, sw)
		if err != nil {
			continue // it multiplies no such numbers
		}
		for lane, whole := range [2]LaneTime{r.Lanes.Cached, r.Lanes.Uncached} {
			var steps float64
			for n := range passes * (c.Layers + 1) {
				step, _ := s.At(prompt, n, sw)
				steps += h.Least(step[lane], r.Peak).Seconds
			}
			if steps > whole.Total*(1+1e-9) || math.IsNaN(steps) || steps < 0.5*whole.Total {
				t.Errorf("%s lane %d: %v step by step, %v part by part", name, lane, steps, whole.Total)
			}
		}
	}
}
