package room

import (
	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/lesson"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

// lesson goes to a beat of a lesson: to its run, its moment, and what is to be seen there. What somebody
// has changed under the lesson (another model, another prompt) stays as it is.
func (s *state) lesson(v Viewer, seat *seat, c wire.Command) {
	l := s.lessons.Shelf().Find(c.Lesson)
	if l == nil {
		s.refuse(v, sim.NewProblem("play.none", "Have", c.Lesson))
		return
	}
	beat := 0
	if c.Beat != "" {
		if beat = l.Index(c.Beat); beat < 0 {
			s.refuse(v, sim.NewProblem("play.beat", "Have", c.Beat))
			return
		}
	}
	var over lesson.Over
	if now := l.Index(seat.pick.Beat); seat.pick.Lesson == l.Name && now >= 0 {
		if own, err := l.RecipeAt(now, seat.lang, nil); err == nil {
			over = lesson.Changed(s.filled(own, l.SpokenIn(seat.lang)), s.recipe)
		}
	}
	s.playFrom(v, seat, l, beat, c.Answers, over)
}

// begins goes to the beat of a lesson that a link names without a step, the first where it names none; what else
// the link says stands in the place of the lesson's own run.
func (s *state) begins(v Viewer, seat *seat, link wire.Link) {
	l := s.taught(link.View).Find(link.View.Lesson)
	if l == nil || link.View.Beat != "" && link.Step >= 0 {
		return
	}
	s.playFrom(v, seat, l, max(l.Index(link.View.Beat), 0), link.View.Answers, lesson.Changed(recipe.Default(), link.Recipe))
}

func (s *state) playFrom(v Viewer, seat *seat, l *lesson.Lesson, beat int, answers string, over lesson.Over) {
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
				s.playFrom(v, seat, l, beat, answers, nil)
			}
			return
		}
		s.arriveAt(v, seat, l, beat, answers)
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
	if step, ok := b.At.Step(config, s.most()); ok {
		s.seek(step)
	}
	if s.goal == noGoal {
		s.show()
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
