package room

import (
	"cmp"
	"iter"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/tape"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// command carries out one command of one viewer.
func (s *state) command(v Viewer, c wire.Command) {
	if s.seats[v] == nil {
		s.seats[v] = &seat{}
	}
	seat := s.seats[v]
	if c.Cmd == "open" {
		s.join(v, c.Link)
		return
	}
	if c.Cmd == "run" {
		s.run(v, *c.Recipe)
		return
	}
	if s.tape == nil {
		s.refuse(v, sim.NewProblem("command.bad", "Why", "no run is open"))
		return
	}
	if c.Cmd == "lesson" {
		s.lesson(v, seat, c)
		return
	}
	if c.Cmd == "pick" { // a viewer's own affair: no one else gets a frame
		seat.look(c.View)
		s.showTo(seat)
		return
	}
	if (c.Cmd == "forward" || c.Cmd == "back" || c.Cmd == "seek") && c.Op != "" { // walking op by op leads on into the next layer
		pick := seat.pick
		pick.Op, pick.Trail = c.Op, nil
		seat.look(pick)
	}
	if c.Cmd == "mark" {
		if err := s.marks(seat, c.Marks); err != nil {
			s.refuse(v, err)
		}
		s.showTo(seat)
		return
	}
	if s.goal != toTokens || c.Cmd != "forward" || c.By != "token" {
		s.tokens = 0
	}
	s.goal, s.walker = noGoal, v // any other command ends a walk
	s.length, s.stopped = 0, false
	if err := s.drive(c); err != nil {
		s.refuse(v, err)
	}
	if s.goal == noGoal {
		s.show()
	}
}

// drive carries out the commands that everyone in the room sees.
func (s *state) drive(c wire.Command) error {
	switch c.Cmd {
	case "forward":
		switch c.By {
		case "token":
			s.toToken() // asked again before the walk is over: one more
		case "end":
			s.goal = toEnd
		default:
			s.seek(s.tape.Cursor() + 1)
		}
	case "back":
		s.back(c.By == "token")
	case "seek":
		s.seek(c.Step)
	case "stop":
		s.tape.End(sim.FinishStop)
	case "fork":
		return s.fork(c.Token)
	case "branch":
		return s.forkPolicy(c.Cache, c.Budget)
	case "switch":
		return s.switchTo(c.Branch)
	case "break":
		points, err := breakpoint.ParseList(c.Breaks)
		if err != nil {
			return err
		}
		return s.breaks(points)
	}
	return nil // "pause" has done its work already
}

// open starts the run that a link names, unless it has been refused already.
func (s *state) open(v Viewer, seat *seat, link wire.Link, err error) error {
	if err == nil {
		err = s.start(s.filled(link.Recipe, link.Lang))
	}
	if err != nil { // show the default run rather than nothing, and say why
		seat.look(lens.View{})
		if e := s.start(s.filled(recipe.Default(), link.Lang)); e != nil {
			return e
		}
		s.show()
		return err
	}
	// A bookmark, breakpoint or pick that this run has no place for costs only itself.
	err = cmp.Or(s.marks(seat, link.Marks), s.breaks(link.Breaks), s.looks(link.View))
	if link.Others > 0 && err == nil {
		err = sim.NewProblem("branch.lost", "Have", link.Others)
	}
	s.walker = v
	s.length, s.stopped = max(link.Step+1, link.Recorded), link.Over
	if s.seek(link.Step); s.goal == noGoal {
		s.arrive(true)
	}
	if s.goal == noGoal {
		s.show()
	}
	return err
}

// looks refuses a pick of a link that this run does not have, Problem "link.none" with the
// key, what it says and how many there are: the nearest one is shown. A pick that outlives
// a change of the model in the page is the nearest one and no mistake.
func (s *state) looks(pick lens.View) error {
	for _, x := range s.picked(&pick) {
		if n := *x.at; n < 0 || n >= x.count {
			return sim.NewProblem("link.none", "Field", x.key, "Have", n, "Count", x.count)
		}
	}
	return nil
}

// nearest returns a pick of what this run has.
func (s *state) nearest(pick lens.View) lens.View {
	for _, x := range s.picked(&pick) {
		*x.at = min(max(*x.at, 0), x.count-1)
	}
	return pick
}

// pickNumber is a number of a pick, by its key in links, and how many there are.
type pickNumber struct {
	key   string
	at    *int
	count int
}

// picked returns the numbers of a pick. Its layer is a copy from then on.
func (s *state) picked(pick *lens.View) []pickNumber {
	sequences := 1
	switch {
	case s.recipe.Batch != nil:
		sequences = len(s.recipe.Batch.Requests) + 1
	case s.recipe.Sampler.Kind == "beam":
		sequences = s.recipe.Sampler.Width
	}
	c := s.model.Model.Config
	list := []pickNumber{{"head", &pick.Head, c.Heads}, {"seq", &pick.Seq, sequences}}
	if pick.Layer != nil {
		layer := *pick.Layer
		pick.Layer = &layer
		list = append(list, pickNumber{"layer", pick.Layer, c.Layers})
	}
	return list
}

// filled puts into a link's recipe what the model begins with, where it asks for nothing.
func (s *state) filled(r sim.Recipe, lang string) sim.Recipe {
	if m, err := s.models.Get(r.Model); err == nil {
		return m.Filled(r, lang)
	}
	return r
}

// start begins a new run. A refused recipe leaves the old run as it was.
func (s *state) start(r sim.Recipe) error {
	m, err := s.models.Get(r.Model)
	if err != nil {
		return err
	}
	r.Model = m.Name
	prompt, err := accept(m, r)
	if err != nil {
		return err
	}
	points := s.watch.points
	release := m.Hold() // closing what is on screen may be the last that uses it
	defer release()
	plan := run.NewPlan(m, r, prompt)
	short, err := s.foretell(m, r, plan)
	if err != nil {
		return err
	}
	s.closeAll()
	s.enter(&branch{model: m, recipe: r, prompt: prompt, plan: plan, short: short, tape: tape.New(s.source(m, r), s.memory())})
	_ = s.breaks(points) // the other model may have fewer layers
	for _, seat := range s.seats {
		seat.mark(nil) // they named steps of another run
	}
	return nil
}

// accept returns the tokens of a recipe's prompt, and refuses what cannot be run or could
// not be opened again by its link. Every run of a room passes here.
func accept(m *library.Loaded, r sim.Recipe) ([]int, error) {
	if err := wire.CheckLink(r); err != nil {
		return nil, err
	}
	return m.Prepare(r)
}

// source runs a recipe until its branch goes or the end of the room stops it. A panic of
// the engine ends the run as an error does.
func (s *state) source(m *library.Loaded, r sim.Recipe) tape.Source {
	return func(prefix []sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			next, wanted := len(prefix), true
			err := wall.Around("engine", func() string { return wire.Link{Recipe: r, Step: next}.Query() }, func() error {
				steps := s.steps(s.ctx, m, r, s.clock, prefix...)
				prefix = nil // it is long, and the run does not need it once it has begun
				for step, err := range steps {
					if wanted = yield(step, err); !wanted {
						return nil
					}
					next = max(next, step.N+1)
				}
				return nil
			})
			if err != nil && wanted {
				yield(sim.Step{}, err)
			}
		}
	}
}

// back moves one step, or to the previous choice of a token.
func (s *state) back(token bool) {
	for s.tape.Back() {
		at := s.tape.Cursor()
		if !token || at < 0 || s.tape.Step(at).Part == sim.HeadPart {
			return
		}
	}
}

// seek goes to step n, at once if it is recorded, else by walking there.
func (s *state) seek(n int) {
	if s.tape.SeekTo(max(n, -1)) {
		return
	}
	s.tape.SeekTo(s.tape.Len() - 1)
	if s.tape.FinishReason() == "" {
		s.goal, s.target = toStep, n
	}
}
