package run

import (
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// TestALaneThatWaitsHoldsLittle: the working memory of a lane that waits is given back; of it are left
// the logits of a row and K and V of a layer for as many tokens as it ran for.
func TestALaneThatWaitsHoldsLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 3))
	c := modeltest.Family(r, "llama")
	c.Dim, c.FFN, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.Vocab, c.Context, c.EOS = 64, 128, 2, 4, 4, 16, 30, 200, -1
	made, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	m := &library.Loaded{Name: "wide", Model: made}
	const until = 20
	held := map[string][]int64{}
	for _, lanes := range []string{"cached", "both:20", "both"} {
		memory := sim.NewMemory(nil, "memory.room", 0)
		rec := recipe.Complete(sim.Recipe{Tokens: make([]int, 12), MaxNew: 100, Lanes: lanes})
		for s, err := range StepsWithin(t.Context(), memory, m, rec, noClock) {
			if err != nil {
				t.Fatal(err)
			}
			if s.Part == sim.LayerPart && s.Layer == 0 {
				held[lanes] = append(held[lanes], memory.Held())
			}
		}
	}
	one := kv.SpecOf(c, until)
	one.Layers = 1
	left := one.Bytes(sim.CachePolicy{}) + 4*int64(c.Vocab)
	for pass, n := range held["both:20"] {
		more := n - held["cached"][pass]
		waits := 12+pass > until
		if acts := model.ActsBytes(model.Lent{}, c, 12, until); waits && more > left || !waits && more < acts {
			t.Errorf("pass %d: the uncached lane holds %d bytes, waits %v; %d are left, and it works in %d", pass, more, waits, left, acts)
		}
	}
	if last := len(held["both"]) - 1; held["both"][last] < 4*held["both:20"][last] {
		t.Errorf("a lane that waits saves nothing: %d and %d bytes", held["both"][last], held["both:20"][last])
	}
}
