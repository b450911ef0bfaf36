package wire

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// countInfo says what the ledger's numbers count.
type countInfo struct {
	Unit   string `json:"unit"`
	Pairs  string `json:"pairs"`
	Logits string `json:"logits"`
}

func (m *Moment) shape() cost.Shape { return cost.Of(m.Model.Model.Config) }

// asRecipe tells whether this viewer counts as the run itself did.
func (m *Moment) asRecipe() bool { return m.Link.switches() == recipeSwitches(m.Recipe) }

// recount is what a lane paid in step s by the viewer's switches: the step's
// own counters where those are the recipe's, else the same shapes counted
// again. Time is measured, and no switch changes it.
func (m *Moment) recount(s *sim.Step, lane sim.Lane) sim.Counters {
	if m.asRecipe() {
		return s.Lanes[lane]
	}
	c := m.shape().Step(lane, s.Layer, s.Rows, s.Cached, m.Link.switches())
	c.Seconds = s.Lanes[lane].Seconds
	return c
}

// recounted is the sum of all steps up to s by the viewer's switches.
func (m *Moment) recounted(s *sim.Step, lane sim.Lane) sim.Counters {
	if m.asRecipe() {
		return s.Totals[lane]
	}
	_, total := m.shape().At(m.Prompt, s.N, m.Link.switches())
	c := total[lane]
	c.Seconds = s.Totals[lane].Seconds
	return c
}

// letters are the values that the open formulas are filled with, by lane.
func (m *Moment) letters() map[string]map[string]integer {
	names, s := [2]string{"cached", "uncached"}, m.Step
	all := map[string]map[string]integer{}
	for lane, name := range names {
		if !s.Ran[lane] {
			continue
		}
		all[name] = map[string]integer{}
		for letter, v := range m.shape().Letters(sim.Lane(lane), s.Layer, s.Rows, s.Cached, m.Link.switches()) {
			all[name][letter] = integer(v)
		}
	}
	return all
}

// sums are the values that the formulas of the totals are filled with: of each
// lane where its letters do not say so already, nor the sums of the lane before.
func (m *Moment) sums(letters map[string]map[string]integer) map[string]map[string]integer {
	all, before := map[string]map[string]integer{}, map[string]integer{}
	for lane, name := range [2]string{"cached", "uncached"} {
		if !m.Step.Ran[lane] {
			continue
		}
		own := map[string]integer{}
		for letter, v := range m.shape().Sums(sim.Lane(lane), m.Prompt, m.Step.N, m.Link.switches()) {
			have, ok := before[letter]
			if !ok {
				have, ok = letters[name][letter]
			}
			if !ok || have != integer(v) {
				own[letter] = integer(v)
			}
		}
		all[name], before = own, own
	}
	return all
}
