package lens

import (
	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/mat"
)

// explainLens is the explanation of the last cell of the trail; null where nothing is asked.
var explainLens = Lens{Name: "explain", Needs: []Need{squares}, Null: true, Show: both(ShowExplain), Tensors: []Spec{
	{"explain.terms", "F32", "[n, 4]", "of each term of the sum, over a vocabulary the first 512: a, b, what it makes, and its lane's sum after it"},
	{"explain.tree", "F32", "[1, 31]", "the 16 lanes, then the 8, 4, 2 and 1 sums of l and l + half"},
}}

// mostTerms is how many terms of a sum over a vocabulary travel: it has more tokens than anybody follows.
const mostTerms = 512

// ExplainInfo is one explanation and the way that led to it.
type ExplainInfo struct {
	*explain.Explanation
	PerHead bool             `json:"per_head"`          // each head has an op of its own; else head means nothing
	KVHead  *int             `json:"kv_head,omitempty"` // of ops that a K/V head has for its whole group
	At      CellLabels       `json:"at"`
	Reads   []ReadInfo       `json:"reads"`           // every cell that was read
	Trail   []Crumb          `json:"trail"`           // the way; the last is this cell
	Other   *explain.Ref     `json:"other,omitempty"` // the same cell in the other lane, where that has it
	Steps   map[int]StepName `json:"steps"`           // every step that a ref names, by its number
}

// ReadInfo is one cell that was read, or n side by side.
type ReadInfo struct {
	explain.Line
	At CellLabels `json:"at"` // of the first cell
}

// Crumb is a cell of the way.
type Crumb struct {
	explain.Ref
	Value explain.Number `json:"value"`
	At    CellLabels     `json:"at"`
}

// CellLabels is what a cell's row and column are to people: a position in the text or the
// label of a token id; what is neither is left out.
type CellLabels struct {
	RowPos *int   `json:"row_pos,omitempty"`
	ColPos *int   `json:"col_pos,omitempty"`
	Row    string `json:"row,omitempty"`
	Col    string `json:"col,omitempty"`
}

// StepName is what a step is called.
type StepName struct {
	Pass   int       `json:"pass"`
	Phase  sim.Phase `json:"phase"`
	Layer  *int      `json:"layer"` // null for the head
	Cached int       `json:"cached"`
}

// ShowExplain explains the last cell of the trail, nil if nothing is asked.
func ShowExplain(m *Moment) (*ExplainInfo, []Tensor) {
	trail, r := m.View.Trail, m.Explained()
	if len(trail) == 0 {
		return nil, nil
	}
	e, ok := r.Cell(trail[len(trail)-1])
	if !ok {
		return nil, nil
	}
	info := &ExplainInfo{Explanation: e, PerHead: explain.Find(e.Op).PerHead(), At: labelsOf(m, r, e.Ref), Reads: []ReadInfo{}, Steps: map[int]StepName{}}
	if explain.Find(e.Op).PerGroup() {
		kv := m.Model.Model.KVHead(e.Head)
		info.KVHead = &kv
	}
	nameStep(m, info.Steps, e.Step)
	for _, n := range []*int{e.First, e.Evicted} {
		if n != nil {
			nameStep(m, info.Steps, *n)
		}
	}
	if other, ok := r.Other(e.Ref); ok {
		info.Other = &other
	}
	for _, l := range e.Reads {
		info.Reads = append(info.Reads, ReadInfo{l, labelsOf(m, r, l.Ref)})
		nameStep(m, info.Steps, l.Step)
		if l.Stored != nil {
			nameStep(m, info.Steps, *l.Stored)
		}
	}
	for _, ref := range trail {
		v, _ := r.Value(ref)
		info.Trail = append(info.Trail, Crumb{ref, explain.Number(v), labelsOf(m, r, ref)})
		nameStep(m, info.Steps, ref.Step)
	}
	if e.Sum == nil {
		return info, nil
	}
	few := e.Sum.Terms
	if explain.Find(e.Op).OfVocab() && e.Kind == explain.Softmax {
		few = few[:min(len(few), mostTerms)]
	}
	terms := mat.New(len(few), 4)
	for i, t := range few {
		copy(terms.Row(i), []float32{t.A, t.B, t.T, t.Lane})
	}
	return info, []Tensor{Floats("explain.terms", F32, terms), Floats("explain.tree", F32, mat.RowOf(e.Sum.Tree))}
}

func nameStep(m *Moment, steps map[int]StepName, n int) {
	if s := m.At(n); s != nil {
		name := StepName{s.Pass, s.Phase, nil, s.Cached}
		if s.Part == sim.LayerPart {
			name.Layer = &s.Layer
		}
		steps[n] = name
	}
}

func labelsOf(m *Moment, r *explain.Run, ref explain.Ref) CellLabels {
	at := r.Coords(ref)
	var p CellLabels
	if at.RowPos >= 0 {
		p.RowPos = &at.RowPos
	}
	if at.ColPos >= 0 {
		p.ColPos = &at.ColPos
	}
	if at.RowToken >= 0 {
		p.Row = m.Label(at.RowToken)
	}
	if at.ColToken >= 0 {
		p.Col = m.Label(at.ColToken)
	}
	return p
}
