package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// SoFarInfo sums the decode passes up to the cursor whose head has run.
type SoFarInfo struct {
	Passes   int `json:"passes"`         // of the model
	Tokens   int `json:"tokens"`         // that they gave
	Proposed int `json:"proposed"`       // by the draft
	Tested   int `json:"tested"`         // of those, none after a rejection
	Accepted int `json:"accepted"`       // of those
	Over     int `json:"over,omitempty"` // of those, behind the one that ended the text: they leave unsaid
	// Expected is (1 - a^(g+1)) / (1 - a) tokens a pass at the acceptance measured,
	// a = accepted / tested (modelled); 0 before anything was tested.
	Expected float64 `json:"expected"`
	Draft    Integer `json:"draft"`    // FLOPs of the draft, pairs and logits as the recipe counts them
	Rejected Integer `json:"rejected"` // FLOPs of the model for rows that left the cache again
	Model    Integer `json:"model"`    // all FLOPs of the model, of the cached lane if it runs
}

// soFarKey names the sums of all passes by some switches.
type soFarKey struct{ cost.Switches }

func speculationSoFar(m *Moment) SoFarInfo {
	s := running(m.kept(), soFarKey{m.switches()}, m.Step.Pass, func(pass int, s SoFarInfo) SoFarInfo { return s.after(m, pass) })
	if m.Step.Part == sim.HeadPart {
		s = s.after(m, m.Step.Pass)
	}
	if s.Tested > 0 {
		s.Expected = cost.Speculation{Guesses: m.Recipe.Propose, Accept: float64(s.Accepted) / float64(s.Tested)}.Tokens()
	}
	return s
}

// after returns the sums with those of another pass; the first one has no proposals.
func (s SoFarInfo) after(m *Moment, pass int) SoFarInfo {
	if pass == 0 {
		return s
	}
	first, n := m.stepsOf(pass)
	sw, head, lane := m.switches(), m.At(n), sim.Cached
	if !head.Counted[lane] {
		lane = sim.Uncached
	}
	s.Passes++
	s.Tokens += len(head.NewTokens())
	for i := first; i <= n; i++ {
		s.Model += Integer(cost.Headline(Recount(m, m.At(i), lane), sw))
	}
	x := head.Speculation
	if x == nil {
		return s
	}
	s.Proposed += len(x.Proposed)
	s.Tested += len(x.Verdicts)
	accepted := 0
	for _, v := range x.Verdicts {
		if v.Accepted {
			s.Accepted++
			accepted++
		}
	}
	s.Over += max(0, accepted-x.Accepted-1) // one of them ended the text
	s.Draft = Integer(cost.Headline(x.Total, sw))
	if head.Committed() < head.Rows { // all layers multiply alike
		s.Rejected += Integer(int64(n-first)*wastedFlops(m, m.At(n-1), head, lane) + wastedFlops(m, head, head, lane))
	}
	return s
}

// wastedFlops returns the FLOPs of a step for rows that its pass computes for nothing.
func wastedFlops(m *Moment, s, head *sim.Step, lane sim.Lane) int64 {
	sw := m.switches()
	return cost.Headline(countStep(m, s, lane, sw), sw) - cost.Headline(countStep(m, unwasted(s, head), lane, sw), sw)
}

// unwasted returns a step as it would have been without the rows that its pass has
// computed for nothing: they are the last, and no other row reads them.
func unwasted(s, head *sim.Step) *sim.Step {
	c, x := *s, *s.Speculation
	c.Rows = head.Committed()
	x.Proposed = x.Proposed[:len(x.Proposed)-(head.Rows-head.Committed())]
	c.Speculation = &x
	return &c
}
