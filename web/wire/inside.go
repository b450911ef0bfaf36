package wire

import (
	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// MaxTrail is how many operands a viewer may have followed.
const MaxTrail = 64

// Source is the layer whose latest step the frame's matrices come from: the one
// that is looked at, or -1 (the head's) when an op of the head is.
func (m *Moment) Source() int {
	if op := explain.Find(m.Link.Pick.Op); op != nil && op.Part == sim.HeadPart {
		return -1
	}
	return m.Layer()
}

// explained is the moment's run, as explanations want it: steps up to the cursor.
func (m *Moment) explained() *explain.Run {
	return &explain.Run{Model: m.Model.Model, Step: func(n int) *sim.Step {
		if m.At == nil || m.Step == nil || n < 0 || n > m.Step.N {
			return nil
		}
		return m.own(n)
	}}
}

// opInfo is the op that is looked at, with the tensors that the frame has of it.
type opInfo struct {
	ID     string       `json:"id"`
	Kind   explain.Kind `json:"kind"`
	Inputs []inputInfo  `json:"inputs"`
}

type inputInfo struct {
	Op     string `json:"op"`
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Weight bool   `json:"weight"` // its numbers do not travel, see Weights
	First  int    `json:"first"`  // first row of a weight matrix, or number of a bias, that is this head's
	Down   bool   `json:"down"`   // the op sums down its columns
	// Max is there when the picture is coarse (U8): what 255 stands for, see coarse.
	Max float32 `json:"max,omitempty"`
}

// coarseFrom is how many numbers an input must have to travel as a picture of one
// byte each. It is another op's result and has all its digits there; a cell of it
// that is pointed at is told exactly.
const coarseFrom = 2048

// op is the picked op's matrices, inputs first. Weight matrices stay at home: a
// viewer fetches one when it is looked at (Weights).
func (m *Moment) op(r *explain.Run) (*opInfo, []checkpoint.Tensor) {
	op := explain.Find(m.Link.Pick.Op)
	if op == nil || m.From == nil {
		return nil, nil
	}
	out, ok := r.Tensor(m.From.N, op.ID, m.Head())
	if !ok {
		return nil, nil
	}
	info := &opInfo{op.ID, op.Kind, []inputInfo{}}
	if op.Kind == explain.Turn && m.Model.Model.Rope() == nil {
		info.Kind = explain.Copy
	}
	var tensors []checkpoint.Tensor
	for _, id := range r.Inputs(op) {
		x, ok := r.Tensor(m.From.N, id, m.Head())
		if !ok {
			continue
		}
		in := explain.Find(id)
		if in.Kind == explain.Table { // of the new rows' positions
			x = x.Rows(m.From.Cached, m.From.Cached+m.From.Rows)
		}
		rows, cols := x.NumRows(), x.NumCols()
		first := 0
		if share := out.NumCols(); in.Kind == explain.Weight && op.PerHead() && max(rows, cols) > share { // of all heads
			if first = m.Head() * share; op.PerGroup() {
				first = m.Model.Model.KVHead(m.Head()) * share
			}
			if rows > 1 {
				rows = share
			} else {
				cols = share
			}
		}
		weight := in.Kind == explain.Weight && rows > 1
		input := inputInfo{Op: id, Rows: rows, Cols: cols, Weight: weight, First: first, Down: op.Down(id)}
		switch {
		case weight:
		case x.NumRows()*x.NumCols() >= coarseFrom && !in.Pairs():
			var t checkpoint.Tensor
			t, input.Max = coarse("op."+id, x)
			tensors = append(tensors, t)
		default:
			tensors = append(tensors, f16("op."+id, x))
		}
		info.Inputs = append(info.Inputs, input)
	}
	if op.ID == "mask" {
		return info, append(tensors, mask(m.From, m.Model.Model.KVHead(m.Head())))
	}
	if op.Pairs() {
		tensors = append(tensors, mask(m.From, m.Model.Model.KVHead(m.Head())))
	}
	return info, append(tensors, f16("op."+op.ID, out))
}

// explainInfo is one explanation and the way that led to it.
type explainInfo struct {
	*explain.Explanation
	PerHead bool             `json:"per_head"`
	KVHead  *int             `json:"kv_head,omitempty"` // of ops that a K/V head has for its whole group
	At      place            `json:"at"`
	Reads   []lineInfo       `json:"reads"`
	Trail   []crumb          `json:"trail"` // the last is this cell
	Steps   map[int]stepName `json:"steps"` // those that the refs name
}

type lineInfo struct {
	explain.Line
	At place `json:"at"` // of its first cell
}

type crumb struct {
	explain.Ref
	Value explain.Number `json:"value"`
	At    place          `json:"at"`
}

// place says what a cell's row and column are to people: a position in the text
// or the label of a token id; what is neither is left out.
type place struct {
	RowPos *int   `json:"row_pos,omitempty"`
	ColPos *int   `json:"col_pos,omitempty"`
	Row    string `json:"row,omitempty"`
	Col    string `json:"col,omitempty"`
}

type stepName struct {
	Pass   int       `json:"pass"`
	Phase  sim.Phase `json:"phase"`
	Layer  *int      `json:"layer"`
	Cached int       `json:"cached"`
}

// explain explains the last cell of the trail, nil if nothing is asked.
func (m *Moment) explain(r *explain.Run) (*explainInfo, []checkpoint.Tensor) {
	trail := m.Link.Pick.Trail
	if len(trail) == 0 {
		return nil, nil
	}
	e, ok := r.Cell(trail[len(trail)-1])
	if !ok {
		return nil, nil
	}
	info := &explainInfo{Explanation: e, PerHead: explain.Find(e.Op).PerHead(), At: m.place(r, e.Ref), Reads: []lineInfo{}, Steps: map[int]stepName{}}
	if explain.Find(e.Op).PerGroup() {
		kv := m.Model.Model.KVHead(e.Head)
		info.KVHead = &kv
	}
	m.name(info.Steps, e.Step)
	for _, l := range e.Reads {
		info.Reads = append(info.Reads, lineInfo{l, m.place(r, l.Ref)})
		m.name(info.Steps, l.Step)
		if l.Stored != nil {
			m.name(info.Steps, *l.Stored)
		}
	}
	for _, ref := range trail {
		v, _ := r.Value(ref)
		info.Trail = append(info.Trail, crumb{ref, explain.Number(v), m.place(r, ref)})
		m.name(info.Steps, ref.Step)
	}
	if e.Sum == nil {
		return info, nil
	}
	terms := mat.New(len(e.Sum.Terms), 4)
	for i, t := range e.Sum.Terms {
		copy(terms.Row(i), []float32{t.A, t.B, t.T, t.Lane})
	}
	return info, []checkpoint.Tensor{f32("explain.terms", terms), f32("explain.tree", mat.RowOf(e.Sum.Tree))}
}

func (m *Moment) name(steps map[int]stepName, n int) {
	if s := m.At(n); s != nil {
		name := stepName{s.Pass, s.Phase, nil, s.Cached}
		if s.Part == sim.LayerPart {
			name.Layer = &s.Layer
		}
		steps[n] = name
	}
}

func (m *Moment) place(r *explain.Run, ref explain.Ref) place {
	at := r.Coords(ref)
	var p place
	if at.RowPos >= 0 {
		p.RowPos = &at.RowPos
	}
	if at.ColPos >= 0 {
		p.ColPos = &at.ColPos
	}
	if at.RowToken >= 0 {
		p.Row = m.labelled([]int{at.RowToken})[0][1].(string)
	}
	if at.ColToken >= 0 {
		p.Col = m.labelled([]int{at.ColToken})[0][1].(string)
	}
	return p
}

// trail is what the viewer follows, as far as it is still there. Its first cell
// goes with the cursor: in another step, or for another head, it is the cell of
// the same op in the newest row that exists, and what was followed from the old
// one is dropped.
func (m *Moment) trail(r *explain.Run) []explain.Ref {
	trail := m.Link.Pick.Trail
	if len(trail) == 0 || m.From == nil {
		return nil
	}
	root := trail[0]
	op := explain.Find(root.Op)
	if op == nil {
		return nil
	}
	from := m.From
	if op.Part == sim.HeadPart && from.Part != sim.HeadPart || op.Part == sim.LayerPart && from.Part == sim.HeadPart && op.ID != "x" {
		return nil
	}
	here := root
	here.Step = from.N
	if op.PerHead() {
		here.Head = m.Head()
	}
	rows, _ := r.Shape(from, op)
	here.Row = min(root.Row, rows-1)
	if here != root {
		trail = []explain.Ref{here}
	}
	for n, ref := range trail { // what is told must exist, every cell on the way
		if _, ok := r.Value(ref); !ok {
			return trail[:n:n]
		}
	}
	return trail
}

// maxWeights is the largest weight matrix that is sent as a picture, in numbers.
const maxWeights = 1 << 20

// Weights is a weight matrix of one layer as a safetensors file of one F16
// tensor "w": the same in every step, so it does not travel with the frames. It
// reports false for what does not exist or is too large.
func Weights(m *library.Loaded, layer int, op string) ([]byte, bool) {
	o := explain.Find(op)
	if o == nil || o.Kind != explain.Weight || layer < 0 || layer >= m.Model.Config.Layers {
		return nil, false
	}
	w := explain.Weights(m.Model, layer, op)
	if w.NumRows()*w.NumCols() > maxWeights {
		return nil, false
	}
	f := checkpoint.File{Meta: map[string]string{"kvstep": "1"}, Tensors: []checkpoint.Tensor{f16("w", w)}}
	return checkpoint.AppendSafetensors(nil, f), true
}
