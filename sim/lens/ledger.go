package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// ledgerLens is what both lanes paid, in this step, in this pass and in all so far.
var ledgerLens = Lens{Name: "ledger", Of: OfCounts, Show: value(showLedger)}

// LedgerInfo is what both lanes paid.
type LedgerInfo struct {
	Step  Lanes     `json:"step"`
	Pass  Lanes     `json:"pass"`  // the steps of the cursor's pass up to the cursor: at its head, the whole pass
	Total Lanes     `json:"total"` // all steps up to the cursor
	Timed *Timed    `json:"timed,omitempty"`
	Count CountInfo `json:"count"`
}

// CountInfo says what the numbers count: the viewer's switches, whatever the recipe counted.
type CountInfo struct {
	Unit   string `json:"unit"`   // flop or mac
	Pairs  string `json:"pairs"`  // allowed or dense
	Logits string `json:"logits"` // last or all
}

func showLedger(m *Moment) LedgerInfo {
	sw := m.switches()
	l := LedgerInfo{Count: CountInfo{sw.Unit, sw.Pairs, sw.Logits}}
	s := m.Step
	if s == nil {
		return l
	}
	pass := passSums(m, s)
	for lane := range sim.Lane(2) {
		if s.Counted[lane] {
			l.Step.set(lane, Recount(m, s, lane))
			l.Pass.set(lane, pass[lane])
			l.Total.set(lane, Recounted(m, s, lane))
		}
	}
	if s.Counted[sim.Cached] && s.Counted[sim.Uncached] {
		l.Timed = timedOf(m, s)
	}
	if !s.Counted[sim.Cached] {
		l.Step.Needed, l.Pass.Needed, l.Total.Needed = neededOf(m, s)
	}
	return l
}

// passSums returns what the steps of s's pass up to s paid, by lane.
func passSums(m *Moment, s *sim.Step) [2]sim.Counters {
	first, last := m.stepsOf(s.Pass)
	return recountSteps(m, first, last, [2]sim.Counters{})
}

// Timed is the time of both lanes in the steps in which their times compare: both ran, and one
// had tokens in a cache. Without any, both do the same, and whoever is first finds nothing in the processor's caches.
type Timed struct {
	Steps    int     `json:"steps"`
	Cached   float64 `json:"cached"`   // seconds
	Uncached float64 `json:"uncached"` // seconds
}

// timedKey names the sums of Timed.
type timedKey struct{}

// timedOf returns the times that compare, of all steps up to s; nil where there is none.
func timedOf(m *Moment, s *sim.Step) *Timed {
	sum := running(m.kept(), timedKey{}, s.Pass, func(pass int, sum Timed) Timed { return sum.add(m, pass) }).add(m, s.Pass)
	if sum.Steps == 0 {
		return nil
	}
	return &sum
}

// add adds a pass's steps up to the cursor.
func (t Timed) add(m *Moment, pass int) Timed {
	for n, last := m.stepsOf(pass); n <= last; n++ {
		if s := m.At(n); holdsTokens(s) && s.Lanes[sim.Uncached].Untimed == 0 {
			t.Steps++
			t.Cached += s.Lanes[sim.Cached].Seconds
			t.Uncached += s.Lanes[sim.Uncached].Seconds
		}
	}
	return t
}

// holdsTokens reports whether a sequence of the step's pass had tokens in a cache before it.
func holdsTokens(s *sim.Step) bool {
	for _, p := range s.PassSteps {
		if p.Cached > 0 {
			return true
		}
	}
	return s.Cached > 0
}

// neededKey names the sums of what a cache would have had to pay, by some switches.
type neededKey struct{ cost.Switches }

// neededOf returns what a lane with a cache would have paid in the place of one that runs without: in
// step s, in its pass up to it, and in all steps up to it. The rest of what that one paid it recomputed.
func neededOf(m *Moment, s *sim.Step) (step, pass, total *FlopsByPart) {
	sw := m.switches()
	sum := func(first, last int, f sim.Counters) sim.Counters {
		for n := first; n <= last; n++ {
			f = cost.Add(f, countStep(m, m.At(n), sim.Cached, sw))
		}
		return f
	}
	first, _ := m.stepsOf(s.Pass)
	before := running(m.kept(), neededKey{sw}, s.Pass, func(pass int, before sim.Counters) sim.Counters {
		first, last := m.stepsOf(pass)
		return sum(first, last, before)
	})
	for to, f := range map[**FlopsByPart]sim.Counters{
		&step: sum(s.N, s.N, sim.Counters{}), &pass: sum(first, s.N, sim.Counters{}), &total: sum(first, s.N, before),
	} {
		parts := splitFlops(f)
		*to = &parts
	}
	return step, pass, total
}
