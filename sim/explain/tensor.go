package explain

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// Ref names one cell of one tensor of one step. Tensors of a K/V head are named
// by a query head that reads it. For weights the step says only which layer's.
type Ref struct {
	Step int    `json:"step"`
	Op   string `json:"op"`
	Head int    `json:"head"`
	Row  int    `json:"row"`
	Col  int    `json:"col"`
	Lane Lane   `json:"lane,omitempty"` // left out: the lane that the step is of
}

// Lane says in which lane a cell is, where that is not the one that the step is of.
type Lane string

// Uncached is the lane without a cache, whose rows are all tokens up to the step: of its cells
// the row is a position.
const Uncached Lane = "uncached"

// Known reports whether cells can be of a lane of that name.
func (l Lane) Known() bool { return l == "" || l == Uncached }

// Run is a run whose cells can be asked: a model and its recorded steps.
type Run struct {
	Model *model.Model
	Step  func(n int) *sim.Step // nil where no step is recorded
	// Writer returns the latest pass up to that of a step that computed a position of its sequence, -1 for
	// none. Without it the steps are searched.
	Writer func(s *sim.Step, position int) (pass int)
	// Whole returns a step as the lane without a cache ran it: nothing cached, and a row for each token. first
	// are the steps that computed these rows first, where recorded rows stand for those of this pass; else nil. The
	// step is nil where nobody knows the rows. Without it no cell of that lane is known. A head's has no output, where
	// its logits are not those of the recorded step: they follow from its rows.
	Whole func(s *sim.Step) (whole *sim.Step, first []int)

	inside map[*sim.Step]derived // what was derived last
	wholes map[int]wholeStep     // by step, of those that were asked for
}

// derived is a part of a layer that was run again: rows [from, to) of a step.
type derived struct {
	in       *model.Inside
	from, to int
}

type wholeStep struct {
	*sim.Step
	first []int
}

// step returns the step of a ref in its lane, nil where it is not known.
func (r *Run) step(ref Ref) *sim.Step {
	if ref.Lane == Uncached {
		return r.whole(ref.Step).Step
	}
	return r.Step(ref.Step)
}

// whole returns a step as the lane without a cache ran it.
func (r *Run) whole(n int) (w wholeStep) {
	if known, ok := r.wholes[n]; ok {
		return known
	}
	if s := r.Step(n); s != nil && r.Whole != nil {
		w.Step, w.first = r.Whole(s)
	}
	if r.wholes == nil {
		r.wholes = map[int]wholeStep{}
	}
	r.wholes[n] = w
	return w
}

// has returns the step and the op of a ref, if that step made that op.
func (r *Run) has(ref Ref) (*sim.Step, *Op, bool) {
	op := Find(ref.Op)
	if op == nil || ref.Step < 0 || ref.Head < 0 || ref.Head >= r.Model.Config.Heads || !ref.Lane.Known() {
		return nil, nil, false
	}
	s := r.step(ref)
	if s == nil || s.Part == sim.LayerPart && s.KV == nil && !op.Constant() {
		return nil, nil, false
	}
	if !r.hasOp(op) {
		return nil, nil, false
	}
	ok := op.Part == s.Part || op.Constant() || op.ID == "x"
	if op.Constant() { // the head has two weights of its own
		ok = (op.ID == "w_norm3" || op.ID == "b_norm3" || op.ID == "w_head") == (s.Part == sim.HeadPart)
	}
	if op.OfVocab() && r.Step(ref.Step).Output == nil { // the prompt goes on in the next pass
		ok = false
	}
	return s, op, ok
}

// Knows reports whether the model has an op of that name.
func (r *Run) Knows(id string) bool {
	op := Find(id)
	return op != nil && r.hasOp(op)
}

// OpsOf returns the ops that a model has, in the order of Ops.
func OpsOf(m *model.Model) (ops []*Op) {
	r := &Run{Model: m}
	for i := range Ops {
		if r.hasOp(&Ops[i]) {
			ops = append(ops, &Ops[i])
		}
	}
	return ops
}

// hasOp reports whether the model has an op.
func (r *Run) hasOp(op *Op) bool {
	switch op.ID {
	case "qn":
		op = Find("w_qn")
	case "kn":
		op = Find("w_kn")
	case "gate":
		op = Find("w_gate")
	}
	switch op.Kind {
	case Table:
		return r.Model.Rope() != nil
	case Weight:
		w := Weights(r.Model, 0, op.ID)
		return w.NumRows() > 0 && w.NumCols() > 0
	}
	return true
}

// Shape returns the size of an op's tensor in a step.
func (r *Run) Shape(s *sim.Step, op *Op) (rows, cols int) {
	return r.extent(s, op.Rows), r.extent(s, op.Cols)
}

func (r *Run) extent(s *sim.Step, e Extent) int {
	c := r.Model.Config
	return [...]int{one: 1, rows: s.Rows, seen: s.Cached + s.Rows, dim: c.Dim, headDim: c.HeadDim, qDim: c.QDim(),
		kvDim: c.KVDim(), ffn: c.FFN, vocab: c.Vocab, pairs: c.HeadDim / 2, contextLen: c.Context}[e]
}

// Tensor returns the whole of an op in a step, for the head that is looked at. It
// reports false where the step has no such op.
func (r *Run) Tensor(step int, id string, head int) (mat.Matrix, bool) {
	return r.TensorIn("", step, id, head)
}

// TensorIn returns the same of a lane.
func (r *Run) TensorIn(lane Lane, step int, id string, head int) (mat.Matrix, bool) {
	s, op, ok := r.has(Ref{Step: step, Op: id, Head: head, Lane: lane})
	if !ok {
		return mat.Matrix{}, false
	}
	return r.part(s, op, head, 0, s.Rows), true
}

// part returns an op's tensor; of an op with a row for each new token, only the rows
// [from, to), which is all that needs to be derived.
func (r *Run) part(s *sim.Step, op *Op, head, from, to int) mat.Matrix {
	switch {
	case op.Constant():
		return r.constant(s, op)
	case op.ID == "x":
		return s.X.Rows(from, to)
	case op.ID == "norm3":
		return r.Model.FinalNorm(s.X.Rows(from, to))
	case op.ID == "logits":
		return r.logits(s)
	case op.ID == "chances":
		logits := r.logits(s).Row(0)
		chances := make([]float32, len(logits))
		mat.Softmax(chances, logits, nil)
		return mat.RowOf(chances)
	case op.ID == "K":
		return s.KV.Keys(s.Layer, r.Model.KVHead(head))
	case op.ID == "V":
		return s.KV.Values(s.Layer, r.Model.KVHead(head))
	case op.Cols == seen:
		return r.attention(s, op, head, from, to)
	}
	if op.ID == "Q" {
		return r.Model.HeadQ(s, head, from, to)
	}
	x := r.recorded(s, op, from, to)
	width := r.Model.Config.HeadDim
	switch op.Share {
	case byHead:
		return x.Cols(head*width, (head+1)*width)
	case byGroup:
		group := r.Model.KVHead(head)
		return x.Cols(group*width, (group+1)*width)
	}
	return x
}

// logits returns those of a head step, [1, vocab].
func (r *Run) logits(s *sim.Step) mat.Matrix {
	if s.Output == nil { // of the lane without a cache
		return r.Model.Logits(s.X.Rows(decidingRow(s), decidingRow(s)+1))
	}
	return mat.RowOf(s.Logits())
}

// recorded returns what the step kept, or what running its layer again gives; heads
// stand side by side.
func (r *Run) recorded(s *sim.Step, op *Op, from, to int) mat.Matrix {
	switch op.ID {
	case "k_rope":
		return r.Model.K(s, from, to)
	case "v":
		return r.Model.V(s, from, to)
	case "next":
		return s.Out.Rows(from, to)
	}
	d := r.derive(s, from, to)
	return map[string]mat.Matrix{
		"norm1": d.in.Norm1, "q": d.in.Q0, "k": d.in.K0, "qn": d.in.QN, "kn": d.in.KN, "out": d.in.Attn, "attn": d.in.Attn, "proj": d.in.Proj,
		"mid": d.in.Mid, "norm2": d.in.Norm2, "gate": d.in.Gate, "up": d.in.Up, "act": d.in.Act, "down": d.in.Down,
	}[op.ID].Rows(from-d.from, to-d.from)
}

// derive runs rows of a layer again, unless they were already.
func (r *Run) derive(s *sim.Step, from, to int) derived {
	if d, ok := r.inside[s]; ok && d.from <= from && to <= d.to {
		return d
	}
	in := r.Model.Inside(s, from, to)
	if r.inside == nil {
		r.inside = map[*sim.Step]derived{}
	}
	d := derived{in, from, to}
	r.inside[s] = d
	return d
}

// attention returns one of the tensors with a column for each position.
func (r *Run) attention(s *sim.Step, op *Op, head, from, to int) mat.Matrix {
	switch op.ID {
	case "dots":
		return model.Dots(r.Model.HeadQ(s, head, from, to), s.KV.Keys(s.Layer, r.Model.KVHead(head)))
	case "mask":
		x := mat.New(to-from, s.Cached+s.Rows)
		for i := from; i < to; i++ {
			for j := range x.NumCols() {
				if !model.Hidden(s, r.Model.KVHead(head), i, j) {
					x.Row(i - from)[j] = 1
				}
			}
		}
		return x
	}
	// Attention wants a step; one with the rows asked for is what it would be alone.
	row := *s
	row.X, row.Rows, row.Cached = s.X.Rows(from, to), to-from, s.Cached+from
	a := r.Model.Attention(&row, head)
	if op.ID == "scores" {
		return a.Scores
	}
	return a.Probs
}

// constant returns a weight of the step's layer (or of the head), or a table.
func (r *Run) constant(s *sim.Step, op *Op) mat.Matrix {
	switch op.ID {
	case "cos":
		return r.Model.Rope().Cos(s.Cached + s.Rows)
	case "sin":
		return r.Model.Rope().Sin(s.Cached + s.Rows)
	}
	return Weights(r.Model, s.Layer, op.ID)
}

// Weights returns a weight op's matrix in a layer that exists; gains are one row. The
// embedding and the head's weights are those of every layer.
func Weights(m *model.Model, layer int, id string) mat.Matrix {
	w := m.Weights
	switch id {
	case "embed":
		return w.Embed
	case "w_norm3":
		return mat.RowOf(w.FinalNorm)
	case "b_norm3":
		return mat.RowOf(w.FinalBias)
	case "w_pos":
		return w.Positions
	case "w_head":
		return w.Unembed
	}
	return layerWeights(&w.Layers[layer], id)
}

// layerWeights returns a weight matrix of a layer.
func layerWeights(l *sim.LayerWeights, id string) mat.Matrix {
	switch id {
	case "b_norm1":
		return mat.RowOf(l.AttnBias)
	case "b_q":
		return mat.RowOf(l.QBias)
	case "b_k":
		return mat.RowOf(l.KBias)
	case "b_v":
		return mat.RowOf(l.VBias)
	case "w_qn":
		return mat.RowOf(l.QNorm)
	case "w_kn":
		return mat.RowOf(l.KNorm)
	case "b_o":
		return mat.RowOf(l.OBias)
	case "b_norm2":
		return mat.RowOf(l.MLPBias)
	case "b_up":
		return mat.RowOf(l.UpBias)
	case "b_down":
		return mat.RowOf(l.DownBias)
	case "w_norm1":
		return mat.RowOf(l.AttnNorm)
	case "w_q":
		return l.Q
	case "w_k":
		return l.K
	case "w_v":
		return l.V
	case "w_o":
		return l.O
	case "w_norm2":
		return mat.RowOf(l.MLPNorm)
	case "w_gate":
		return l.Gate
	case "w_up":
		return l.Up
	case "w_down":
		return l.Down
	}
	return mat.Matrix{}
}
