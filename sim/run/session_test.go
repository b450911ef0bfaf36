package run

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
)

// TestSessionIsTheRun: without steps the logits are the same, bit for bit.
func TestSessionIsTheRun(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 1))
	for range rounds(30) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.Lanes = "cached"
		s, err := NewSession(m, len(rec.Tokens)+rec.MaxNew)
		if err != nil {
			t.Fatal(err)
		}
		next := rec.Tokens
		for _, step := range collect(t, m, rec) {
			if step.Part != sim.HeadPart {
				continue
			}
			if !sameBits(s.Feed(next...), step.Logits()) {
				t.Fatalf("pass %d differs", step.Pass)
			}
			next = []int{step.Token}
		}
	}
}

// TestDecodeAllocatesNothing: a decode step of a session takes no memory, and neither
// does one that two threads share.
func TestDecodeAllocatesNothing(t *testing.T) {
	story, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	c := sim.Config{Family: "llama", Dim: 256, Layers: 2, Heads: 4, KVHeads: 4, HeadDim: 64, FFN: 512, Vocab: 20000, Context: 512,
		NormEps: 1e-5, RopeBase: 10000, Tied: true, BOS: -1, EOS: -1}
	large, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(1, 1)), c))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*library.Loaded{story, {Name: "large", Model: large}} {
		s, err := NewSession(m, 400)
		if err != nil {
			t.Fatal(err)
		}
		s.Feed(1, 2, 3, 4)
		s.Feed(5)
		token := []int{6}
		if n := testing.AllocsPerRun(100, func() { s.Feed(token...) }); n != 0 { // on one processor
			t.Errorf("%s: %v allocations a decode step", m.Name, n)
		}
		// On all of them, where other goroutines of the test may take memory too, and a job at which a
		// late helper still looks is not used again: one of several tries is without.
		least := uint64(math.MaxUint64)
		for try := 0; try < 5 && least >= 50; try++ {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 50 {
				s.Feed(token...)
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		if least >= 50 {
			t.Errorf("%s: %d allocations in 50 decode steps", m.Name, least)
		}
	}
}
