// Package room owns a run: one goroutine holds one tape, takes commands from
// viewers and sends each of them frames.
package room

import (
	"context"
	"errors"
	"time"

	"kvstep/sim"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// framePause is how long a long walk goes on between two frames.
const framePause = 40 * time.Millisecond

// Viewer receives what a room sends. Both methods must return at once: a slow
// viewer may drop frames, but must never hold up the room.
type Viewer interface {
	Frame(data []byte) // the newest frame replaces one not yet sent
	Problem(p *sim.Problem)
	Loading(data []byte) // how far a model is that is being opened; the newest replaces one not yet sent
}

// Room is a running room. Its methods may be called from any goroutine.
type Room struct {
	inbox chan func(*state)
	done  chan struct{}
	close context.CancelFunc
}

// New starts a room; it lives until Close or until ctx ends.
func New(ctx context.Context, models *run.Library) *Room {
	ctx, cancel := context.WithCancel(ctx)
	r := &Room{inbox: make(chan func(*state)), done: make(chan struct{}), close: cancel}
	started := time.Now()
	s := &state{
		ctx: ctx, send: r.send, models: models, seats: map[Viewer]*seat{}, goal: noGoal, branch: &branch{}, budget: TapeBudget,
		clock: func() float64 { return time.Since(started).Seconds() },
	}
	go func() {
		defer close(r.done)
		defer s.closeAll()
		s.loop(r.inbox)
	}()
	return r
}

// Close ends the room and returns when its goroutine is gone.
func (r *Room) Close() {
	r.close()
	<-r.done
}

// Leave takes a viewer out.
func (r *Room) Leave(v Viewer) { r.send(func(s *state) { delete(s.seats, v) }) }

// Do carries out one command of a viewer, who joins with the first.
func (r *Room) Do(v Viewer, c wire.Command) { r.send(func(s *state) { s.command(v, c) }) }

func (r *Room) send(f func(*state)) {
	select {
	case r.inbox <- f:
	case <-r.done:
	}
}

// seat is what the room knows of one viewer.
type seat struct {
	seq   int
	pick  wire.Pick
	marks []int
	lang  string
}

// goal is where a walk ends.
type goal int

const (
	noGoal   goal = iota
	toTokens      // state.tokens more head steps
	toEnd         // the end of the run
	toStep        // state.target
)

// state belongs to the room's goroutine alone.
type state struct {
	ctx    context.Context
	send   func(func(*state)) // what comes back to this goroutine from others
	models *run.Library
	clock  run.Clock
	seats  map[Viewer]*seat

	*branch            // the one on screen
	branches []*branch // all of them, oldest first
	born     int       // how many there have been
	gone     *wire.Gone
	budget   int64       // bytes that all together may hold
	counts   *sim.Memory // what they hold (memory)

	goal    goal
	target  int
	tokens  int
	walker  Viewer // who asked for the walk, and hears of its problems
	painted time.Time

	loading *loading // a model that a run waits for
}

// loop carries out commands, and while there is a goal takes a step between them.
func (s *state) loop(inbox <-chan func(*state)) {
	for {
		if s.goal == noGoal {
			select {
			case f := <-inbox:
				f(s)
			case <-s.ctx.Done():
				return
			}
			continue
		}
		select {
		case f := <-inbox:
			f(s)
		case <-s.ctx.Done():
			return
		default:
			s.walk()
		}
	}
}

// toToken walks to the next head step, one beyond those that it owes already.
func (s *state) toToken() {
	s.goal = toTokens
	s.tokens++
}

// walk takes one step towards the goal and shows it now and then.
func (s *state) walk() {
	s.makeRoom()
	moved, err := s.tape.Forward()
	if err != nil {
		s.refuse(s.walker, err)
	}
	at := s.tape.Cursor()
	arrived := !moved || err != nil
	if !arrived {
		switch s.goal {
		case toTokens:
			if s.tape.Step(at).Part == sim.HeadPart {
				s.tokens--
			}
			arrived = s.tokens == 0 || s.reached(at)
		case toEnd:
			arrived = s.reached(at)
		case toStep:
			arrived = at >= s.target
		}
	}
	if arrived {
		s.goal = noGoal
	}
	if arrived || time.Since(s.painted) >= framePause {
		s.show()
	}
}

// refuse tells a viewer why a command came to nothing.
func (s *state) refuse(v Viewer, err error) {
	var p *sim.Problem
	if !errors.As(err, &p) {
		p = sim.NewProblem("internal", "Why", err.Error()).Because(err)
	}
	if v != nil {
		v.Problem(p)
	}
}

// show sends everyone the moment at the cursor, as each of them sees it.
func (s *state) show() {
	s.painted = time.Now()
	for v, seat := range s.seats {
		s.showTo(v, seat)
	}
}

func (s *state) showTo(v Viewer, seat *seat) {
	if s.tape == nil {
		return
	}
	s.look()
	seat.seq++
	m := wire.Moment{
		Seq: seat.seq, Model: s.model, Recipe: s.recipe, Prompt: len(s.prompt), Waiting: s.prompt, Prompts: s.batch, Models: s.models,
		Hits: s.watch.hits, HitsAt: s.watch.at,
		Recorded: s.tape.Len(), Ended: s.tape.Ended(), Running: s.goal != noGoal,
		Link: wire.Link{Recipe: s.recipe, Step: s.tape.Cursor(), Pick: seat.pick, Breaks: s.watch.points, Marks: seat.marks, Lang: seat.lang},
	}
	m.Place(s.tape.Cursor(), s.tape.Step)
	s.tell(&m)
	v.Frame(wire.Encode(nil, &m))
}
