package model

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// Among derives head h of some rows of a layer step, in ascending order, and of their pairs those of these rows
// with each other: the triangles have one number of the first row, two of the second, and so on. Probabilities are
// those of all keys up to a row's own, so that of few rows they do not sum to 1. s.KV must be present.
func (m *Model) Among(s *sim.Step, h int, rows []int) Causal {
	g, n := m.KVHead(h), len(rows)
	c := Causal{
		Q: m.pickedQ(s, h, rows), K: s.KV.Keys(s.Layer, g), V: s.KV.Values(s.Layer, g), Out: mat.New(n, m.Config.HeadDim),
		Scores: make([]float32, 0, Triangle(0, n)), Probs: make([]float32, 0, Triangle(0, n)),
	}
	position := func(i int) int { return s.Cached + rows[i] }
	m.eachOf(s, h, c.Q, position, func(i int, scores, probs []float32) {
		for j := range i + 1 {
			c.Scores, c.Probs = append(c.Scores, scores[position(j)]), append(c.Probs, probs[position(j)])
		}
		mat.WeightedSum(c.Out.Row(i), probs, c.V.Rows(0, position(i)+1), nil)
	})
	return c
}

// pickedQ returns the queries of one head of some rows, [len(rows), head_dim].
func (m *Model) pickedQ(s *sim.Step, h int, rows []int) mat.Matrix {
	picked, x := *s, make([][]float32, len(rows))
	for i, row := range rows {
		x[i] = s.X.Row(row)
	}
	picked.X = mat.Paged(len(rows), s.X.NumCols(), x, 1, 0)
	w := &m.Weights.Layers[s.Layer]
	q := m.unplaced(&picked, 0, len(rows), h, h+1)
	for i, row := range rows {
		m.turn(q.Rows(i, i+1), w.QNorm, s.Cached+row)
	}
	return q
}
