package lens

import (
	"kvstep/sim"
)

// rowsLens is where every cached row comes from.
var rowsLens = Lens{Name: "rows", Needs: []Need{open("rows"), aStep, aCache}, Show: bare(showRows), Tensors: []Spec{
	{"rows", "U8, U16 or U32", "[3, L, T]", "1 + the pass that wrote the K and V row of this position (0: not yet), passes that have read it since, passes in which the uncached lane computed it again, or would have, where it waits"},
}}

// showRows returns where every cached row comes from, as the recorded steps up to
// the cursor tell it: [3, layers, positions] of
//
//	0  1 + the pass that wrote the row; 0 where it is not written yet
//	1  passes that have read it since
//	2  passes in which the uncached lane computed it again, or would have, where it waits
//
// All K/V heads of a layer are written and read together.
func showRows(m *Moment) []Tensor {
	layers, positions := m.Model.Model.Config.Layers, m.Step.Cached+m.Step.Rows
	counts := make([]uint32, 3*layers*positions)
	at := func(kind, layer, p int) *uint32 { return &counts[(kind*layers+layer)*positions+p] }
	for n := range m.Step.N + 1 {
		s := m.stepOfPick(n)
		if s == nil || s.Part != sim.LayerPart {
			continue
		}
		for p := range min(s.Cached, positions) { // was in the cache: read by one lane, computed again by the other
			*at(1, s.Layer, p)++
			if s.Counted[sim.Uncached] {
				*at(2, s.Layer, p)++
			}
		}
		for p := s.Cached; p < min(s.Cached+stayedRows(m, s), positions); p++ { // once more, if it was preempted
			*at(0, s.Layer, p), *at(1, s.Layer, p), *at(2, s.Layer, p) = uint32(s.Pass)+1, 0, 0
		}
	}
	return []Tensor{wholes("rows", counts, 3, layers, positions)}
}
