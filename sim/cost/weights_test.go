package cost

import "math/rand/v2"

// number is one parameter; its address is its identity.
type number struct{ x float64 }

type slowMatrix [][]number // [in][out]

type slowMLP struct {
	gate, up, down slowMatrix
	upb, downb     []number // biases, nil where the family has none
	gateb          []number
}

type slowLayer struct {
	q, k, v, o     slowMatrix
	qb, kb, vb, ob []number
	qnorm, knorm   []number // [head_dim], shared by the heads

	// latent attention instead of q, k and v
	qDown, qUp, down, kUp, vUp slowMatrix // [d][a], [a or d][H(n+r)], [d][c+r], [c][H n], [c][H v]
	aNorm, cNorm               []number

	slowMLP
	router  slowMatrix // [d][E]
	balance []number   // [E]
	experts []slowMLP
	shared  *slowMLP

	norm1, norm2, norm1bias, norm2bias []number
	after1, after2                     []number // norms of what attention and MLP give
}

type slowWeights struct {
	embed, position, head slowMatrix // [vocab][d], [positions][d], [d][vocab]
	layers                []slowLayer
	norm, normBias        []number
}

// random makes weights; only their number matters.
type random struct{ *rand.Rand }

func (r random) vec(n int) []number {
	v := make([]number, n)
	for i := range v {
		v[i].x = r.Float64() - 0.5
	}
	return v
}

// vecIf is nil unless there is such a vector.
func (r random) vecIf(there bool, n int) []number {
	if !there {
		return nil
	}
	return r.vec(n)
}

func (r random) matrix(in, out int) slowMatrix {
	m := make(slowMatrix, in)
	for i := range m {
		m[i] = r.vec(out)
	}
	return m
}

func (r random) mlp(d, hidden int, gated, biases bool) slowMLP {
	m := slowMLP{up: r.matrix(d, hidden), down: r.matrix(hidden, d),
		upb: r.vecIf(biases, hidden), downb: r.vecIf(biases, d)}
	if gated {
		m.gate, m.gateb = r.matrix(d, hidden), r.vecIf(biases, hidden)
	}
	return m
}

// makeWeights is random weights of the shape s.
func makeWeights(s Shape, seed uint64) slowWeights {
	r, d := random{rand.New(rand.NewPCG(seed, 1))}, s.Dim
	w := slowWeights{embed: r.matrix(s.Vocab, d), head: r.matrix(d, s.Vocab), norm: r.vec(d), normBias: r.vecIf(s.LayerNorm, d)}
	if s.Positions > 0 {
		w.position = r.matrix(s.Positions, d)
	}
	for l := range s.Layers {
		layer := slowLayer{
			norm1: r.vec(d), norm2: r.vec(d), norm1bias: r.vecIf(s.LayerNorm, d), norm2bias: r.vecIf(s.LayerNorm, d),
			after1: r.vecIf(s.Norms == 4, d), after2: r.vecIf(s.Norms == 4, d),
		}
		if s.MLA != (MLA{}) {
			layer.latent(r, s)
		} else {
			layer.plain(r, s)
		}
		if x := s.MoE; x != (MoE{}) && l >= x.Dense {
			layer.router, layer.balance = r.matrix(d, x.Experts), r.vecIf(x.Bias, x.Experts)
			for range x.Experts {
				layer.experts = append(layer.experts, r.mlp(d, x.FFN, true, false))
			}
			if x.Shared > 0 {
				m := r.mlp(d, x.Shared, true, false)
				layer.shared = &m
			}
		} else {
			layer.slowMLP = r.mlp(d, s.FFN, s.Gated, s.MLPBias)
		}
		w.layers = append(w.layers, layer)
	}
	return w
}

func (l *slowLayer) plain(r random, s Shape) {
	d, q, kv := s.Dim, s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	l.q, l.k, l.v, l.o = r.matrix(d, q), r.matrix(d, kv), r.matrix(d, kv), r.matrix(q, d)
	l.qb, l.kb, l.vb = r.vecIf(s.QKVBias, q), r.vecIf(s.QKVBias, kv), r.vecIf(s.QKVBias, kv)
	l.ob = r.vecIf(s.OutBias, d)
	l.qnorm, l.knorm = r.vecIf(s.HeadNorm, s.HeadDim), r.vecIf(s.HeadNorm, s.HeadDim)
}

func (l *slowLayer) latent(r random, s Shape) {
	d, m := s.Dim, s.MLA
	in := d
	if m.QRank > 0 {
		in = m.QRank
		l.qDown, l.aNorm = r.matrix(d, m.QRank), r.vec(m.QRank)
	}
	l.qUp, l.down, l.cNorm = r.matrix(in, s.Heads*(m.Nope+m.Rope)), r.matrix(d, m.KVRank+m.Rope), r.vec(m.KVRank)
	l.kUp, l.vUp, l.o = r.matrix(m.KVRank, s.Heads*m.Nope), r.matrix(m.KVRank, s.Heads*m.V), r.matrix(s.Heads*m.V, d)
}

// size counts the numbers, of as many experts as are asked for.
func (w slowWeights) size(tied bool, experts int) int64 {
	n := 0
	matrix := func(all ...slowMatrix) {
		for _, m := range all {
			for _, row := range m {
				n += len(row)
			}
		}
	}
	vector := func(all ...[]number) {
		for _, v := range all {
			n += len(v)
		}
	}
	mlp := func(m slowMLP) {
		matrix(m.gate, m.up, m.down)
		vector(m.upb, m.downb, m.gateb)
	}
	matrix(w.embed, w.position)
	vector(w.norm, w.normBias)
	if !tied {
		matrix(w.head)
	}
	for _, l := range w.layers {
		matrix(l.q, l.k, l.v, l.o, l.qDown, l.qUp, l.down, l.kUp, l.vUp, l.router)
		vector(l.qb, l.kb, l.vb, l.ob, l.qnorm, l.knorm, l.aNorm, l.cNorm, l.balance)
		vector(l.norm1, l.norm2, l.norm1bias, l.norm2bias, l.after1, l.after2)
		mlp(l.slowMLP)
		if l.shared != nil {
			mlp(*l.shared)
		}
		for i, m := range l.experts {
			if i < experts {
				mlp(m)
			}
		}
	}
	return int64(n)
}
