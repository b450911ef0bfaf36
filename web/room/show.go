package room

import (
	"errors"
	"reflect"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// refuse tells a viewer why a command came to nothing.
func (s *state) refuse(v Viewer, err error) {
	if v != nil {
		v.Problem(problemOf(err))
	}
}

func problemOf(err error) *sim.Problem {
	var p *sim.Problem
	if !errors.As(err, &p) {
		p = sim.NewProblem("internal", "Why", err.Error()).Because(err)
	}
	return p
}

// show owes everyone the moment at the cursor, as each of them sees it.
func (s *state) show() {
	s.pace.ask(true, !s.owes())
	for _, seat := range s.seats {
		seat.due = true
	}
}

// showTo owes it to one of them.
func (s *state) showTo(seat *seat) {
	s.pace.ask(false, !s.owes())
	seat.due = true
}

// owes reports whether any viewer waits for a frame.
func (s *state) owes() bool {
	for _, seat := range s.seats {
		if seat.due {
			return true
		}
	}
	return false
}

// isDefaultPick reports whether a viewer looks at nothing in particular.
func (s *state) isDefaultPick(p lens.View) bool {
	if p.Pairs == s.recipe.Pairs {
		p.Pairs = ""
	}
	if p.Logits == s.recipe.Logits {
		p.Logits = ""
	}
	return reflect.DeepEqual(p, lens.View{})
}

// moment returns what a viewer sees.
func (s *state) moment(at sight, seq int) *wire.Frame {
	link := s.link(at)
	f := wire.Frame{Seq: seq, Link: link, Parts: s.parts, Lessons: s.taught(link.View), Moment: lens.Moment{
		Model: s.model, Recipe: s.recipe, Prompt: len(s.prompt), Waiting: s.prompt, Plan: s.plan, Short: s.short, Models: s.models,
		View: link.View, Marks: link.Marks, Breaks: link.Breaks, Hits: s.watch.hits, HitsAt: s.watch.at,
		Recorded: s.tape.Len(), Ended: s.tape.FinishReason(), Running: s.goal != noGoal || s.unseen(), Kept: s.kept,
	}}
	f.Place(s.tape.Cursor(), s.tape.Step)
	s.addBranches(&f.Moment)
	return &f
}

// link names the moment that a viewer sees, and what the room has beside it.
func (s *state) link(at sight) wire.Link {
	l := wire.Link{Recipe: s.recipe, Step: s.tape.Cursor(), View: s.nearest(at.pick), Breaks: s.watch.points, Marks: at.marks}
	if n := s.tape.Len(); n > l.Step+1 {
		l.Recorded = n
	}
	l.Over = s.tape.FinishReason() == sim.FinishStop && (s.tape.Len() == 0 || s.tape.Step(s.tape.Len()-1).RunFinishReason == "")
	l.Others = len(s.branches) - 1
	return l
}

// here returns the link of the room's own moment, or of what it was asked for last.
func (s *state) here() string {
	if s.wish != nil {
		return s.wish()
	}
	if s.tape == nil {
		return ""
	}
	return s.link(sight{}).Query()
}

// carryOut does what somebody has asked the room to do. If that panics, everybody in
// the room is told, and the room stays at the moment that it has, or falls.
func (s *state) carryOut(task func(*state)) {
	s.wish = nil
	if err := wall.Around("room", s.here, func() error { task(s); return nil }); err != nil {
		s.halt()
		s.sendProblem(err)
		if s.tape != nil {
			s.show()
		} else {
			s.fall()
		}
	}
}

// goOn does a piece of work. If that panics outside the walls that it has of its own,
// the moment is left.
func (s *state) goOn() {
	s.wish = nil
	if err := wall.Around("room", s.here, func() error { s.work(); return nil }); err != nil {
		s.sendProblem(err)
		s.fall()
	}
}

// halt ends a walk, and what a link wanted after it.
func (s *state) halt() { s.goal, s.tokens, s.length, s.stopped = noGoal, 0, 0, false }

// failed reports a step that could not be taken: a panic to everyone, once, anything
// else and everything after it to whoever asked.
func (s *state) failed(err error) {
	if wall.Fell(err) && !s.broken {
		s.broken = true
		s.sendProblem(err)
		return
	}
	s.refuse(s.walker, err)
}

func (s *state) sendProblem(err error) {
	for v := range s.seats {
		v.Problem(problemOf(err))
	}
}

// moment is a place in one of the room's runs.
type moment struct {
	in *branch
	at int
}

// fall leaves a moment that cannot be shown: for the last one that could, else for the
// default run, else for no run at all.
func (s *state) fall() {
	s.halt()
	s.parts = nil
	s.fell++
	for _, b := range s.branches {
		if b == s.good.in && s.fell == 1 && (b != s.branch || s.good.at != b.tape.Cursor()) && b.tape.SeekTo(s.good.at) {
			s.good = moment{} // until it is shown again
			s.bring(b)
			s.show()
			return
		}
	}
	if s.fell <= 2 {
		s.fell = 2
		err := wall.Around("room", func() string { return "" }, func() error {
			return s.start(s.filled(recipe.Complete(sim.Recipe{}), ""))
		})
		if err == nil {
			s.show()
			return
		}
		s.sendProblem(err)
	}
	s.closeAll()
}
