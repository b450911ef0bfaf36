package run_test

import (
	"fmt"
	"math/rand/v2"

	"kvstep/sim"
	"kvstep/sim/run/runtest"
)

// waits: a run whose uncached lane waits after some tokens of a sequence is the run in which
// it never does: the same tokens, the same bits, the same counters in every step. Of what
// nobody ran there is no time, no comparison and no effect.
func (t *trial) waits(r *rand.Rand) error {
	if t.rec.Lanes == "cached" || t.rec.Lanes == "uncached" {
		return nil
	}
	other, waited := t.rec, t.rec
	_, waits := t.rec.UncachedTokens()
	if other.Lanes = "both"; !waits {
		waited.Lanes = fmt.Sprint(sim.BothUntil, r.IntN(3)*r.IntN(10))
		other = waited
	}
	have, want := t.steps, t.steps
	steps, err := runtest.Play(t.m, other)
	if fmt.Sprint(err) != fmt.Sprint(t.err) {
		return fmt.Errorf("%s: %v, of %s %v", other.Lanes, err, t.rec.Lanes, t.err)
	}
	if waits {
		want = steps
	} else {
		have = steps
	}
	limit, _ := waited.UncachedTokens()
	if err := (&account{limit: limit, waits: map[int]bool{}, compared: map[int]int{}, differed: map[int]bool{}}).check(have); err != nil {
		return fmt.Errorf("%s: %w", waited.Lanes, err)
	}
	a, b := make([]sim.Step, len(have)), make([]sim.Step, len(want))
	for i := range have {
		if i < len(want) {
			a[i], b[i] = executed(&have[i], &have[i]), executed(&want[i], &have[i])
		}
	}
	if err := sameSteps(a, b); err != nil {
		return fmt.Errorf("%s: %w", waited.Lanes, err)
	}
	return nil
}

// executed is a step without what is not known of it where the same step of another run waits.
func executed(s, other *sim.Step) sim.Step {
	c := *s
	c.Lanes[sim.Uncached].Untimed, c.Totals[sim.Uncached].Untimed = 0, 0
	c.Compared = 0
	if other.Waits() {
		c.Differed = false
		c.Ran, c.Identical, c.Differs, c.Effect = c.Counted, true, "", nil
	}
	c.PassSteps = nil
	for i, p := range s.PassSteps {
		one, q := *p, *other.PassSteps[i]
		one.PassSteps, q.PassSteps = nil, nil
		one = executed(&one, &q)
		c.PassSteps = append(c.PassSteps, &one)
	}
	return c
}

// account knows of every sequence whether it waits, and how far it was compared: it waits from
// the first pass on in which it has more tokens than limit. Beams are all equally long.
type account struct {
	limit    int
	waits    map[int]bool
	compared map[int]int
	differed map[int]bool
	untimed  int
}

func (a *account) check(steps []sim.Step) error {
	for i := range steps {
		s := &steps[i]
		untimed := 0
		for _, p := range peers(s) {
			seq, fed := p.Seq, p.Cached+p.Rows
			if s.Schedule == nil {
				seq = 0
			}
			if a.waits[seq] = a.waits[seq] || fed > a.limit; a.waits[seq] {
				untimed = 1
			}
			compared := a.compared[seq]
			if !a.waits[seq] {
				compared = fed
			}
			if p.Waits() != a.waits[seq] || !p.Ran[sim.Cached] || p.Counted != [2]bool{true, true} || p.Compared != compared {
				return fmt.Errorf("step %d seq %d of %d tokens: ran %v, compared %d, want %d", s.N, p.Seq, fed, p.Ran, p.Compared, compared)
			}
			a.differed[seq] = a.differed[seq] || p.Differs != ""
			if s.Schedule != nil || len(peers(s)) == 1 { // a beam goes on from one of several
				if p.Differed != a.differed[seq] {
					return fmt.Errorf("step %d seq %d: some op differed: %v", s.N, p.Seq, p.Differed)
				}
			}
			if p.Waits() && (!p.Identical || p.Effect != nil) {
				return fmt.Errorf("step %d seq %d: %q and %+v of a lane that waits", s.N, p.Seq, p.Differs, p.Effect)
			}
		}
		if s.Part == sim.HeadPart {
			for _, p := range peers(s) {
				seq := p.Seq
				if s.Schedule == nil {
					seq = 0
				}
				if kept := p.Cached + p.Committed(); !a.waits[seq] {
					a.compared[seq] = max(a.compared[seq], kept)
				}
			}
		}
		a.untimed += untimed
		if s.Lanes[sim.Uncached].Untimed != untimed || s.Totals[sim.Uncached].Untimed != a.untimed || s.Totals[sim.Cached].Untimed != 0 {
			return fmt.Errorf("step %d: %d steps are untimed, %d so far, want %d, %d", s.N, s.Lanes[sim.Uncached].Untimed, s.Totals[sim.Uncached].Untimed, untimed, a.untimed)
		}
	}
	return nil
}
