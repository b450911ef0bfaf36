package model

import (
	"sync"

	"kvstep/sim/mat"
)

// What a layer does beside its products, as jobs that several threads may share.

// What a number costs, as so many multiplications of a product.
const (
	normWork   = 16
	actWork    = 32
	addWork    = 8
	rotateWork = 8
)

// rowwise is an op that makes rows of one or two matrices from those of others.
type rowwise struct {
	m          *Model
	op         func(j *rowwise, row int, to, second []float32)
	dst, twin  mat.Matrix // the twin is empty where there is one result
	a, b       mat.Matrix
	gain, bias []float32
	rows       []Row
	work       int // of a row
	cuts       mat.Cuts
}

var rowwises = sync.Pool{New: func() any { return &rowwise{} }}

// eachRow carries out an op whose numbers cost so much.
func eachRow(j rowwise, work int) {
	j.work = work * (j.dst.NumCols() + j.twin.NumCols())
	if work = j.work * j.dst.NumRows(); work == 0 {
		return
	}
	shared := rowwises.Get().(*rowwise)
	*shared = j
	mat.Share(shared, mat.Pointwise, work)
}

// Free lets the job be used again.
func (j *rowwise) Free() {
	*j = rowwise{}
	rowwises.Put(j)
}

func (j *rowwise) Cut(threads int) int { return j.cuts.Even(j.dst.NumRows(), j.work, threads) }

func (j *rowwise) Results(p int) (places [3]mat.Matrix) {
	from, to := j.cuts.Of(p)
	places[0] = j.dst.Rows(from, to)
	if j.twin.NumRows() > 0 {
		places[1] = j.twin.Rows(from, to)
	}
	return places
}

func (j *rowwise) Do(p int, to [3]mat.Matrix, _ func(int) []float32) {
	from, end := j.cuts.Of(p)
	for i := from; i < end; i++ {
		var second []float32
		if j.twin.NumRows() > 0 {
			second = to[1].Row(i - from)
		}
		j.op(j, i, to[0].Row(i-from), second)
	}
}

// norm applies an RMSNorm, or with a bias a LayerNorm, to every row.
func (m *Model) norm(dst, x mat.Matrix, gain, bias []float32) {
	eachRow(rowwise{m: m, op: normRow, dst: dst, a: x, gain: gain, bias: bias}, normWork)
}

func normRow(j *rowwise, i int, to, _ []float32) {
	if j.bias == nil {
		mat.RMSNorm(to, j.a.Row(i), j.gain, j.m.Config.NormEps)
	} else {
		mat.LayerNorm(to, j.a.Row(i), j.gain, j.bias, j.m.Config.NormEps)
	}
}

func add(dst, a, b mat.Matrix) {
	eachRow(rowwise{op: addRow, dst: dst, a: a, b: b}, addWork)
}

func addRow(j *rowwise, i int, to, _ []float32) { mat.Add(to, j.a.Row(i), j.b.Row(i)) }

// activate does the MLP's middle: silu(gate) * up, or without a gate gelu(up).
func activate(dst, gate, up mat.Matrix, gated bool) {
	op := geluRow
	if gated {
		op = swigluRow
	}
	eachRow(rowwise{op: op, dst: dst, a: gate, b: up}, actWork)
}

func swigluRow(j *rowwise, i int, to, _ []float32) { mat.SwiGLU(to, j.a.Row(i), j.b.Row(i)) }
func geluRow(j *rowwise, i int, to, _ []float32)   { mat.GELU(to, j.b.Row(i)) }

// place turns each pair of Q and K by an angle that grows with its row's position; Qwen3 norms
// their heads before. (A model without RoPE has no table, and nothing turns.)
func (m *Model) place(q, k mat.Matrix, rows []Row, qNorm, kNorm []float32) {
	if m.rope != nil || qNorm != nil || kNorm != nil {
		eachRow(rowwise{m: m, op: placeRow, dst: q, twin: k, rows: rows, gain: qNorm, bias: kNorm}, rotateWork)
	}
}

func placeRow(j *rowwise, i int, q, k []float32) {
	copy(q, j.dst.Row(i)) // itself, or a helper's own
	copy(k, j.twin.Row(i))
	j.m.normHeads(q, j.gain)
	j.m.normHeads(k, j.bias)
	j.m.rope.Rotate(q, j.rows[i].Pos)
	j.m.rope.Rotate(k, j.rows[i].Pos)
}
