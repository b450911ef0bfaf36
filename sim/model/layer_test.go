package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
)

// forward runs tokens through the model in the given chunks and returns every
// row that leaves the last layer, with the cache.
func forward(t testing.TB, m *model.Model, tokens, chunks []int) (mat.Matrix, *kv.Contiguous) {
	t.Helper()
	c := m.Config
	cache := modeltest.Cache(c, len(tokens))
	all := model.NewActs(c, len(tokens), len(tokens))
	out := mat.New(len(tokens), c.Dim)
	pos := 0
	for _, n := range chunks {
		a := all.First(c, n, pos+n)
		m.Embed(a.X, tokens[pos:pos+n], pos)
		for l := range c.Layers {
			if l > 0 {
				a.X, a.Out = a.Out, a.X
			}
			m.Layer(l, a, model.Rows(a.X.NumRows(), pos, cache))
		}
		for i := range n {
			copy(out.Row(pos+i), a.Out.Row(i))
		}
		pos += n
	}
	return out, cache
}

func randomTokens(r *rand.Rand, n, vocab int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = r.IntN(vocab)
	}
	return ids
}

// cuts cuts n rows into random chunks.
func cuts(r *rand.Rand, n int) (chunks []int) {
	for n > 0 {
		k := 1 + r.IntN(n)
		chunks, n = append(chunks, k), n-k
	}
	return chunks
}

// TestChunks: however a prompt is cut into passes, every row and the whole
// cache come out with the same bits.
func TestChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		c := modeltest.Config(r)
		m, err := model.New(c, modeltest.Weights(r, c))
		if err != nil {
			t.Fatal(err)
		}
		n := 1 + r.IntN(40)
		tokens, chunks := randomTokens(r, n, c.Vocab), cuts(r, n)
		whole, cacheA := forward(t, m, tokens, []int{n})
		cut, cacheB := forward(t, m, tokens, chunks)
		same(t, "rows", whole, cut, c, chunks)
		for l := range c.Layers {
			for h := range c.KVHeads {
				same(t, "K", modeltest.View(c, cacheA, l).Keys(l, h), modeltest.View(c, cacheB, l).Keys(l, h), c, chunks)
				same(t, "V", modeltest.View(c, cacheA, l).Values(l, h), modeltest.View(c, cacheB, l).Values(l, h), c, chunks)
			}
		}
	}
}

func same(t *testing.T, what string, a, b mat.Matrix, c sim.Config, chunks []int) {
	t.Helper()
	for i := range a.NumRows() {
		for j, x := range a.Row(i) {
			if math.Float32bits(x) != math.Float32bits(b.At(i, j)) {
				t.Fatalf("%s [%d %d]: %v and %v, chunks %v, %+v", what, i, j, x, b.At(i, j), chunks, c)
			}
		}
	}
}

// TestAttentionIsTheLayersOwn: what is derived for the screen is what the
// layer computed, bit for bit.
func TestAttentionIsTheLayersOwn(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		c := modeltest.Config(r)
		m, err := model.New(c, modeltest.Weights(r, c))
		if err != nil {
			t.Fatal(err)
		}
		n, before := 1+r.IntN(9), r.IntN(9)
		tokens := randomTokens(r, before+n, c.Vocab)
		cache := modeltest.Cache(c, before+n)
		all := model.NewActs(c, before+n, before+n)
		if before > 0 {
			a := all.First(c, before, before)
			m.Embed(a.X, tokens[:before], 0)
			m.Layer(0, a, model.Rows(a.X.NumRows(), 0, cache))
		}
		a := all.First(c, n, before+n)
		m.Embed(a.X, tokens[before:], before)
		m.Layer(0, a, model.Rows(a.X.NumRows(), before, cache))
		step := &sim.Step{Rows: n, Cached: before, X: a.X, KV: modeltest.View(c, cache, 0)}
		for h := range c.Heads {
			d := m.Attention(step, h)
			same(t, "out", d.Out, a.Attn.Cols(h*c.HeadDim, (h+1)*c.HeadDim), c, nil)
			last := n - 1
			same(t, "scores", d.Scores.Rows(last, n), a.Scores.Rows(h, h+1), c, nil)
			same(t, "probs", d.Probs.Rows(last, n), a.Probs.Rows(h, h+1), c, nil)
			for i := range n {
				var sum float64
				for j, p := range d.Probs.Row(i) {
					sum += float64(p)
					if model.Masked(before, i, j) && p != 0 {
						t.Fatalf("masked pair %d %d has probability %v", i, j, p)
					}
				}
				if math.Abs(sum-1) > 1e-5 {
					t.Fatalf("row %d sums to %v", i, sum)
				}
			}
		}
	}
}

func TestCheckNamesTheField(t *testing.T) {
	good := sim.Config{Family: "llama", Dim: 8, Layers: 1, Heads: 4, KVHeads: 2, HeadDim: 2, FFN: 8,
		Vocab: 9, Context: 16, NormEps: 1e-5, RopeBase: 10000}
	if err := model.Check(good); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*sim.Config){
		"dim": func(c *sim.Config) { c.Dim = 0 }, "layers": func(c *sim.Config) { c.Layers = -1 },
		"kv_heads": func(c *sim.Config) { c.KVHeads = 3 }, "head_dim": func(c *sim.Config) { c.HeadDim = 3 },
		"rope_base": func(c *sim.Config) { c.RopeBase = math.NaN() }, "norm_eps": func(c *sim.Config) { c.NormEps = 0 },
		"family": func(c *sim.Config) { c.Family = "mamba" }, "context": func(c *sim.Config) { c.Context = 0 },
	} {
		c := good
		spoil(&c)
		p, ok := model.Check(c).(*sim.Problem)
		if !ok || p.ID != "config.field" || p.Args["Field"] != field {
			t.Errorf("%s: %v", field, p)
		}
	}
}
