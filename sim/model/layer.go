// Package model runs one layer of a transformer forward.
package model

import (
	"kvstep/sim/mat"
)

// Layer runs decoder layer l over the m rows of a.X, which stand at positions
// pos, pos+1, ...; the cache holds the pos positions before them. It fills
// every other matrix of a, in the order of the blackboard.
func (m *Model) Layer(l int, a *Acts, pos int, cache Cache) error {
	w := &m.Weights.Layers[l]

	// norm: x^ = x / rms(x) * gain                              [m, dim]
	m.norm(a.Norm1, a.X, w.AttnNorm)

	// Q, K, V: one linear map each of the same rows    [m, heads*head_dim]
	mat.MulT(a.Q, a.Norm1, w.Q)
	mat.MulT(a.K, a.Norm1, w.K) // K and V: [m, kv_heads*head_dim]
	mat.MulT(a.V, a.Norm1, w.V)

	// RoPE: turn each pair of Q and K by an angle that grows with position
	// (a model without positions has no table, and nothing turns)
	for i := range a.X.NumRows() {
		m.rope.Rotate(a.Q.Row(i), pos+i)
		m.rope.Rotate(a.K.Row(i), pos+i)
	}

	// append: the new K and V join the cache    [kv_heads, pos+m, head_dim]
	if err := cache.Append(l, a.K, a.V); err != nil {
		return err
	}

	// attention, head by head; heads of one group read the same K and V
	for h := range m.Config.Heads {
		q, out := m.head(a.Q, h), m.head(a.Attn, h) // [m, head_dim]
		k, v := cache.Keys(l, m.KVHead(h)), cache.Values(l, m.KVHead(h))
		for i := range a.X.NumRows() {
			// causal mask: the query at position pos+i sees keys 0..pos+i
			sees := pos + i + 1
			scores, probs := a.Scores.Row(h)[:sees], a.Probs.Row(h)[:sees]
			m.attend(out.Row(i), scores, probs, q.Row(i), k, v)
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
	return nil
}

// attend is one query against the keys it may see:
//
//	scores = q K^T / sqrt(head_dim)   probs = softmax(scores)   out = probs V
//
// q and out are [head_dim], scores and probs [sees], k and v [>= sees, head_dim].
func (m *Model) attend(out, scores, probs, q []float32, k, v mat.Matrix) {
	mat.MulT(mat.RowOf(scores), mat.RowOf(q), k.Rows(0, len(scores)))
	mat.Scale(scores, m.scale)
	mat.Softmax(probs, scores, nil)
	mat.WeightedSum(out, probs, v, nil)
}

// Head turns the residual stream into logits: the final norm of every row,
// then the dot product of the last row with every row of the output table.
// x and normed are [m, dim], logits [vocab].
func (m *Model) Head(logits []float32, normed, x mat.Matrix) {
	m.norm(normed, x, m.Weights.FinalNorm)
	last := x.NumRows() - 1
	mat.MulT(mat.RowOf(logits), normed.Rows(last, last+1), m.Weights.Head)
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
