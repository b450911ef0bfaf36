package model

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// Acts is everything one layer computes for m rows, in blackboard order.
type Acts struct {
	X     mat.Matrix // [m, dim] residual stream entering the layer
	Norm1 mat.Matrix // [m, dim]
	Q     mat.Matrix // [m, heads*head_dim] after RoPE
	K     mat.Matrix // [m, kv_heads*head_dim] after RoPE
	V     mat.Matrix // [m, kv_heads*head_dim]
	// Scores and Probs are of the last row only, [heads, positions]: earlier
	// rows pass through the same memory. Attention derives any of them again.
	Scores mat.Matrix
	Probs  mat.Matrix
	Attn   mat.Matrix // [m, heads*head_dim] weighted V
	Proj   mat.Matrix // [m, dim]
	Mid    mat.Matrix // [m, dim] residual stream after attention
	Norm2  mat.Matrix // [m, dim]
	Gate   mat.Matrix // [m, ffn]
	Up     mat.Matrix // [m, ffn]
	Act    mat.Matrix // [m, ffn]
	Down   mat.Matrix // [m, dim]
	Out    mat.Matrix // [m, dim] residual stream leaving the layer

	lent Lent
}

// NewActs takes memory for rows rows and positions positions, to be used
// again for every layer and pass.
func NewActs(c sim.Config, rows, positions int) *Acts {
	return NewActsBut(Lent{}, c, rows, positions, mat.Slab)
}

// Lent says which matrices a caller has in memory of its own.
type Lent struct {
	Stream bool // X and Out
	KV     bool // K and V
}

// ActsBytes returns the memory that they take, but for what is lent.
func ActsBytes(lent Lent, c sim.Config, rows, positions int) int64 {
	return mat.SlabBytes(actsSize(lent, c, rows, positions))
}

// actsSize returns how many numbers there are.
func actsSize(lent Lent, c sim.Config, rows, positions int) int {
	of := func(n, cols int) int { return n * mat.RoundToLine(rows*cols) } // those that each visits
	size := 2*mat.RoundToLine(c.Heads*positions) + of(5, c.Dim) + of(2, c.QDim()) + of(3, c.FFN)
	if !lent.Stream {
		size += of(2, c.Dim)
	}
	if !lent.KV {
		size += of(2, c.KVDim())
	}
	return size
}

// NewActsBut does what NewActs does, without what is lent, in memory that take gives for so many
// numbers (as mat.Slab does) and that may have anything in it.
func NewActsBut(lent Lent, c sim.Config, rows, positions int, take func(n int) []float32) *Acts {
	a := Acts{lent: lent}
	all := take(actsSize(lent, c, rows, positions))
	cut := func(rows, cols int) mat.Matrix {
		n := rows * cols
		piece := all[:n:n]
		all = all[mat.RoundToLine(n):]
		return mat.Of(rows, cols, piece)
	}
	a.Scores, a.Probs = cut(c.Heads, positions), cut(c.Heads, positions)
	a.each(c, func(m *mat.Matrix, cols int) { *m = cut(rows, cols) })
	for _, x := range []mat.Matrix{a.Scores, a.Probs, a.Gate} { // caches have fewer keys, models no gate
		for i := range x.NumRows() {
			clear(x.Row(i))
		}
	}
	return &a
}

// First views the first m rows of every matrix and positions columns of the scores.
func (a *Acts) First(c sim.Config, m, positions int) *Acts {
	v := *a
	v.each(c, func(x *mat.Matrix, _ int) { *x = x.Rows(0, m) })
	v.Scores, v.Probs = a.Scores.Cols(0, positions), a.Probs.Cols(0, positions)
	return &v
}

// each visits the matrices that are not lent and their columns.
func (a *Acts) each(c sim.Config, f func(m *mat.Matrix, cols int)) {
	if !a.lent.Stream {
		f(&a.X, c.Dim)
		f(&a.Out, c.Dim)
	}
	if !a.lent.KV {
		f(&a.K, c.KVDim())
		f(&a.V, c.KVDim())
	}
	for _, m := range []*mat.Matrix{&a.Norm1, &a.Proj, &a.Mid, &a.Norm2, &a.Down} {
		f(m, c.Dim)
	}
	f(&a.Q, c.QDim())
	f(&a.Attn, c.QDim())
	for _, m := range []*mat.Matrix{&a.Gate, &a.Up, &a.Act} {
		f(m, c.FFN)
	}
}

// Ops returns the results of a layer by the names that people see, in order. The
// two lanes are compared over this list.
func (a *Acts) Ops() [15]Op {
	return [15]Op{
		{"norm", a.Norm1}, {"Q", a.Q}, {"K", a.K}, {"V", a.V},
		{"scores", a.Scores}, {"softmax", a.Probs}, {"weighted V", a.Attn},
		{"output", a.Proj}, {"residual", a.Mid}, {"norm 2", a.Norm2},
		{"gate", a.Gate}, {"up", a.Up}, {"act", a.Act}, {"down", a.Down}, {"residual 2", a.Out},
	}
}

// Op is one named result. Scores and softmax have one row per head (of the
// last token); all others have one row per token.
type Op struct {
	Name string
	M    mat.Matrix
}

// PerToken reports whether the op's rows are tokens.
func (o Op) PerToken() bool { return o.Name != "scores" && o.Name != "softmax" }

// Attention is one head of one step, derived with the kernels of the forward
// pass: the same bits the layer computed on its way.
type Attention struct {
	Q      mat.Matrix // [m, head_dim]
	K      mat.Matrix // [positions, head_dim], cached rows and new ones
	V      mat.Matrix // [positions, head_dim]
	Scores mat.Matrix // [m, positions] q.k/sqrt(head_dim) of every pair, hidden ones too
	Probs  mat.Matrix // [m, positions] softmax over the pairs that are seen; 0 elsewhere
	Out    mat.Matrix // [m, head_dim]
}

// Masked reports whether the query in row i may not see key j: only positions
// up to its own are allowed.
func Masked(cached, i, j int) bool { return j > cached+i }

// Hidden reports whether row i of a layer step does not see key j, for the K/V
// head kvHead: the causal mask forbids it, or the cache had evicted it.
func Hidden(s *sim.Step, kvHead, i, j int) bool {
	return Masked(s.Cached, i, j) || s.KV.EvictedAt(s.Layer, kvHead, j) <= s.Cached+i
}

// Attention derives head h of a layer step. s.KV must be present.
func (m *Model) Attention(s *sim.Step, h int) Attention {
	return m.attentionBy(s, h, m.HeadQ(s, h, 0, s.Rows))
}

// Heads derives one head of a layer step after the other, as Attention does, and makes what
// they share once.
func (m *Model) Heads(s *sim.Step) func(h int) Attention {
	q := m.Q(s, 0, s.Rows)
	return func(h int) Attention { return m.attentionBy(s, h, m.headCols(q, h)) }
}

func (m *Model) attentionBy(s *sim.Step, h int, q mat.Matrix) Attention {
	positions, g := s.KV.Len(s.Layer), m.KVHead(h)
	a := Attention{
		Q: q, K: s.KV.Keys(s.Layer, g), V: s.KV.Values(s.Layer, g),
		Scores: mat.New(s.Rows, positions), Probs: mat.New(s.Rows, positions),
		Out: mat.New(s.Rows, m.Config.HeadDim),
	}
	few, spread := make([]float32, positions), make([]float32, positions)
	for i := range s.Rows {
		q, query := a.Q.Row(i), s.Cached+i
		k, v, at := s.KV.Sees(s.Layer, g, query)
		scores, probs := few[:k.NumRows()], spread[:k.NumRows()]
		m.attend(a.Out.Row(i), scores, probs, q, k, v, at)
		// The pairs that are hidden: what would be scored if they were not.
		all := a.Scores.Row(i)
		mat.MulT(mat.RowOf(all), mat.RowOf(q), a.K)
		mat.Scale(all, m.scale)
		for j, p := range probs {
			if at != nil {
				a.Probs.Row(i)[at[j]] = p
			} else {
				a.Probs.Row(i)[j] = p
			}
		}
	}
	return a
}
