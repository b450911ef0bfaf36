package model

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// Inside is everything between X and Out of one recorded layer step, for some
// of its rows: what the layer computed on its way, derived again and therefore
// the same bits.
type Inside struct {
	*Acts            // of the rows asked for; Scores and Probs of the last of them
	Q0    mat.Matrix // [rows, heads*head_dim] Q before RoPE
	K0    mat.Matrix // [rows, kv_heads*head_dim] K before RoPE
	QN    mat.Matrix // Q after the norm of its heads, before RoPE; Q0 where there is none
	KN    mat.Matrix // K likewise
}

// Inside runs the layer of step s again over its rows [from, to), reading the
// cache that the step left behind. A row's bits do not depend on its batch, so
// one row alone costs one row's work. s.KV must be present.
func (m *Model) Inside(s *sim.Step, from, to int) *Inside {
	c, w, rows := m.Config, &m.Weights.Layers[s.Layer], to-from
	a := NewActs(c, rows, s.Cached+to)
	for i := range rows {
		copy(a.X.Row(i), s.X.Row(from+i))
	}
	m.Layer(s.Layer, a, Rows(rows, s.Cached+from, &recordedCache{s.KV, s.Cached + from - 1}))
	in := &Inside{Acts: a, Q0: mat.New(rows, c.QDim()), K0: mat.New(rows, c.KVDim())}
	linear(in.Q0, a.Norm1, w.Q, w.QBias)
	linear(in.K0, a.Norm1, w.K, w.KBias)
	in.QN, in.KN = in.Q0, in.K0
	if w.QNorm != nil {
		in.QN, in.KN = mat.New(rows, c.QDim()), mat.New(rows, c.KVDim())
		for i := range rows {
			copy(in.QN.Row(i), in.Q0.Row(i))
			copy(in.KN.Row(i), in.K0.Row(i))
			m.normHeads(in.QN.Row(i), w.QNorm)
			m.normHeads(in.KN.Row(i), w.KNorm)
		}
	}
	return in
}

// recordedCache is a cache that holds already what the layer is about to append.
type recordedCache struct {
	kv    sim.KVCache
	query int // position of the newest token
}

func (r *recordedCache) Append(int, []float32, []float32) { r.query++ }
func (r *recordedCache) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	return r.kv.Sees(layer, kvHead, r.query)
}
func (r *recordedCache) Lasts() (row, pass bool)      { return true, false }
func (r *recordedCache) Attended(int, int, []float32) {}

// AppendRecorded appends the rows of a recorded layer step to a cache as the layer did,
// and tells it again how every query spread its attention.
func (m *Model) AppendRecorded(s *sim.Step, c Cache) {
	positions := s.Cached + s.Rows
	scores, probs, out := make([]float32, positions), make([]float32, positions), make([]float32, m.Config.HeadDim)
	q, keys, values := m.Q(s, 0, s.Rows), m.K(s, 0, s.Rows), m.V(s, 0, s.Rows)
	for i := range s.Rows {
		c.Append(s.Layer, keys.Row(i), values.Row(i))
		for h := range m.Config.Heads {
			k, v, at := c.Sees(s.Layer, m.KVHead(h))
			n := k.NumRows()
			m.attend(out, scores[:n], probs[:n], m.headCols(q, h).Row(i), k, v, at)
			c.Attended(s.Layer, m.KVHead(h), probs[:n])
		}
	}
}

// Dots returns the products of queries and keys before they are scaled, every pair,
// masked ones too: q [rows, head_dim], k [positions, head_dim].
func Dots(q, k mat.Matrix) mat.Matrix {
	dots := mat.New(q.NumRows(), k.NumRows())
	mat.MulT(dots, q, k)
	return dots
}

// FinalNorm returns the last norm of the rows x of a head step, [rows, dim].
func (m *Model) FinalNorm(x mat.Matrix) mat.Matrix {
	normed := mat.New(x.NumRows(), m.Config.Dim)
	m.norm(normed, x, m.Weights.FinalNorm, m.Weights.FinalBias)
	return normed
}

// Logits returns those of the rows x of a head step, [rows, vocab], with the bits that
// Unembed gives them.
func (m *Model) Logits(x mat.Matrix) mat.Matrix {
	logits, all := mat.New(x.NumRows(), m.Config.Vocab), make([]int, x.NumRows())
	for i := range all {
		all[i] = i
	}
	m.Unembed(logits, mat.New(x.NumRows(), m.Config.Dim), x, all...)
	return logits
}

// Rope returns the table of rotations, nil for a model without positions.
func (m *Model) Rope() *mat.Rope { return m.rope }
