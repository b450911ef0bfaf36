// Package model runs one layer of a transformer forward.
package model

import (
	"kvstep/sim/mat"
)

// Layer runs decoder layer l over the m rows of a.X; rows tells where each of
// them stands, and rows of one sequence follow each other. It fills every other
// matrix of a, in the order of the blackboard.
func (m *Model) Layer(l int, a *Acts, rows []Row) {
	w := &m.Weights.Layers[l]

	// norm: x^ = x / rms(x) * gain                              [m, dim]
	m.norm(a.Norm1, a.X, w.AttnNorm)

	// Q, K, V: one linear map each of the same rows    [m, heads*head_dim]
	mat.MulT(a.Q, a.Norm1, w.Q)
	mat.MulT(a.K, a.Norm1, w.K) // K and V: [m, kv_heads*head_dim]
	mat.MulT(a.V, a.Norm1, w.V)

	// RoPE: turn each pair of Q and K by an angle that grows with position
	// (a model without positions has no table, and nothing turns)
	for i, row := range rows {
		m.rope.Rotate(a.Q.Row(i), row.Pos)
		m.rope.Rotate(a.K.Row(i), row.Pos)
	}

	for i, row := range rows {
		// append: the new K and V join the cache   [kv_heads, positions, head_dim]
		row.Cache.Append(l, a.K.Row(i), a.V.Row(i))

		// attention, head by head; heads of one group read the same K and V.
		// causal mask: later rows are not in the cache yet, so that the query at
		// position p sees keys 0..p, or those of them that the cache still has
		for g := range m.Config.KVHeads {
			k, v, at := row.Cache.Sees(l, g) // [sees, head_dim]
			for h := g * m.group; h < (g+1)*m.group; h++ {
				scores, probs := a.Scores.Row(h)[:k.NumRows()], a.Probs.Row(h)[:k.NumRows()]
				m.attend(m.head(a.Attn, h).Row(i), scores, probs, m.head(a.Q, h).Row(i), k, v, at)
				row.Cache.Attended(l, g, probs)
			}
		}
	}

	// output: mix the heads back into the residual stream      [m, dim]
	mat.MulT(a.Proj, a.Attn, w.O)
	add(a.Mid, a.X, a.Proj)

	// norm, MLP: down(silu(gate x^) * up x^)            [m, ffn] -> [m, dim]
	m.norm(a.Norm2, a.Mid, w.MLPNorm)
	mat.MulT(a.Gate, a.Norm2, w.Gate)
	mat.MulT(a.Up, a.Norm2, w.Up)
	for i := range a.X.NumRows() {
		mat.SwiGLU(a.Act.Row(i), a.Gate.Row(i), a.Up.Row(i))
	}
	mat.MulT(a.Down, a.Act, w.Down)
	add(a.Out, a.Mid, a.Down)
}

// attend is one query against the keys it may see:
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

// Head turns the residual stream into logits: the final norm of every row, then
// the dot products of the rows that are asked for with every row of the output
// table. x and normed are [m, dim], logits [len(rows), vocab].
func (m *Model) Head(logits, normed, x mat.Matrix, rows ...int) {
	m.norm(normed, x, m.Weights.FinalNorm)
	for i, row := range rows {
		mat.MulT(logits.Rows(i, i+1), normed.Rows(row, row+1), m.Weights.Head)
	}
}

func (m *Model) norm(dst, x mat.Matrix, gain []float32) {
	for i := range x.NumRows() {
		mat.RMSNorm(dst.Row(i), x.Row(i), gain, m.Config.NormEps)
	}
}

// head views the columns of one query head, [m, head_dim].
func (m *Model) head(x mat.Matrix, h int) mat.Matrix {
	return x.Cols(h*m.Config.HeadDim, (h+1)*m.Config.HeadDim)
}

func add(dst, a, b mat.Matrix) {
	for i := range a.NumRows() {
		mat.Add(dst.Row(i), a.Row(i), b.Row(i))
	}
}
