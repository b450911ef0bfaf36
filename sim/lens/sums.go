package lens

import (
	"kvstep/sim"
)

// showSums are the values that the formulas of the totals are filled with: of each
// lane where its letters do not say so already, nor the sums of the lane before.
func showSums(m *Moment, letters map[string]map[string]Integer) map[string]map[string]Integer {
	all, before := map[string]map[string]Integer{}, map[string]Integer{}
	for lane, name := range [2]string{"cached", "uncached"} {
		if !m.Step.Ran[lane] {
			continue
		}
		own := map[string]Integer{}
		for letter, v := range m.shape(sim.Lane(lane)).Sums(sim.Lane(lane), fedTokens(m), m.Step.N, m.switches()) {
			have, ok := before[letter]
			if !ok {
				have, ok = letters[name][letter]
			}
			if !ok || have != Integer(v) {
				own[letter] = Integer(v)
			}
		}
		all[name], before = own, own
	}
	return all
}
