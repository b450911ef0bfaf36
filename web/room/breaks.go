package room

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// watch is where walks of a room stop by themselves, and what was found when
// each recorded step was asked, once.
type watch struct {
	points  []breakpoint.Point
	hits    []breakpoint.Hit
	at      []int // the steps of hits, in order
	checked int   // steps asked so far
}

// reset forgets what was found from step n on.
func (w *watch) reset(n int) {
	w.checked = min(w.checked, n)
	for len(w.at) > 0 && w.at[len(w.at)-1] >= n {
		w.at, w.hits = w.at[:len(w.at)-1], w.hits[:len(w.hits)-1]
	}
}

// lookAt is how many steps are asked at a time. Their answers are kept, so that no more
// than one step of a walk is asked for the first time.
const lookAt = 4

// unseen reports whether there are recorded steps that have not been asked.
func (s *state) unseen() bool {
	return len(s.watch.points) > 0 && s.watch.checked < s.tape.Len()
}

// look asks some of them. A breakpoint that panics is told to everyone, and all of them
// are taken off, since the room would ask the same again.
func (s *state) look(most int) {
	if !s.unseen() {
		return
	}
	w := &s.watch
	err := wall.Around("breakpoint", s.here, func() error {
		for end := min(w.checked+most, s.tape.Len()); w.checked < end; w.checked++ {
			for _, p := range w.points {
				if h, ok := p.Hit(s.model.Model, s.tape, w.checked); ok {
					w.hits, w.at = append(w.hits, h), append(w.at, w.checked)
				}
			}
		}
		return nil
	})
	if err != nil {
		s.watch = watch{}
		s.sendProblem(err)
		s.show()
	}
}

// reached reports whether a breakpoint is reached at step n.
func (s *state) reached(n int) bool {
	for i := len(s.watch.at) - 1; i >= 0 && s.watch.at[i] >= n; i-- {
		if s.watch.at[i] == n {
			return true
		}
	}
	return false
}

// breaks sets all breakpoints of the room. Those that this run can never reach
// are left out, and the first of them is the error.
func (s *state) breaks(points []breakpoint.Point) error {
	var kept []breakpoint.Point
	most := s.plan.MostTokens
	var first error
	for _, p := range points {
		if err := p.Check(s.model.Model.Config, most); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		kept = append(kept, p)
	}
	s.watch = watch{points: kept}
	return first
}

// marks sets all bookmarks of one viewer; no one else sees them.
func (s *state) marks(seat *seat, marks []int) error {
	length := max(s.plan.MostSteps, s.tape.Len())
	var first error
	var kept []int
	for _, n := range wire.SortMarks(marks) {
		if n < length {
			kept = append(kept, n)
		} else if first == nil {
			first = sim.NewProblem("mark.beyond", "Have", n, "Length", length)
		}
	}
	seat.mark(kept)
	return first
}

// upTo returns what was found before step n, to go on from there by itself.
func (w *watch) upTo(n int) watch {
	c := watch{points: w.points, hits: slices.Clone(w.hits), at: slices.Clone(w.at), checked: w.checked}
	c.reset(n)
	return c
}
