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
	m.norm(a.Norm1, a.X, w.AttnNorm, w.AttnBias)

	// Q, K, V: one linear map each of the same rows    [m, heads*head_dim]
	linear(a.Q, a.Norm1, w.Q, w.QBias)
	linear(a.K, a.Norm1, w.K, w.KBias) // K and V: [m, kv_heads*head_dim]
	linear(a.V, a.Norm1, w.V, w.VBias)

	// RoPE: turn each pair of Q and K by an angle that grows with position
	// (a model without it has no table, and nothing turns)
	for i, row := range rows {
		m.turn(a.Q.Rows(i, i+1), w.QNorm, row.Pos) // heads are normed first: Qwen3 only
		m.turn(a.K.Rows(i, i+1), w.KNorm, row.Pos)
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
				m.attend(m.headCols(a.Attn, h).Row(i), scores, probs, m.headCols(a.Q, h).Row(i), k, v, at)
				row.Cache.Attended(l, g, probs)
			}
		}
	}

	// output: mix the heads back into the residual stream      [m, dim]
	linear(a.Proj, a.Attn, w.O, w.OBias)
	add(a.Mid, a.X, a.Proj)

	// norm, MLP: down(silu(gate x^) * up x^)            [m, ffn] -> [m, dim]
	// (GPT-2: down(gelu(up x^)))
	m.norm(a.Norm2, a.Mid, w.MLPNorm, w.MLPBias)
	linear(a.Up, a.Norm2, w.Up, w.UpBias)
	if gated := w.Gate.NumRows() > 0; gated {
		linear(a.Gate, a.Norm2, w.Gate, nil)
		for i := range rows {
			mat.SwiGLU(a.Act.Row(i), a.Gate.Row(i), a.Up.Row(i))
		}
	} else {
		for i := range rows {
			mat.GELU(a.Act.Row(i), a.Up.Row(i))
		}
	}
	linear(a.Down, a.Act, w.Down, w.DownBias)
	add(a.Out, a.Mid, a.Down)
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

// Unembed turns the residual stream into logits: the final norm of every row, then
// the dot products of the rows that are asked for with every row of the output
// table. x and normed are [m, dim], logits [len(rows), vocab].
func (m *Model) Unembed(logits, normed, x mat.Matrix, rows ...int) {
	m.norm(normed, x, m.Weights.FinalNorm, m.Weights.FinalBias)
	for i, row := range rows {
		mat.MulT(logits.Rows(i, i+1), normed.Rows(row, row+1), m.Weights.Unembed)
	}
}

// norm applies an RMSNorm, or with a bias a LayerNorm, to every row.
func (m *Model) norm(dst, x mat.Matrix, gain, bias []float32) {
	for i := range x.NumRows() {
		if bias == nil {
			mat.RMSNorm(dst.Row(i), x.Row(i), gain, m.Config.NormEps)
		} else {
			mat.LayerNorm(dst.Row(i), x.Row(i), gain, bias, m.Config.NormEps)
		}
	}
}

// normHeads applies an RMSNorm to every head of a row, and does nothing where there is no gain.
func (m *Model) normHeads(row, gain []float32) {
	hd := m.Config.HeadDim
	for h := 0; gain != nil && h < len(row); h += hd {
		mat.RMSNorm(row[h:h+hd], row[h:h+hd], gain, m.Config.NormEps)
	}
}

// linear computes x W^T + b for every row; b may be nil.
func linear(dst, x, w mat.Matrix, b []float32) {
	mat.MulT(dst, x, w)
	for i := 0; b != nil && i < x.NumRows(); i++ {
		mat.Add(dst.Row(i), dst.Row(i), b)
	}
}

// headCols views the columns of one query head, [m, head_dim].
func (m *Model) headCols(x mat.Matrix, h int) mat.Matrix {
	return x.Cols(h*m.Config.HeadDim, (h+1)*m.Config.HeadDim)
}

func add(dst, a, b mat.Matrix) {
	for i := range a.NumRows() {
		mat.Add(dst.Row(i), a.Row(i), b.Row(i))
	}
}
