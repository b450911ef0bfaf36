package run

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// TestHalvesChangeNothing: a model whose weights have stayed in 16 bits gives every bit
// of the same model with widened weights, with every kernel and in both lanes, and
// reads half as many bytes of weights.
func TestHalvesChangeNothing(t *testing.T) {
	was := mat.Current()
	t.Cleanup(func() { _ = mat.Select(was) })
	for n := range 12 {
		r := rand.New(rand.NewPCG(uint64(n), 16))
		c := modeltest.Config(r)
		switch c.Family = model.Families[n%len(model.Families)]; {
		case n%3 == 0: // what the kernels of decode take
			c.Dim, c.FFN, c.HeadDim = 48, 64, 16
		case n == 10: // two threads
			c.Dim, c.FFN, c.Layers, c.Heads, c.KVHeads, c.HeadDim = 1024, 1504, 1, 8, 4, 64
		}
		c.NoPE = c.Family == "gpt2"
		weights := modeltest.Weights(r, c)
		kept, wide := modeltest.Halves(weights, mat.Half(n/4%2))
		x, err := model.New(c, kept)
		if err != nil {
			t.Fatal(err)
		}
		y, err := model.New(c, wide)
		if err != nil {
			t.Fatal(err)
		}
		if x.Config.WeightBits != 16 || y.Config.WeightBits != 0 {
			t.Fatalf("%d and %d bits", x.Config.WeightBits, y.Config.WeightBits)
		}
		for _, level := range mat.Levels() {
			if err := mat.Select(level); err != nil {
				t.Fatal(err)
			}
			recipe := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3, 4, 5, 6}, MaxNew: 3, Lanes: "both"})
			run := func(m *model.Model) (hashes []string, last sim.Step) {
				for s, err := range Steps(context.Background(), &library.Loaded{Model: m}, recipe, noClock) {
					if err != nil {
						t.Fatal(err)
					}
					hashes, last = append(hashes, export.StateHash(m, &s)), s
				}
				return hashes, last
			}
			got, a := run(x)
			want, b := run(y)
			if !slices.Equal(got, want) || !a.Identical || !slices.Equal(a.Tokens, b.Tokens) {
				t.Errorf("%d (%s), %v: other bits", n, c.Family, level)
			}
			for lane := range 2 {
				if a, b := a.Totals[lane].WeightBytes, b.Totals[lane].WeightBytes; 2*a != b {
					t.Errorf("%d: %d bytes of weights read, %d where they are widened", n, a, b)
				}
			}
		}
	}
}
