package lens

import (
	"kvstep/sim"
)

// lettersOf are the values that the open formulas are filled with, by lane.
func lettersOf(m *Moment) map[string]map[string]Integer {
	names, s := [2]string{"cached", "uncached"}, m.Step
	all := map[string]map[string]Integer{}
	for lane, name := range names {
		if !s.Ran[lane] {
			continue
		}
		all[name] = map[string]Integer{}
		for letter, v := range m.shape(sim.Lane(lane)).Letters(sim.Lane(lane), s.Layer, s.Rows, s.Cached, m.switches()) {
			all[name][letter] = Integer(v)
		}
		if s.Speculation != nil && m.switches().Logits == "last" { // of every proposal there are logits too
			all[name]["r"] += Integer(len(s.Speculation.Proposed))
		}
	}
	return all
}

// onlyOwn takes away from the uncached lane's letters what the cached lane's say
// already, as most do.
func onlyOwn(letters map[string]map[string]Integer) map[string]map[string]Integer {
	for letter, v := range letters["cached"] {
		if own, ok := letters["uncached"][letter]; ok && own == v {
			delete(letters["uncached"], letter)
		}
	}
	return letters
}
