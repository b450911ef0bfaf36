package explain

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// Explanation is how one cell came to its value: a sum, if there is one, and
// then single operations in order. Evaluating what it shows, as it shows it,
// gives Value bit for bit.
type Explanation struct {
	Ref
	Kind   Kind   `json:"kind"`
	Rows   int    `json:"rows"` // of the tensor that the cell is in
	Cols   int    `json:"cols"`
	Value  Number `json:"value"` // the number that the run holds
	Masked bool   `json:"masked,omitempty"`
	Sum    *Sum   `json:"sum,omitempty"`
	Calc   []Calc `json:"calc,omitempty"`
	Reads  []Line `json:"reads,omitempty"` // every cell that was read
	Token  *int   `json:"token,omitempty"` // the id whose embedding was looked up
	// First is the step that computed the row first, where it stands for one that the uncached lane has computed again:
	// the step of the cell has compared both lanes, and they are equal bit for bit.
	First *int `json:"first,omitempty"`
	// Evicted is the step that evicted the cell's row of the cache, or the key of its pair before that query came:
	// the number is what the cache would have, and nothing in this step read it.
	Evicted *int `json:"evicted,omitempty"`
	// Exact says that the arithmetic gave Value, bit for bit.
	Exact bool `json:"exact"`
}

// Line is one cell, or N cells side by side from that cell on: along a row or
// down a column.
type Line struct {
	Ref
	Along string `json:"along,omitempty"` // "row": columns Col.. of one row; "col": rows Row.. of one column
	N     int    `json:"n,omitempty"`
	// Stored is the step that put a row of the cache there, for cells of one such row.
	Stored *int `json:"stored,omitempty"`
}

// Calc is one operation of float32 numbers. The last one gives the cell.
type Calc struct {
	Name  string `json:"name"` // of its result; later operations refer to it
	Fn    string `json:"fn"`   // add sub mul div neg sqrt exp copy, max and mean (of all terms), sees (is arg 0 at most arg 1?), code (the nearest whole number from 0 to arg 1)
	Args  []Arg  `json:"args"`
	Value Number `json:"value"`
}

// Arg is an operand: a cell (Ref), an earlier result or a constant (Name).
type Arg struct {
	Name  string `json:"name,omitempty"`
	Ref   *Ref   `json:"ref,omitempty"`
	Value Number `json:"value"`
}

// Cell explains one cell. It reports false where the cell does not exist: a step
// that is not recorded or made no such op, or an index out of range.
func (r *Run) Cell(ref Ref) (*Explanation, bool) {
	s, op, ok := r.has(ref)
	if !ok {
		return nil, false
	}
	e := &Explanation{Ref: ref, Kind: r.kind(s, op)}
	e.Rows, e.Cols = r.Shape(s, op)
	if ref.Row < 0 || ref.Row >= e.Rows || ref.Col < 0 || ref.Col >= e.Cols {
		return nil, false
	}
	e.Value, e.Masked, e.First, e.Evicted = Number(r.at(ref)), r.Masked(ref), r.first(ref), r.evicted(s, op, ref)
	reads := r.reads(s, op)
	switch op.Kind {
	case Softmax:
		if e.Masked { // never enters the softmax
			e.Kind, reads = Mask, nil
		}
	case Stored:
		if ref.Lane == Uncached { // nothing was: it has just been computed
			e.Kind = Copy
		}
	}
	for _, read := range reads {
		line, ok := r.line(s, op, ref, read)
		if !ok && op.Kind == Stored { // another request of the batch did
			e.Kind, e.Exact = Shared, true
			return e, true
		}
		if !ok {
			return nil, false
		}
		if (line.Op == "K" || line.Op == "V") && line.Along != "col" && line.Lane == "" {
			if by, _ := r.stored(s, line.Row); by >= 0 { // else another request of the batch did
				line.Stored = &by
			}
		}
		e.Reads = append(e.Reads, line)
	}
	if op.ID == "x" && s.Layer == 0 {
		id := e.Reads[0].Row
		e.Token = &id
	}
	r.work(s, e)
	e.Exact = math.Float32bits(float32(e.result())) == math.Float32bits(float32(e.Value))
	return e, true
}

// first returns the step that computed the row of a cell of the uncached lane before the cell's own did; nil: none.
func (r *Run) first(ref Ref) *int {
	if side := Find(ref.Op).Rows; ref.Lane != Uncached || side != rows && side != seen {
		return nil
	}
	if w := r.whole(ref.Step); ref.Row < len(w.first) && w.first[ref.Row] != ref.Step {
		return &w.first[ref.Row]
	}
	return nil
}

// evicted returns the step in which a row of the cache was evicted that a cell is of, or that the query of a pair would
// meet; nil where the cache has it.
func (r *Run) evicted(s *sim.Step, op *Op, ref Ref) *int {
	position, newest := ref.Row, s.Cached+s.Rows-1
	switch {
	case ref.Lane == Uncached || op.Rows != seen && op.Cols != seen || op.Constant():
		return nil
	case op.Cols == seen:
		position, newest = ref.Col, s.Cached+ref.Row
	}
	before := s.KV.EvictedAt(s.Layer, r.Model.KVHead(ref.Head), position)
	if position > newest || before > newest {
		return nil
	}
	if by, _ := r.stored(s, before); by >= 0 {
		return &by
	}
	return nil
}

// Other returns the same cell in the other lane. It reports false where that has none: a weight, a row that the cached
// lane did not compute, or a lane that is not known.
func (r *Run) Other(ref Ref) (Ref, bool) {
	op, s := Find(ref.Op), r.Step(ref.Step)
	if op == nil || s == nil || op.Constant() || !s.Ran[sim.Cached] {
		return ref, false
	}
	from := 0 // position of the first row of the cached lane's
	if op.Rows == rows {
		from = s.Cached
	}
	if ref.Lane == Uncached {
		ref.Lane, ref.Row = "", ref.Row-from
	} else {
		ref.Lane, ref.Row = Uncached, ref.Row+from
	}
	there, op, ok := r.has(ref)
	if !ok {
		return ref, false
	}
	rows, cols := r.Shape(there, op)
	return ref, ref.Row >= 0 && ref.Row < rows && ref.Col < cols
}

// result returns what the arithmetic gives; a weight is what it is.
func (e *Explanation) result() Number {
	switch {
	case len(e.Calc) > 0:
		return e.Calc[len(e.Calc)-1].Value
	case e.Sum != nil:
		return e.Sum.Value
	}
	return e.Value
}

// reads returns what the table says of the weights that the model has, for ops that
// depend on where they stand and on the model: x is the embedding in the first
// layer, Q is q where nothing is turned, and qn where heads are normed first.
func (r *Run) reads(s *sim.Step, op *Op) (reads []Read) {
	all := op.Reads
	switch {
	case op.ID == "x" && s.Part == sim.LayerPart && s.Layer == 0:
		all = []Read{{"embed", token, J}, {"w_pos", pos, J}}
	case op.Kind == Turn && r.Model.Rope() == nil:
		all = []Read{{op.Reads[0].Op, I, J}}
	}
	for _, read := range all {
		if read.Op = r.read(op, read.Op); r.hasOp(Find(read.Op)) {
			reads = append(reads, read)
		}
	}
	return reads
}

// read returns the op that the model has where the table says id: what is turned is normed
// first, where heads have norms.
func (r *Run) read(op *Op, id string) string {
	if normed := map[string]string{"q": "qn", "k": "kn"}[id]; op.Kind == Turn && normed != "" && r.Knows(normed) {
		return normed
	}
	return id
}

// Arch name how a model does what others do in another way, for the words about its ops.
type Arch struct {
	Norm      string `json:"norm"`      // "rmsnorm" or "layernorm", of a whole row
	MLP       string `json:"mlp"`       // "swiglu", or "gelu" without a gate
	Positions string `json:"positions"` // "rope", "learned" (added to the embeddings) or "none"
}

// ArchOf returns those of a model.
func ArchOf(m *model.Model) Arch {
	r := &Run{Model: m}
	p := Arch{"rmsnorm", "swiglu", "rope"}
	if r.Knows("b_norm1") {
		p.Norm = "layernorm"
	}
	if !r.Knows("gate") {
		p.MLP = "gelu"
	}
	if m.Rope() == nil {
		p.Positions = "none"
		if r.Knows("w_pos") {
			p.Positions = "learned"
		}
	}
	return p
}

// kind returns what the table says, for ops that are another thing in some models.
func (r *Run) kind(s *sim.Step, op *Op) Kind {
	switch {
	case op.Kind == Turn && r.Model.Rope() == nil: // nothing turns
		return Copy
	case op.Kind == RMS && op.Share == whole && r.hasOp(Find("b_norm1")):
		return Centred
	case op.Kind == SwiGLU && !r.hasOp(Find("gate")):
		return GELU
	case op.ID == "x" && s.Part == sim.LayerPart && s.Layer == 0 && r.hasOp(Find("w_pos")):
		return Add
	}
	return op.Kind
}

// Value returns the number in a cell. It reports false where the cell does not exist.
func (r *Run) Value(ref Ref) (float32, bool) {
	s, op, ok := r.has(ref)
	if !ok {
		return 0, false
	}
	rows, cols := r.Shape(s, op)
	if ref.Row < 0 || ref.Row >= rows || ref.Col < 0 || ref.Col >= cols {
		return 0, false
	}
	return r.at(ref), true
}

// Coords says what the row and the column of a cell stand for: positions in the
// text, or token ids; -1 where they do not.
type Coords struct{ RowPos, ColPos, RowToken, ColToken int }

// Coords returns where a cell that exists stands.
func (r *Run) Coords(ref Ref) Coords {
	s, op := r.step(ref), Find(ref.Op)
	p := Coords{-1, -1, -1, -1}
	switch op.Rows {
	case rows:
		p.RowPos = s.Cached + ref.Row
	case seen, contextLen:
		p.RowPos = ref.Row
	case vocab:
		p.RowToken = ref.Row
	case one:
		if op.OfVocab() {
			p.RowPos = s.Cached + decidingRow(s)
		}
	}
	switch op.Cols {
	case seen:
		p.ColPos = ref.Col
	case vocab:
		p.ColToken = ref.Col
	}
	return p
}

// Masked reports whether a cell is a pair that no softmax sees: the causal mask
// forbids it, or the cache had evicted the key.
func (r *Run) Masked(ref Ref) bool {
	s, op := r.step(ref), Find(ref.Op)
	return op.Cols == seen && model.Hidden(s, r.Model.KVHead(ref.Head), ref.Row, ref.Col)
}

// at returns the number in a cell that exists.
func (r *Run) at(ref Ref) float32 {
	s, op := r.step(ref), Find(ref.Op)
	if op.Rows == rows {
		return r.part(s, op, ref.Head, ref.Row, ref.Row+1).At(0, ref.Col)
	}
	return r.part(s, op, ref.Head, 0, 0).At(ref.Row, ref.Col)
}

// line finds the cells that a read means for one cell of an op of step s.
func (r *Run) line(s *sim.Step, op *Op, ref Ref, read Read) (Line, bool) {
	l := Line{Ref: Ref{Step: s.N, Op: read.Op, Head: ref.Head, Lane: ref.Lane}}
	from := Find(read.Op)
	if from.Constant() { // no lane's
		l.Lane = ""
	}
	width := r.Model.Config.HeadDim
	if op.ID == "x" && read.Op == "next" { // what left the layer before
		l.Step--
		if before := r.step(l.Ref); before == nil || before.Part != sim.LayerPart || before.Pass != s.Pass {
			return l, false
		}
	}
	rows, cols := r.Shape(s, from)
	index := func(at At, size int, along string) int {
		number, a, b := 0, 0, 0
		if at == first || at == second || at == angle {
			number, a, b = r.Model.Rope().Pair(ref.Col)
		}
		switch at {
		case all:
			l.Along, l.N = along, size
		case upTo:
			l.Along, l.N = along, s.Cached+ref.Row+1
		case ofHead:
			l.Head = ref.Col / width
			return ref.Col % width
		case storing:
			stored, row := r.stored(s, ref.Row)
			l.Step = stored
			return row
		}
		return map[At]int{I: ref.Row, J: ref.Col, hJ: ref.Head*width + ref.Col, gJ: r.Model.KVHead(ref.Head)*width + ref.Col,
			first: a, second: b, angle: number, pos: s.Cached + ref.Row, token: s.Tokens[min(s.Cached+ref.Row, len(s.Tokens)-1)], last: decidingRow(s)}[at]
	}
	l.Row = index(read.Row, rows, "col")
	l.Col = index(read.Col, cols, "row")
	return l, l.Step >= 0
}

// decidingRow returns the row of a step whose logits gave the token: the last, or of proposals
// the one before the first that was rejected.
func decidingRow(s *sim.Step) int {
	row := s.Rows - 1
	if x := s.Speculation; x != nil && s.Part == sim.HeadPart {
		row -= len(x.Proposed)
		for _, v := range x.Verdicts {
			if v.Accepted {
				row++
			}
		}
	}
	return row
}

// stored returns the step that put position p of step s's layer into the cache, and
// the row of that step which it was; -1 if it is not recorded.
func (r *Run) stored(s *sim.Step, p int) (step, row int) {
	if s.Cached <= p && p < s.Cached+s.Rows {
		return s.N, p - s.Cached
	}
	from := s.N
	if r.Writer != nil {
		from += (r.Writer(s, p) - s.Pass) * (r.Model.Config.Layers + 1)
	}
	for n := from; n >= 0; n-- {
		if w := r.Step(n); w != nil && w.Layer == s.Layer && w.Cached <= p && p < w.Cached+w.Rows {
			return n, p - w.Cached
		}
	}
	return -1, 0
}

// values returns the numbers of a line.
func (r *Run) values(l Line) []float32 {
	s, op := r.step(l.Ref), Find(l.Op)
	if l.Along == "col" {
		x := r.part(s, op, l.Head, 0, s.Rows)
		column := make([]float32, l.N)
		for i := range column {
			column[i] = x.At(l.Row+i, l.Col)
		}
		return column
	}
	row := l.Row
	var x mat.Matrix
	if op.Rows == rows {
		x, row = r.part(s, op, l.Head, row, row+1), 0
	} else {
		x = r.part(s, op, l.Head, 0, 0)
	}
	return x.Row(row)[l.Col : l.Col+max(l.N, 1)]
}
