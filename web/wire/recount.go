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

// shape is the model as a lane runs it. The cached lane's policy, if it lets
// tokens go, is a window in every layer; bytes of quantised rows a shape does not know.
func (m *Moment) shape(lane sim.Lane) cost.Shape {
	if lane == sim.Uncached {
		return cost.Of(m.Model.Model.Config)
	}
	return cost.For(m.Model.Model.Config, m.Recipe.Cache)
}

// fed is how many tokens prefill has read: the prompt, or what memory had room for.
func (m *Moment) fed() int {
	if m.Step.Pass == 0 {
		return m.Step.Rows
	}
	return m.Prompt
}

// asKept gives c the numbers of the cache that the run has counted itself: no
// switch changes them, and policies have their own.
func asKept(c, kept sim.Counters) sim.Counters {
	c.KVTokens, c.KVBytes, c.KVReadBytes, c.KVWriteBytes = kept.KVTokens, kept.KVBytes, kept.KVReadBytes, kept.KVWriteBytes
	c.Seconds = kept.Seconds
	return c
}

// asRecipe tells whether this viewer counts as the run itself did.
func (m *Moment) asRecipe() bool { return m.Link.switches() == recipeSwitches(m.Recipe) }

// recount is what a lane paid in step s by the viewer's switches: the step's
// own counters where those are the recipe's, else the same shapes counted
// again. Time is measured, and no switch changes it.
func (m *Moment) recount(s *sim.Step, lane sim.Lane) sim.Counters {
	if m.asRecipe() {
		return s.Lanes[lane]
	}
	return asKept(m.count(s, lane, m.Link.switches()), s.Lanes[lane])
}

// count counts a step of a lane, all sequences of its pass, by any switches.
func (m *Moment) count(s *sim.Step, lane sim.Lane, sw cost.Switches) sim.Counters {
	peers, logits := s.PassSteps, 0
	if len(peers) == 0 {
		peers = []*sim.Step{s}
	}
	spans := make([]cost.Span, len(peers))
	for i, p := range peers {
		spans[i] = cost.Span{Rows: p.Rows, Cached: p.Cached}
		if lane == sim.Uncached {
			spans[i] = cost.Span{Rows: p.Cached + p.Rows}
		}
		if p.Output != nil {
			logits++
		}
		if p.Speculation != nil {
			logits += len(p.Speculation.Proposed)
		}
	}
	var c sim.Counters
	if s.Layer < 0 {
		c = m.shape(lane).UnembedOf(spans, logits, sw)
	} else {
		c = m.shape(lane).LayerOf(s.Layer, spans, sw)
	}
	if lane == sim.Uncached {
		c = cost.Uncached(c)
	}
	return c
}

// plain tells whether the run has one sequence that grows by one token a pass:
// what closed formulas of whole runs are about.
func (m *Moment) plain() bool {
	return m.Recipe.Batch == nil && m.Recipe.Draft == "" && m.Recipe.Sampler.Kind != "beam"
}

// closed tells whether closed formulas tell of all the run's passes: it is plain, and the
// first pass had the whole prompt. Groups along tokens may not have room for it at once, and
// memory may end in it.
func (m *Moment) closed() bool {
	return m.plain() && (m.Step == nil || m.At == nil || m.At(0).Rows == m.Prompt)
}

// recounted is the sum of all steps up to s by the viewer's switches.
func (m *Moment) recounted(s *sim.Step, lane sim.Lane) sim.Counters {
	if m.asRecipe() {
		return s.Totals[lane]
	}
	if m.closed() {
		_, total := m.shape(lane).At(m.fed(), s.N, m.Link.switches())
		return asKept(total[lane], s.Totals[lane])
	}
	var total sim.Counters
	for n := range s.N + 1 {
		total = cost.Add(total, m.recount(m.At(n), lane))
	}
	return asKept(total, s.Totals[lane])
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
		for letter, v := range m.shape(sim.Lane(lane)).Letters(sim.Lane(lane), s.Layer, s.Rows, s.Cached, m.Link.switches()) {
			all[name][letter] = integer(v)
		}
		if s.Speculation != nil && m.Link.switches().Logits == "last" { // of every proposal there are logits too
			all[name]["r"] += integer(len(s.Speculation.Proposed))
		}
	}
	return all
}

// onlyOwn takes away from the uncached lane's letters what the cached lane's say
// already, as most do.
func onlyOwn(letters map[string]map[string]integer) map[string]map[string]integer {
	for letter, v := range letters["cached"] {
		if own, ok := letters["uncached"][letter]; ok && own == v {
			delete(letters["uncached"], letter)
		}
	}
	return letters
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
		for letter, v := range m.shape(sim.Lane(lane)).Sums(sim.Lane(lane), m.fed(), m.Step.N, m.Link.switches()) {
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
