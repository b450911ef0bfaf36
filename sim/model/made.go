package model

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// A step keeps no Q, K and V: they follow from its X, a row's from that row alone, and are made
// again here for whoever looks, with the bits that the layer gave them.

// Q returns the queries of rows [from, to) of a recorded layer step, after RoPE,
// [to-from, heads*head_dim].
func (m *Model) Q(s *sim.Step, from, to int) mat.Matrix {
	return m.queries(s, from, to, 0, m.Config.Heads)
}

// HeadQ returns those of one head, [to-from, head_dim], which is all that is computed.
func (m *Model) HeadQ(s *sim.Step, head, from, to int) mat.Matrix {
	return m.queries(s, from, to, head, head+1)
}

// K returns the keys of rows [from, to) of a recorded layer step, as they were appended to the
// cache, [to-from, kv_heads*head_dim].
func (m *Model) K(s *sim.Step, from, to int) mat.Matrix {
	w := &m.Weights.Layers[s.Layer]
	k := m.projected(s, from, to, w.K, w.KBias)
	m.turn(k, w.KNorm, s.Cached+from)
	return k
}

// V returns the values likewise.
func (m *Model) V(s *sim.Step, from, to int) mat.Matrix {
	w := &m.Weights.Layers[s.Layer]
	return m.projected(s, from, to, w.V, w.VBias)
}

// queries returns the columns of query heads [first, end).
func (m *Model) queries(s *sim.Step, from, to, first, end int) mat.Matrix {
	q := m.unplaced(s, from, to, first, end)
	m.turn(q, m.Weights.Layers[s.Layer].QNorm, s.Cached+from)
	return q
}

// unplaced returns the same before their heads are normed and turned.
func (m *Model) unplaced(s *sim.Step, from, to, first, end int) mat.Matrix {
	w, a, b := &m.Weights.Layers[s.Layer], first*m.Config.HeadDim, end*m.Config.HeadDim
	bias := w.QBias
	if bias != nil {
		bias = bias[a:b]
	}
	return m.projected(s, from, to, w.Q.Rows(a, b), bias)
}

// projected returns a linear map of the normed rows [from, to) of X.
func (m *Model) projected(s *sim.Step, from, to int, w mat.Matrix, bias []float32) mat.Matrix {
	l, rows := &m.Weights.Layers[s.Layer], to-from
	normed, y := mat.New(rows, m.Config.Dim), mat.New(rows, w.NumRows())
	m.norm(normed, s.X.Rows(from, to), l.AttnNorm, l.AttnBias)
	linear(y, normed, w, bias)
	return y
}

// turn norms the heads of rows that stand at positions from pos on, where the model does that,
// and rotates them.
func (m *Model) turn(x mat.Matrix, gain []float32, pos int) {
	for i := range x.NumRows() {
		m.normHeads(x.Row(i), gain)
		m.rope.Rotate(x.Row(i), pos+i)
	}
}
