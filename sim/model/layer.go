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
	m.place(a.Q, a.K, rows, w.QNorm, w.KNorm)

	// append, and attention                                    [m, heads*head_dim]
	m.attendRows(l, a, rows)

	// output: mix the heads back into the residual stream      [m, dim]
	linear(a.Proj, a.Attn, w.O, w.OBias)
	add(a.Mid, a.X, a.Proj)

	// norm, MLP: down(silu(gate x^) * up x^)            [m, ffn] -> [m, dim]
	// (GPT-2: down(gelu(up x^)))
	m.norm(a.Norm2, a.Mid, w.MLPNorm, w.MLPBias)
	linear(a.Up, a.Norm2, w.Up, w.UpBias)
	gated := w.Gate.NumRows() > 0
	if gated {
		linear(a.Gate, a.Norm2, w.Gate, nil)
	}
	activate(a.Act, a.Gate, a.Up, gated)
	linear(a.Down, a.Act, w.Down, w.DownBias)
	add(a.Out, a.Mid, a.Down)
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

// normHeads applies an RMSNorm to every head of a row, and does nothing where there is no gain.
func (m *Model) normHeads(row, gain []float32) {
	hd := m.Config.HeadDim
	for h := 0; gain != nil && h < len(row); h += hd {
		mat.RMSNorm(row[h:h+hd], row[h:h+hd], gain, m.Config.NormEps)
	}
}

// linear computes x W^T + b for every row; b may be nil.
func linear(dst, x, w mat.Matrix, b []float32) { mat.Linear(dst, x, w, b) }

// headCols views the columns of one query head, [m, head_dim].
func (m *Model) headCols(x mat.Matrix, h int) mat.Matrix {
	return x.Cols(h*m.Config.HeadDim, (h+1)*m.Config.HeadDim)
}
