package lens

import (
	"kvstep/sim"
)

// lettersLens is what the letters of the ledger's formulas (sim/cost/formula.go) are worth
// in this step, by lane; a lane that does not run is left out, and so is what uncached
// would say again of cached.
var lettersLens = Lens{Name: "letters", Of: OfCounts, Needs: []Need{open("formulas"), aStep, oneText}, Show: value(showLetters)}

// Letters are the values of a formula's letters.
type Letters map[string]Integer

// showLetters leaves out what the uncached lane would say again of the cached.
func showLetters(m *Moment) map[LaneName]Letters {
	all := lettersOf(m)
	for letter, v := range all[LaneCached] {
		if own, ok := all[LaneUncached][letter]; ok && own == v {
			delete(all[LaneUncached], letter)
		}
	}
	return all
}

// lettersOf returns the values that the open formulas are filled with, by lane.
func lettersOf(m *Moment) map[LaneName]Letters {
	s := m.Step
	all := map[LaneName]Letters{}
	for lane, name := range laneNames {
		if !s.Counted[lane] {
			continue
		}
		all[name] = Letters{}
		for letter, v := range m.shape(sim.Lane(lane)).Letters(sim.Lane(lane), s.Layer, s.Rows, s.Cached, m.switches()) {
			all[name][letter] = Integer(v)
		}
		if s.Speculation != nil && m.switches().Logits == "last" { // of every proposal there are logits too
			all[name]["r"] += Integer(len(s.Speculation.Proposed))
		}
	}
	return all
}
