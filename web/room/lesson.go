package room

import (
	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/lesson"
	"kvstep/web/wire"
)

// lesson goes to a beat of a lesson: to its run, its moment, and what is to be seen there. What somebody
// has changed under the lesson (another model, another prompt) stays as it is.
func (s *state) lesson(v Viewer, seat *seat, c wire.Command) {
	if c.Link != "" {
		s.resume(v, seat, c.Link)
		return
	}
	l := s.lessons.Shelf().Find(c.Lesson)
	if l == nil {
		s.refuse(v, sim.NewProblem("play.none", "Have", c.Lesson))
		return
	}
	var over lesson.Over
	if now := l.Index(seat.pick.Beat); seat.pick.Lesson == l.Name && now >= 0 {
		if own, err := l.RecipeAt(now, seat.lang, nil); err == nil {
			over = lesson.Changed(s.filled(own, l.SpokenIn(seat.lang)), s.recipe)
		}
	}
	if c.Lang != "" {
		seat.lang = c.Lang
	}
	s.playFrom(v, seat, l, c.View, over)
}

// begins goes to the beat of the lesson that a link names, the first if it names none; what else the link says
// stands in the place of the lesson's own run. A link with a step is a moment, which is there already.
func (s *state) begins(v Viewer, seat *seat, link string) {
	h, err := lesson.ReadLink(link)
	switch {
	case err != nil: // no lesson's
	case h.Begins():
		s.resume(v, seat, link)
	default:
		if l := s.lessons.Shelf().Find(h.Lesson); l != nil {
			s.tellEdited(v, l, h.Version)
		}
	}
}

// resume goes on with what somebody has handed in: to their beat, on their run, with their answers.
func (s *state) resume(v Viewer, seat *seat, link string) {
	h, err := lesson.ReadLink(link)
	if err != nil {
		s.refuse(v, err)
		return
	}
	l := s.lessons.Shelf().Find(h.Lesson)
	if l == nil {
		s.refuse(v, sim.NewProblem("play.none", "Have", h.Lesson))
		return
	}
	over, err := l.Changes(&h, seat.lang, s.filled)
	if err != nil {
		s.refuse(v, err)
		return
	}
	s.tellEdited(v, l, h.Version)
	s.playFrom(v, seat, l, lens.View{Beat: h.Beat, Answers: h.All()}, over)
}

// tellEdited says so where a lesson is not the one any more whose answers somebody brings.
func (s *state) tellEdited(v Viewer, l *lesson.Lesson, version string) {
	if version != "" && version != l.Version {
		s.refuse(v, sim.NewProblem("play.edited", "Lesson", l.Name))
	}
}

// playFrom goes to a beat, with answers. A beat that the lesson does not have any more, which is told, is its first.
func (s *state) playFrom(v Viewer, seat *seat, l *lesson.Lesson, view lens.View, over lesson.Over) {
	beat := 0
	if view.Beat != "" {
		if beat = l.Index(view.Beat); beat < 0 {
			s.refuse(v, sim.NewProblem("play.beat", "Have", view.Beat))
			beat = 0
		}
	}
	r, err := l.RecipeAt(beat, seat.lang, over)
	if err != nil {
		s.refuse(v, err)
		return
	}
	s.whenOpen(r, func(err error) {
		if s.seats[v] != seat { // gone meanwhile
			return
		}
		r := s.filled(r, l.SpokenIn(seat.lang))
		if err == nil && len(lesson.Changed(s.recipe, r)) > 0 {
			err = s.start(r)
		}
		if err != nil {
			s.refuse(v, err)
			if len(over) > 0 { // the lesson goes on without what cannot be played
				s.playFrom(v, seat, l, view, nil)
			}
			return
		}
		s.arriveAt(v, seat, l, beat, view.Answers)
	})
}

// arriveAt looks at a beat as its lesson says, and walks there.
func (s *state) arriveAt(v Viewer, seat *seat, l *lesson.Lesson, beat int, answers string) {
	b := &l.Beats[beat]
	config := s.model.Model.Config
	pick := b.Look.View(config)
	pick.Lesson, pick.Beat, pick.Answers, pick.Show = l.Name, b.ID, answers, seat.pick.Show
	seat.look(pick)
	s.goal, s.walker, s.tokens = noGoal, v, 0
	s.length, s.stopped = 0, false
	step, ok := b.At.Step(config, s.most())
	if from, begun := s.playsFrom(l, beat, config); ok && begun && from < step {
		s.seek(from)
		s.record(step)
	} else if ok {
		s.seek(step)
	}
	if s.goal == noGoal {
		s.show()
	}
}

// playsFrom returns the step from which a beat is seen to be walked to: where the one before it stands, on the same run.
func (s *state) playsFrom(l *lesson.Lesson, beat int, config sim.Config) (int, bool) {
	if b := &l.Beats[beat]; beat == 0 || b.Play == "" || len(b.Run) > 0 {
		return 0, false
	}
	from, ok := l.Beats[beat-1].At.Step(config, s.most())
	return from, ok && from < s.tape.Len()
}

// record has the run recorded as far as a step, and leaves the cursor where it is: what is said of that moment is known then.
func (s *state) record(step int) {
	if s.goal == noGoal && step >= s.tape.Len() {
		s.goal, s.target = toLength, step
	}
}

// most returns how many steps the run can come to have.
func (s *state) most() int {
	if s.tape.FinishReason() != "" {
		return s.tape.Len()
	}
	return max(s.plan.MostSteps, s.tape.Len())
}

// showTaught sends frames to those who are in a lesson: its files have changed.
func (s *state) showTaught() {
	for _, seat := range s.seats {
		if seat.pick.Lesson != "" && s.tape != nil {
			s.showTo(seat)
		}
	}
}

// taught returns the lessons, for who is in one.
func (s *state) taught(view lens.View) *lesson.Shelf {
	if view.Lesson == "" {
		return nil
	}
	return s.lessons.Shelf()
}
