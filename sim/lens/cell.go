package lens

import (
	"kvstep/sim/explain"
)

// cellLens is the exact value of the picked cell; null when none is picked or it does not exist.
var cellLens = Lens{Name: "cell", Null: true, Show: value(showCell)}

// CellValue is the exact value of the picked cell.
type CellValue struct {
	Cell
	Value  string `json:"value"`  // decimal text of the float32
	Masked bool   `json:"masked"` // the mask forbids the pair
}

// showCell returns the exact value of the picked cell, nil if it does not exist.
func showCell(m *Moment) *CellValue {
	c := m.View.Cell
	if c == nil || explain.Find(c.Op) == nil {
		return nil
	}
	from := m.inLane(c.Lane)
	if from == nil {
		return nil
	}
	ref := explain.Ref{Step: from.N, Op: c.Op, Head: m.Head(), Row: c.Row, Col: c.Col, Lane: c.Lane}
	r := m.Explained()
	v, ok := r.Value(ref)
	if !ok {
		return nil
	}
	return &CellValue{*c, explain.Number(v).String(), r.Masked(ref)}
}
