package wire

import (
	"testing"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

// BenchmarkBatchFrame is a frame of eight requests with the schedule open.
func BenchmarkBatchFrame(b *testing.B) {
	l, rec, _, _ := defaultRun(b, "en")
	rec.Batch = &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 4, Chunk: 8}
	for i := range 7 {
		rec.Batch.Requests = append(rec.Batch.Requests, sim.Request{Prompt: rec.Prompt, MaxNew: rec.MaxNew, Arrive: i})
	}
	rec = recipe.Complete(rec)
	steps := stepsOf(b, l, rec)
	m := planned(served(b, l, rec, steps, len(steps)-2, 1, "schedule"))
	b.ResetTimer()
	for range b.N {
		Encode(nil, m)
	}
}

// BenchmarkBeamFrame is a frame of eight beams with the tree open.
func BenchmarkBeamFrame(b *testing.B) {
	l, rec, _, _ := defaultRun(b, "en")
	rec.Sampler = sim.Sampler{Kind: "beam", Width: 8, Length: 1}
	rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 4}
	rec = recipe.Complete(rec)
	steps := stepsOf(b, l, rec)
	m := planned(served(b, l, rec, steps, len(steps)-2, 1, "beams"))
	b.ResetTimer()
	for range b.N {
		Encode(nil, m)
	}
}
