// Package modeltest makes small random models for the tests of other rooms.
package modeltest

import (
	"math"
	"math/rand/v2"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Config draws a small shape: MHA, GQA or MQA, often with heads x head_dim
// other than dim, tied or not, with either pairing of RoPE or without it.
func Config(r *rand.Rand) sim.Config {
	kvHeads := 1 + r.IntN(4)
	c := sim.Config{
		Family: "llama", Dim: 1 + r.IntN(40), Layers: 1 + r.IntN(3),
		Heads: kvHeads * (1 + r.IntN(3)), KVHeads: kvHeads, HeadDim: 2 * (1 + r.IntN(10)),
		FFN: 1 + r.IntN(50), Vocab: 11 + r.IntN(40), Context: 64,
		NormEps: 1e-5, RopeBase: 100 * float64(1+r.IntN(100)),
		RopeInterleaved: r.IntN(2) == 0, NoPE: r.IntN(8) == 0, Tied: r.IntN(2) == 0, BOS: 0, EOS: -1,
	}
	return c
}

// Weights draws the weights of a shape, large enough that attention is not flat.
func Weights(r *rand.Rand, c sim.Config) sim.Weights {
	vector := func(n int, scale, shift float64) []float32 {
		x := mat.Uninit(n)
		for i := range x {
			x[i] = float32(r.Float64()*2*scale - scale + shift)
		}
		return x
	}
	matrix := func(rows, cols int) mat.Matrix { return mat.Of(rows, cols, vector(rows*cols, 0.5, 0)) }
	w := sim.Weights{Embed: matrix(c.Vocab, c.Dim), FinalNorm: vector(c.Dim, 0.2, 1)}
	for range c.Layers {
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: vector(c.Dim, 0.2, 1), MLPNorm: vector(c.Dim, 0.2, 1),
			Q: matrix(c.QDim(), c.Dim), K: matrix(c.KVDim(), c.Dim), V: matrix(c.KVDim(), c.Dim),
			O: matrix(c.Dim, c.QDim()), Gate: matrix(c.FFN, c.Dim), Up: matrix(c.FFN, c.Dim), Down: matrix(c.Dim, c.FFN),
		})
	}
	w.Unembed = w.Embed
	if !c.Tied {
		w.Unembed = matrix(c.Vocab, c.Dim)
	}
	bias := func(n int) []float32 { return vector(n, 0.3, 0) }
	for i := range w.Layers {
		l := &w.Layers[i]
		switch c.Family {
		case "qwen3":
			l.QNorm, l.KNorm = vector(c.HeadDim, 0.2, 1), vector(c.HeadDim, 0.2, 1)
		case "gpt2":
			l.Gate = mat.Matrix{}
			l.AttnBias, l.MLPBias, l.OBias, l.UpBias, l.DownBias = bias(c.Dim), bias(c.Dim), bias(c.Dim), bias(c.FFN), bias(c.Dim)
			fallthrough
		case "qwen2":
			l.QBias, l.KBias, l.VBias = bias(c.QDim()), bias(c.KVDim()), bias(c.KVDim())
		}
	}
	if c.Family == "gpt2" {
		w.FinalBias, w.Positions = bias(c.Dim), matrix(c.Context, c.Dim)
	}
	return w
}

// Family draws a small shape of a family that model.Layer knows.
func Family(r *rand.Rand, name string) sim.Config {
	c := Config(r)
	c.Family, c.NoPE = name, name == "gpt2"
	if name == "gpt2" {
		c.KVHeads, c.RopeInterleaved, c.Tied = c.Heads, false, true
	}
	return c
}

// Halves is w with every matrix that products read rounded to 16 bits a number: kept
// so, and widened again.
func Halves(w sim.Weights, kind mat.Half) (kept, wide sim.Weights) {
	both := func(m mat.Matrix) (mat.Matrix, mat.Matrix) {
		words, x := make([]uint16, 0, m.NumRows()*m.NumCols()), mat.New(m.NumRows(), m.NumCols())
		for i := range m.NumRows() {
			for j, v := range m.Row(i) {
				h := mat.F16(v)
				if kind == mat.BFloat16 {
					h = uint16(math.Float32bits(v) >> 16)
				}
				words, x.Row(i)[j] = append(words, h), kind.F32(h)
			}
		}
		if len(words) == 0 {
			return m, m
		}
		return mat.OfHalves(m.NumRows(), m.NumCols(), kind, words), x
	}
	kept, wide = w, w
	kept.Layers, wide.Layers = slices.Clone(w.Layers), slices.Clone(w.Layers)
	kept.Embed, wide.Embed = both(w.Embed)
	kept.Unembed, wide.Unembed = both(w.Unembed)
	for i := range w.Layers {
		k, x := &kept.Layers[i], &wide.Layers[i]
		k.Q, x.Q = both(k.Q)
		k.K, x.K = both(k.K)
		k.V, x.V = both(k.V)
		k.O, x.O = both(k.O)
		k.Gate, x.Gate = both(k.Gate)
		k.Up, x.Up = both(k.Up)
		k.Down, x.Down = both(k.Down)
	}
	return kept, wide
}
