package model

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// blockRows is how many queries meet the keys in one product: few enough that little is computed of
// what the causal mask hides.
const blockRows = 16

// EachQuery calls f for each row of one head of a layer step, in order: scores are q.k/sqrt(head_dim) of
// the keys up to the query's own position, those included that the cache had evicted, and probs
// the softmax of those that were seen, 0 elsewhere; both are [cached+row+1] and used again. They have the
// bits of Attention. q is [rows, head_dim], see HeadQ. s.KV must be present.
func (m *Model) EachQuery(s *sim.Step, h int, q mat.Matrix, f func(row int, scores, probs []float32)) {
	m.eachOf(s, h, q, func(row int) int { return s.Cached + row }, f)
}

// eachOf does so for queries that stand at any positions, in ascending order.
func (m *Model) eachOf(s *sim.Step, h int, q mat.Matrix, position func(row int) int, f func(row int, scores, probs []float32)) {
	g, rows := m.KVHead(h), q.NumRows()
	k, seen := s.KV.Keys(s.Layer, g), newSight(s, g)
	if rows > 1 {
		k = tiled(k)
	}
	block, probs := mat.New(min(blockRows, rows), k.NumRows()), make([]float32, s.Cached+s.Rows)
	for from := 0; from < rows; from += blockRows {
		to := min(from+blockRows, rows)
		keys := min((position(to-1)+4)/4*4, k.NumRows())
		scores := block.Rows(0, to-from).Cols(0, keys)
		mat.MulT(scores, q.Rows(from, to), k.Rows(0, keys))
		for i := from; i < to; i++ {
			query := position(i)
			row, spread := scores.Row(i - from)[:query+1], probs[:query+1]
			mat.Scale(row, m.scale)
			seen.softmax(spread, row, query)
			f(i, row, spread)
		}
	}
}

// tiled copies rows side by side, and up to a multiple of four: several rows meet them faster there.
func tiled(x mat.Matrix) mat.Matrix {
	y := mat.New((x.NumRows()+3)/4*4, x.NumCols())
	for i := range x.NumRows() {
		copy(y.Row(i), x.Row(i))
	}
	return y
}

// sight is what the queries of a head see of their keys.
type sight struct {
	evicted []int // by position, the first query that it was evicted before; nil where all are seen
	at      []int // positions that a query sees
	few     []float32
}

func newSight(s *sim.Step, kvHead int) *sight {
	x := &sight{}
	for p := range s.Cached + s.Rows {
		if q := s.KV.EvictedAt(s.Layer, kvHead, p); q < s.Cached+s.Rows {
			if x.evicted == nil {
				x.evicted = make([]int, s.Cached+s.Rows)
				for i := range p {
					x.evicted[i] = math.MaxInt
				}
			}
			x.evicted[p] = q
		} else if x.evicted != nil {
			x.evicted[p] = q
		}
	}
	return x
}

// softmax spreads the attention of a query over the keys that it sees.
func (x *sight) softmax(probs, scores []float32, query int) {
	if x.evicted == nil {
		mat.Softmax(probs, scores, nil)
		return
	}
	x.at, x.few = x.at[:0], x.few[:0]
	for p, score := range scores {
		if x.evicted[p] > query {
			x.at, x.few = append(x.at, p), append(x.few, score)
		}
	}
	mat.Softmax(x.few, x.few, x.at)
	clear(probs)
	for i, p := range x.at {
		probs[p] = x.few[i]
	}
}

// Causal is one head of one step as its picture needs it: of the pairs only those of a query with
// positions up to its own.
type Causal struct {
	Q, K, V, Out  mat.Matrix // as in Attention
	Scores, Probs []float32  // triangles: cached+1 numbers of the first query, cached+2 of the second, ..
}

// Triangle returns how many pairs the first so many rows have with positions up to their own.
func Triangle(cached, rows int) int { return rows*cached + rows*(rows+1)/2 }

// Causal derives head h of a layer step. s.KV must be present.
func (m *Model) Causal(s *sim.Step, h int) Causal {
	g, n := m.KVHead(h), Triangle(s.Cached, s.Rows)
	c := Causal{
		Q: m.HeadQ(s, h, 0, s.Rows), K: s.KV.Keys(s.Layer, g), V: s.KV.Values(s.Layer, g), Out: mat.New(s.Rows, m.Config.HeadDim),
		Scores: make([]float32, 0, n), Probs: make([]float32, 0, n),
	}
	m.EachQuery(s, h, c.Q, func(i int, scores, probs []float32) {
		c.Scores, c.Probs = append(c.Scores, scores...), append(c.Probs, probs...)
		mat.WeightedSum(c.Out.Row(i), probs, c.V.Rows(0, s.Cached+i+1), nil)
	})
	return c
}
