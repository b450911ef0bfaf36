package lens

import "kvstep/sim"

// fed is what a sequence had in a pass.
type fed struct {
	in          bool
	rows        int
	cached      int
	stay        int // of the rows, those that are in the cache after the pass
	recomputing int // of the rows, those that it had computed before it was preempted
	uncached    bool
}

// fedKey names what a sequence had in every pass. Beams of a pass have alike, whichever continues which.
type fedKey struct{ seq int }

// fedPasses returns what the sequence that is looked at had in each pass before the cursor's.
func fedPasses(m *Moment) []fed {
	return perPass(m.kept(), fedKey{m.Step.Seq}, m.Step.Pass, func(pass int, _ []fed) fed {
		first, head := m.stepsOf(pass)
		s := m.stepOfPick(first)
		if s == nil {
			return fed{}
		}
		f := fedOf(s)
		f.stay = m.At(head).Committed()
		return f
	})
}

// fedOf returns what the sequence of a step has in its pass, as long as all of it is there.
func fedOf(s *sim.Step) fed {
	return fed{true, s.Rows, s.Cached, s.Rows, recomputing(s), s.Counted[sim.Uncached]}
}
