package model

import (
	"sync"

	"kvstep/sim/mat"
)

// attendRows appends K and V of all rows and lets their queries meet the keys that they may see, head by
// head; heads of one group read the same K and V. Causal mask: the query at position p sees keys
// 0..p, or those of them that the cache still has.
func (m *Model) attendRows(l int, a *Acts, rows []Row) {
	for from := 0; from < len(rows); {
		cache, to := rows[from].Cache, from+1
		_, pass := cache.Lasts()
		if pass { // rows of one sequence together
			for to < len(rows) && rows[to].Cache == cache {
				to++
			}
		}
		for i := from; i < to; i++ { // append: the new K and V join the cache   [kv_heads, positions, head_dim]
			cache.Append(l, a.K.Row(i), a.V.Row(i))
		}
		m.attendAll(l, a, cache, from, to)
		from = to
	}
}

// attendAll does so for rows [from, to), whose K and V the cache has.
func (m *Model) attendAll(l int, a *Acts, cache Cache, from, to int) {
	row, pass := cache.Lasts()
	heads := 1
	if row {
		heads = m.Config.KVHeads
	}
	for g := 0; g < m.Config.KVHeads; g += heads {
		j := queries.Get().(*querying)
		j.m, j.a, j.from, j.to, j.head = m, a, from, to, g*m.group
		j.seen = j.seen[:0]
		for h := g; h < g+heads; h++ {
			k, v, at := cache.Sees(l, h) // [sees, head_dim]
			j.seen = append(j.seen, seen{k, v, at})
		}
		sees := j.seen[0].k.NumRows()
		work := 2 * (to - from) * heads * m.group * sees * (m.Config.HeadDim + 16) // and of softmax
		mat.Share(j, mat.Attending, work)
		if !pass {
			for h := g * m.group; h < (g+heads)*m.group; h++ {
				cache.Attended(l, m.KVHead(h), a.Probs.Row(h)[:j.seen[m.KVHead(h)-g].k.NumRows()])
			}
		}
		j.m, j.a = nil, nil
		clear(j.seen)
		queries.Put(j)
	}
}

// querying is the attention of some rows in some heads as a job. A piece is one head of some rows;
// late rows, which see more, come first.
type querying struct {
	m        *Model
	a        *Acts
	from, to int    // rows
	head     int    // the first one
	seen     []seen // by K/V head, by the last row
	blocks   int    // of rows
}

type seen struct {
	k, v mat.Matrix
	at   []int
}

var queries = sync.Pool{New: func() any { return &querying{} }}

// Free has nothing to do: attendAll still asks what was seen.
func (j *querying) Free() {}

func (j *querying) heads() int { return len(j.seen) * j.m.group }

func (j *querying) Cut(threads int) int {
	heads := j.heads()
	j.blocks = 1
	if threads > 1 {
		j.blocks = max(1, min(j.to-j.from, mat.MaxPieces/heads))
	}
	return heads * j.blocks
}

// piece returns the head and rows of a piece.
func (j *querying) piece(p int) (h, from, to int) {
	block, n := j.blocks-1-p/j.heads(), j.to-j.from
	return j.head + p%j.heads(), j.from + block*n/j.blocks, j.from + (block+1)*n/j.blocks
}

// Results returns where attention goes, and of the last row scores and probabilities.
func (j *querying) Results(p int) (places [3]mat.Matrix) {
	h, from, to := j.piece(p)
	places[0] = j.m.headCols(j.a.Attn, h).Rows(from, to)
	if to == j.to {
		sees := j.seen[j.m.KVHead(h)-j.m.KVHead(j.head)].k.NumRows()
		places[1], places[2] = j.a.Scores.Rows(h, h+1).Cols(0, sees), j.a.Probs.Rows(h, h+1).Cols(0, sees)
	}
	return places
}

func (j *querying) Do(p int, to [3]mat.Matrix, room func(int) []float32) {
	h, from, end := j.piece(p)
	s := j.seen[j.m.KVHead(h)-j.m.KVHead(j.head)]
	sees := s.k.NumRows()
	few := room(2 * sees)
	q := j.m.headCols(j.a.Q, h)
	for i := from; i < end; i++ {
		n := sees - (j.to - 1 - i)
		scores, probs := few[:n], few[sees:sees+n]
		if i == j.to-1 {
			scores, probs = to[1].Row(0), to[2].Row(0)
		}
		j.m.attend(to[0].Row(i-from), scores, probs, q.Row(i), s.k.Rows(0, n), s.v.Rows(0, n), s.at)
	}
}

// attend lets one query meet the keys it may see:
//
//	scores = q K^T / sqrt(head_dim)   probs = softmax(scores)   out = probs V
//
// q and out are [head_dim], scores and probs [sees], k and v [sees, head_dim]; at
// are the positions of the keys, nil for 0, 1, 2, ...: sums run in their order.
func (m *Model) attend(out, scores, probs, q []float32, k, v mat.Matrix, at []int) {
	mat.MulT(mat.RowOf(scores), mat.RowOf(q), k)
	mat.Scale(scores, m.scale)
	mat.Softmax(probs, scores, at)
	mat.WeightedSum(out, probs, v, at)
}
