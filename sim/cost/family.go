package cost

import "kvstep/sim"

// family is what sets one kind of decoder apart in the counting. The scalar
// operations are truth/formulas.json's: every + - * / exp tanh sqrt and compare
// is 1, an accumulator starts at 0, and masking, gathering, copying, and the
// tables of sines and cosines are free.
type family struct {
	layerNorm bool  // LayerNorm with bias; otherwise RMSNorm, gain only
	mlp       int64 // matrices d x F of the MLP: up, down, and gate if it is gated
	act       int64 // operations per hidden unit: GELU(tanh) 9; SiLU 4 and the gate's product 1
	rope      bool  // Q and K are rotated; otherwise a table of positions is added
	qkvBias   bool  // biases on Q, K and V
	outBias   bool  // biases on the output projection and the MLP
	headNorm  bool  // every head of Q and of K passes an RMSNorm before RoPE
}

var families = map[string]family{
	"llama": {mlp: 3, act: 5, rope: true},
	"qwen2": {mlp: 3, act: 5, rope: true, qkvBias: true},
	"qwen3": {mlp: 3, act: 5, rope: true, headNorm: true},
	"gpt2":  {mlp: 2, act: 9, layerNorm: true, qkvBias: true, outBias: true},
}

// sizes are the letters of the package comment.
type sizes struct{ d, q, kv, h, g, hd, f, v, l, b int64 }

func (s Shape) sizes() sizes {
	hd := int64(s.HeadDim)
	return sizes{
		d: int64(s.Dim), q: int64(s.Heads) * hd, kv: int64(s.KVHeads) * hd,
		h: int64(s.Heads), g: int64(s.KVHeads), hd: hd,
		f: int64(s.FFN), v: int64(s.Vocab), l: int64(s.Layers), b: int64(s.BytesPer),
	}
}

// decoder counts the flows of some decoder layers over the work w.
//
//	qkv     2 m d (q + 2kv)        scores  2 P q        mlp  4 m d F, gated 6 m d F
//	out     2 m q d                av      2 P q
//
// Scores and av do not depend on G: sharing K and V saves bytes, not FLOPs.
func (s Shape) decoder(layers int64, w Work, sw Switches) sim.Counters {
	z, k, u := s.sizes(), families[s.Family], unit(sw)
	return sim.Counters{
		Flops: sim.Flops{
			QKV:    times(layers, w.Rows, u*z.d*(z.q+2*z.kv)),
			Scores: times(layers, w.Pairs, u*z.q),
			AV:     times(layers, w.Pairs, u*z.q),
			Out:    times(layers, w.Rows, u*z.q*z.d),
			MLP:    times(layers, w.Rows, u*k.mlp*z.d*z.f),
		},
		Elementwise:  times(layers, plus(times(w.Rows, k.perRow(z, s.NoPE)), times(w.Pairs, k.perPair(z)))),
		KVReadBytes:  times(layers, w.Reads, s.kvRow()),
		KVWriteBytes: times(layers, w.Rows, s.kvRow()),
		WeightBytes:  times(layers, w.Passes, s.layerParams(), z.b),
	}
}

// head counts the final norm of all rows and the logits, 2 r d V. The head
// matrix is read whole whether or not it is also the embedding table.
func (s Shape) head(w Work, sw Switches) sim.Counters {
	z, k := s.sizes(), families[s.Family]
	return sim.Counters{
		Flops:       sim.Flops{Head: times(w.Logits, unit(sw)*z.d*z.v)},
		Elementwise: times(w.Rows, k.norm(z.d)),
		WeightBytes: times(w.Passes, k.normParams(z.d)+z.v*z.d, z.b),
	}
}

// entry is what a pass does before its first layer, counted with layer 0:
// GPT-2 adds a row of its position table, m d. Reading an embedding is free.
func (s Shape) entry(w Work) int64 {
	if families[s.Family].rope {
		return 0
	}
	return times(w.Rows, int64(s.Dim))
}

// flows is everything but the levels, all layers and the head.
func (s Shape) flows(w Work, sw Switches) sim.Counters {
	c := Add(s.decoder(int64(s.Layers), w, sw), s.head(w, sw))
	c.Elementwise = plus(c.Elementwise, s.entry(w))
	return c
}

// hold sets the levels: every layer holds tokens positions.
func (s Shape) hold(c *sim.Counters, tokens int64) {
	c.KVTokens = tokens
	c.KVBytes = times(tokens, int64(s.Layers), s.kvRow())
}

// unit is FLOPs per multiply-add, or 1 when multiply-adds are what is counted.
func unit(sw Switches) int64 {
	if sw.Unit == "mac" {
		return 1
	}
	return 2
}

// perRow is the elementwise work of one layer on one row: two norms, two
// residual sums (2d), the activation, 6 operations for each pair of Q and K
// that RoPE turns (3(q+kv), none in a model without it), one sum per bias, and a small norm per head of Q
// and K where the family has one.
func (k family) perRow(z sizes, nope bool) int64 {
	n := 2*k.norm(z.d) + 2*z.d + k.act*z.f
	if k.rope && !nope {
		n += 3 * (z.q + z.kv)
	}
	if k.qkvBias {
		n += z.q + 2*z.kv
	}
	if k.outBias {
		n += z.d + z.f + z.d
	}
	if k.headNorm {
		n += (z.h + z.g) * k.norm(z.hd)
	}
	return n
}

// perPair is the elementwise work of one layer on one (query, key) pair: per
// head 1 for the scale and 5 for the softmax (compare, subtract, exp, add, divide).
func (k family) perPair(z sizes) int64 { return (1 + 5) * z.h }

// norm is one row through one norm. RMSNorm is 4d+4: square and add (2d), /d,
// +eps, sqrt, 1/x, then times 1/rms and times gain (2d). LayerNorm subtracts
// the mean first and adds a bias last: 7d+5.
func (k family) norm(d int64) int64 {
	if k.layerNorm {
		return 7*d + 5
	}
	return 4*d + 4
}
