package lens

import (
	"kvstep/sim"
)

// sumsLens is the same of the formulas of the totals (sim/cost/totals.go): cached where it
// says something else than letters, uncached where it says something else than both.
var sumsLens = Lens{Name: "sums", Of: OfCounts, Needs: []Need{open("formulas"), aStep, closedForm}, Show: value(showSums)}

// showSums returns the values that the formulas of the totals are filled with: of each
// lane where its letters do not say so already, nor the sums of the lane before.
func showSums(m *Moment) map[LaneName]Letters {
	all, letters, before := map[LaneName]Letters{}, lettersOf(m), Letters{}
	for lane, name := range laneNames {
		if !m.Step.Counted[lane] {
			continue
		}
		own := Letters{}
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
