package lens

import (
	"math"
	"slices"

	"kvstep/sim/kv"
	"kvstep/sim/mat"
)

// evictedRows returns what an evicting policy has evicted of every layer's and head's rows,
// [layers, kv_heads, positions]: 1 + the position of the query that a row made
// room for, 0 where it is kept. A window evicts alike in all heads: of those it
// has one. nil for other policies.
func evictedRows(m *Moment) []Tensor {
	c, positions := m.Model.Model.Config, m.Step.Cached+m.Step.Rows
	traits, heads := kv.TraitsOf(m.Recipe.Cache), c.KVHeads
	if !traits.Evicts {
		return nil
	}
	if traits.Alike {
		heads = 1
	}
	since := make([]uint32, 0, c.Layers*heads*positions)
	for l := range c.Layers {
		for h := range heads {
			for p := range positions {
				n := uint32(0)
				if held := m.Step.KV.Len(l); p < held {
					if q := m.Step.KV.EvictedAt(l, h, p); q < held {
						n = uint32(q) + 1
					}
				}
				since = append(since, n)
			}
		}
	}
	return crowding(wholes("cache_gone", since, c.Layers, heads, positions))
}

// policyRows returns what the open table of rows says of a policy's own numbers: the
// attention that heavy hitters are chosen by, or errors and scales of codes.
func policyRows(m *Moment, use *UseInfo) []Tensor {
	if m.Step == nil || m.Step.KV == nil {
		return nil
	}
	beside := m.View.Op != "" // there is less room beside the picture of an op
	switch traits := kv.TraitsOf(m.Recipe.Cache); {
	case traits.Scored && !beside:
		return receivedRows(m)
	case !traits.Quantises():
		return nil
	case beside:
		return codedRows(m, use, m.Layer(), m.Layer()+1)[:1]
	}
	return codedRows(m, use, 0, m.Model.Model.Config.Layers)
}

// receivedRows returns the attention that every row of the layer that is looked at has
// received from all queries so far, or until it was evicted: F16 [kv_heads, positions].
func receivedRows(m *Moment) []Tensor {
	s := m.inPass(m.Layer())
	for pass := m.Step.Pass - 1; s == nil && pass >= 0; pass-- { // not yet in this pass: as the last one before left it
		s = m.stepOfPick(pass*m.perPass() + m.Layer())
	}
	if s == nil {
		return nil
	}
	all := mat.New(m.Model.Model.Config.KVHeads, s.Cached+s.Rows)
	for h := range all.NumRows() {
		copy(all.Row(h), s.KV.Scores(h))
	}
	return crowding(Floats("cache_received", F16, all))
}

// codedRows are, of every row of K and V of layers [from, to), the largest error,
// [2, layers, kv_heads, positions] in 1/255 of use.MaxError, and the largest
// scale, in float16 as it is kept; 0 where a row is in float32.
func codedRows(m *Moment, use *UseInfo, from, to int) []Tensor {
	c, positions := m.Model.Model.Config, m.Step.Cached+m.Step.Rows
	shape := []int{2, to - from, c.KVHeads, positions}
	errors, scales := mat.New(2*(to-from)*c.KVHeads, positions), mat.New(2*(to-from)*c.KVHeads, positions)
	for at := range errors.NumRows() {
		value, l, h := at/c.KVHeads/(to-from) == 1, from+at/c.KVHeads%(to-from), at%c.KVHeads
		copy(errors.Row(at), m.Step.KV.Errors(l, h, value))
		copy(scales.Row(at), m.Step.KV.Scales(l, h, value))
	}
	scale := Floats("cache_scale", F16, scales)
	scale.Shape = shape
	coded := make([]byte, 0, errors.NumRows()*positions)
	for i := range errors.NumRows() {
		use.MaxError = max(use.MaxError, slices.Max(errors.Row(i)))
	}
	for i := range errors.NumRows() {
		for _, e := range errors.Row(i) {
			coded = append(coded, byte(math.Round(float64(e/max(use.MaxError, math.SmallestNonzeroFloat32)*255))))
		}
	}
	return crowding(bytesOf("cache_error", coded, shape...), scale)
}
