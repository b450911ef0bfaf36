package lens

import (
	"kvstep/sim/explain"
)

// opLens is the op that is looked at; null where none is, or it does not exist in this step.
var opLens = Lens{Name: "op", Of: OfHead, Needs: []Need{matrices}, Null: true, Show: both(ShowOp), Tensors: []Spec{
	{"op.ID", "F16 or U8", "", "of the op and of each input that is not a weight matrix; a triangle of those with a column for each key, `mask` apart, which is none"},
	evictedSpec,
}}

// OpInfo is the op that is looked at, with the tensors that the frame has of it.
type OpInfo struct {
	ID     string       `json:"id"`
	Kind   explain.Kind `json:"kind"`
	Inputs []InputInfo  `json:"inputs"`
}

// InputInfo is what an op reads.
type InputInfo struct {
	Op     string `json:"op"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Weight bool   `json:"weight"` // its numbers do not travel, see /weights
	First  int    `json:"first"`  // first row of a weight matrix, or number of a bias, that is this head's
	Down   bool   `json:"down"`   // the op sums down its columns
	// Max is there when the tensor is only a picture (U8): value = (u8 - 128)/127 x max.
	Max float32 `json:"max,omitempty"`
}

// coarseFrom is how many numbers an input must have to travel as a picture of one
// byte each. It is another op's result and has all its digits there; a cell of it
// that is pointed at is told exactly.
const coarseFrom = 2048

// ShowOp returns the picked op's matrices, inputs first. Weight matrices stay at home: a
// viewer fetches one when it is looked at (Weights).
func ShowOp(m *Moment) (*OpInfo, []Tensor) {
	op, r := explain.Find(m.View.Op), m.Explained()
	if op == nil || m.From == nil {
		return nil, nil
	}
	out, ok := r.TensorIn(m.Lane(), m.From.N, op.ID, m.Head())
	if !ok {
		return nil, nil
	}
	info := &OpInfo{op.ID, op.Kind, []InputInfo{}}
	if op.Kind == explain.Turn && m.Model.Model.Rope() == nil {
		info.Kind = explain.Copy
	}
	var tensors []Tensor
	for _, id := range r.Inputs(op) {
		x, ok := r.TensorIn(m.Lane(), m.From.N, id, m.Head())
		if !ok {
			continue
		}
		in := explain.Find(id)
		if in.Kind == explain.Table { // of the new rows' positions
			x = x.Rows(m.From.Cached, m.From.Cached+m.From.Rows)
		}
		input := inputOf(m, op, in, x.NumRows(), x.NumCols(), out.NumCols())
		switch {
		case input.Weight, id == "mask":
		case in.Pairs():
			tensors = append(tensors, Triangle("op."+id, m.From, x))
		case x.NumRows()*x.NumCols() >= coarseFrom:
			t := Pictured("op."+id, x)
			input.Max = t.Max
			tensors = append(tensors, t)
		default:
			tensors = append(tensors, Floats("op."+id, F16, x))
		}
		info.Inputs = append(info.Inputs, input)
	}
	if !op.Pairs() {
		return info, append(tensors, Floats("op."+op.ID, F16, out))
	}
	tensors = append(tensors, evictedKeys(m)...)
	if op.ID == "mask" { // nobody has to be told
		return info, tensors
	}
	return info, append(tensors, Triangle("op."+op.ID, m.From, out))
}

// inputOf returns what an op reads of an input [rows, cols]: of a weight of all heads the
// share of the one that is looked at, as wide as its result.
func inputOf(m *Moment, op, in *explain.Op, rows, cols, share int) InputInfo {
	input := InputInfo{Op: in.ID, Rows: rows, Cols: cols, Down: op.Down(in.ID)}
	if in.Kind == explain.Weight && op.PerHead() && max(rows, cols) > share {
		if input.First = m.Head() * share; op.PerGroup() {
			input.First = m.Model.Model.KVHead(m.Head()) * share
		}
		if rows > 1 {
			input.Rows = share
		} else {
			input.Cols = share
		}
	}
	input.Weight = in.Kind == explain.Weight && input.Rows > 1
	return input
}
