package cost

import (
	"math/rand/v2"

	"kvstep/sim"
)

// number is one parameter; its address is its identity.
type number struct{ x float64 }

type slowMatrix [][]number // [in][out]

type slowLayer struct {
	q, k, v, o, gate, up, down         slowMatrix
	qb, kb, vb, ob, upb, downb         []number // biases, nil where the family has none
	norm1, norm2, norm1bias, norm2bias []number
	qnorm, knorm                       []number // [head_dim], shared by the heads
}

type slowWeights struct {
	embed, position, head slowMatrix // [vocab][d], [context][d], [d][vocab]
	layers                []slowLayer
	norm, normBias        []number
}

// makeWeights is random weights of the shape c; only their number matters.
func makeWeights(c sim.Config, seed uint64) slowWeights {
	r := rand.New(rand.NewPCG(seed, 1))
	vec := func(n int) []number {
		v := make([]number, n)
		for i := range v {
			v[i].x = r.Float64() - 0.5
		}
		return v
	}
	matrix := func(in, out int) slowMatrix {
		m := make(slowMatrix, in)
		for i := range m {
			m[i] = vec(out)
		}
		return m
	}
	d, q, kv, gpt2 := c.Dim, c.Heads*c.HeadDim, c.KVHeads*c.HeadDim, c.Family == "gpt2"
	w := slowWeights{embed: matrix(c.Vocab, d), head: matrix(d, c.Vocab), norm: vec(d)}
	if gpt2 {
		w.position, w.normBias = matrix(c.Context, d), vec(d)
	}
	for range c.Layers {
		l := slowLayer{
			q: matrix(d, q), k: matrix(d, kv), v: matrix(d, kv), o: matrix(q, d),
			up: matrix(d, c.FFN), down: matrix(c.FFN, d), norm1: vec(d), norm2: vec(d),
		}
		if gpt2 {
			l.norm1bias, l.norm2bias, l.ob, l.upb, l.downb = vec(d), vec(d), vec(d), vec(c.FFN), vec(d)
		} else {
			l.gate = matrix(d, c.FFN)
		}
		if c.Family == "qwen3" {
			l.qnorm, l.knorm = vec(c.HeadDim), vec(c.HeadDim)
		}
		if gpt2 || c.Family == "qwen2" {
			l.qb, l.kb, l.vb = vec(q), vec(kv), vec(kv)
		}
		w.layers = append(w.layers, l)
	}
	return w
}

func (w slowWeights) size(tied bool) int64 {
	n := 0
	matrices := []slowMatrix{w.embed, w.position}
	vectors := [][]number{w.norm, w.normBias}
	if !tied {
		matrices = append(matrices, w.head)
	}
	for _, l := range w.layers {
		matrices = append(matrices, l.q, l.k, l.v, l.o, l.gate, l.up, l.down)
		vectors = append(vectors, l.qb, l.kb, l.vb, l.ob, l.upb, l.downb, l.norm1, l.norm2, l.norm1bias, l.norm2bias, l.qnorm, l.knorm)
	}
	for _, m := range matrices {
		for _, row := range m {
			n += len(row)
		}
	}
	for _, v := range vectors {
		n += len(v)
	}
	return int64(n)
}
