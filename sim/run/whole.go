package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// Whole is one pass of the uncached lane over all tokens of a sequence, run again for whoever
// looks inside: a lane keeps no rows of its own. It runs layer by layer, as far as it is asked for.
type Whole struct {
	m       *model.Model
	cache   *kv.Contiguous
	history *kv.History
	stream  []mat.Matrix // [tokens, dim] what enters the first layer, and what left each so far
}

// NewWhole begins a pass over tokens, of which no layer has run yet.
func NewWhole(m *model.Model, tokens []int) (*Whole, error) {
	spec := kv.SpecOf(m.Config, len(tokens))
	cache, err := kv.NewContiguous(spec, kv.NewArena(0))
	if err != nil {
		return nil, err
	}
	x := mat.New(len(tokens), m.Config.Dim)
	m.Embed(x, tokens, 0)
	return &Whole{m, cache, kv.NewHistory(spec, sim.CachePolicy{}), []mat.Matrix{x}}, nil
}

// WholeBytes returns what a pass over so many tokens holds when all its layers have run.
func WholeBytes(c sim.Config, tokens int) int64 {
	return 4*int64((c.Layers+1)*tokens*c.Dim) + kv.SpecOf(c, tokens).Bytes(sim.CachePolicy{})
}

// Layer returns the rows that enter layer l and those that leave it, [tokens, dim], and K and V as they were in
// between. One caller at a time.
func (w *Whole) Layer(l int) (x, out mat.Matrix, cache sim.KVCache) {
	tokens := w.stream[0].NumRows()
	for n := len(w.stream) - 1; n <= l; n++ {
		a := model.NewActs(w.m.Config, tokens, tokens)
		a.X, a.Out = w.stream[n], mat.New(tokens, w.m.Config.Dim)
		w.m.Layer(n, a, model.Rows(tokens, 0, w.cache))
		w.stream = append(w.stream, a.Out)
	}
	return w.stream[l], w.stream[l+1], w.history.At(w.cache, l, 0, tokens)
}
