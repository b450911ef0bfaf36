package lens

import (
	"kvstep/sim/explain"
)

type CellInfo struct {
	Cell
	Value  string `json:"value"`
	Masked bool   `json:"masked"`
}

// showCell is the exact value of the picked cell, nil if it does not exist.
func showCell(m *Moment) *CellInfo {
	c := m.View.Cell
	if m.From == nil || c == nil || explain.Find(c.Op) == nil {
		return nil
	}
	ref := explain.Ref{Step: m.From.N, Op: c.Op, Head: m.Head(), Row: c.Row, Col: c.Col}
	r := m.Explained()
	v, ok := r.Value(ref)
	if !ok {
		return nil
	}
	return &CellInfo{*c, explain.Number(v).String(), r.Masked(ref)}
}
