// Package room owns a run: one goroutine holds one tape, takes commands from
// viewers and sends each of them frames.
package room

import (
	"context"
	"iter"
	"sync"
	"time"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// Viewer receives what a room sends. Its methods must return at once: a slow
// viewer may drop frames, but must never hold up the room.
type Viewer interface {
	Frame(f *Encoded) // the newest frame replaces one not yet sent
	Problem(p *sim.Problem)
	Loading(data []byte) // how far a model is that is being opened; the newest replaces one not yet sent
}

// Encoded is a frame as bytes, which all who see the same are sent. Nobody writes to them.
type Encoded struct {
	Data   []byte
	Shared bool // several are sent it
	once   sync.Once
	form   any
}

// Form returns what form makes of the bytes to send them. It is called once: all viewers of a
// frame are sent it in the same way.
func (f *Encoded) Form(form func(data []byte) any) any {
	f.once.Do(func() { f.form = form(f.Data) })
	return f.form
}

// Room is a running room. Its methods may be called from any goroutine.
type Room struct {
	lines lines
	inbox chan func(*state)
	done  chan struct{}
	close context.CancelFunc
}

// New starts a room; it lives until Close or until ctx ends.
func New(ctx context.Context, models *library.Library) *Room {
	return NewOf(ctx, models, lens.MaxBranches, nil)
}

// NewOf starts a room that keeps so many runs, and plays lessons, nil for none.
func NewOf(ctx context.Context, models *library.Library, runs int, lessons *lesson.Case) *Room {
	return begin(ctx, models, func(s *state) { s.keeps, s.lessons = runs, lessons })
}

func begin(ctx context.Context, models *library.Library, prepare func(*state)) *Room {
	ctx, cancel := context.WithCancel(ctx)
	r := &Room{lines: newLines(), inbox: make(chan func(*state)), done: make(chan struct{}), close: cancel}
	started := time.Now()
	s := newState(ctx, models, func() float64 { return time.Since(started).Seconds() })
	s.send = r.send
	prepare(s)
	unwatch := s.lessons.Watch(func() { go r.send((*state).showTaught) })
	go func() {
		defer close(r.done)
		defer unwatch()
		defer s.leave()
		defer r.lines.end()
		s.loop(r)
	}()
	return r
}

// Close ends the room and returns when its goroutine is gone.
func (r *Room) Close() {
	r.close()
	<-r.done
}

// Leave takes a viewer out, when what they have asked for is done.
func (r *Room) Leave(v Viewer) { r.lines.put(v, wire.Command{Cmd: leave}) }

// Do puts one command of a viewer, who joins with the first, into their line. While
// that is full it waits.
func (r *Room) Do(v Viewer, c wire.Command) { r.lines.put(v, c) }

func (r *Room) send(f func(*state)) {
	select {
	case r.inbox <- f:
	case <-r.done:
	}
}

// seat is what the room knows of one viewer.
type seat struct {
	sight
	lang string
	seq  int  // of the last frame that was sent
	due  bool // a frame is owed
}

// goal is where a walk ends.
type goal int

const (
	noGoal   goal = iota
	toTokens      // state.tokens more head steps
	toEnd         // the end of the run
	toStep        // state.target
	toLength      // recorded up to state.target; the cursor stays
)

// state belongs to the room's goroutine alone.
type state struct {
	ctx    context.Context
	send   func(func(*state)) // what comes back to this goroutine from others
	models *library.Library
	clock  run.Clock
	seats  map[Viewer]*seat

	*branch            // the one on screen
	branches []*branch // all of them, oldest first
	born     int       // how many there have been
	evicted  *lens.EvictedBranch
	keeps    int // how many there may be
	lessons  *lesson.Case
	counts   *sim.Memory // what they hold (memory)

	goal    goal
	target  int
	length  int  // of the run that a link names: recorded when its step is reached
	stopped bool // and then it is ended, as a person had ended it
	tokens  int
	walker  Viewer // who asked for the walk, and is sent its problems

	pace  pace
	parts *wire.Parts // of the moment on screen, as long as nothing changes; nil: none yet
	seq   int         // of the last frame
	ahead int         // how many frames in a row the walker was sent while others waited

	gate  *turnstile
	place account // at the gate

	loading *loading // a model that a run waits for

	wish func() string // the link that the task at hand is about; nil: the run on screen
	good moment        // the last that could be shown
	fell int           // how often the room has fallen since then

	piece time.Duration // for which a piece of showing begins frames

	// What tests put a fault into.
	steps  func(context.Context, *library.Loaded, sim.Recipe, run.Clock, ...sim.Step) iter.Seq2[sim.Step, error]
	encode func(f *wire.Frame, langs []string) [][]byte
}

func newState(ctx context.Context, models *library.Library, clock run.Clock) *state {
	s := &state{
		ctx: ctx, models: models, clock: clock, seats: map[Viewer]*seat{}, goal: noGoal, branch: &branch{}, keeps: lens.MaxBranches,
		send: func(func(*state)) {}, gate: turns, encode: wire.EncodeEach, piece: pieceTime,
	}
	s.steps = s.counted
	return s
}

// loop carries out commands and, between them, does the work that they have caused, piece
// by piece. Every piece is a turn of the room; other rooms have theirs in between.
func (s *state) loop(r *Room) {
	for {
		var task func(*state)
		idle := !s.busy()
		if idle {
			select {
			case task = <-r.inbox:
			case <-r.lines.ready:
				task = r.lines.next
			case <-s.ctx.Done():
				return
			}
		} else {
			select {
			case task = <-r.inbox:
			case <-r.lines.ready:
				task = r.lines.next
			case <-s.ctx.Done():
				return
			default:
			}
		}
		s.gate.enter(&s.place, idle)
		s.turn(task)
		s.gate.leave(&s.place)
	}
}

// turn carries out a task, if there is one, and one piece of work.
func (s *state) turn(task func(*state)) {
	if task != nil {
		s.parts = nil
		s.carryOut(task)
	}
	s.goOn()
}

// busy reports whether the room has something to do without being asked.
func (s *state) busy() bool {
	return s.tape != nil && (s.goal != noGoal || s.unseen() || s.owes())
}

// work does one piece: frames, each for all who see the same, a few steps of the search for breakpoints, or one
// step of a walk. Frames wait for the breakpoints, but not for long, and for the walk.
func (s *state) work() {
	switch {
	case s.tape == nil:
	case s.owes() && !(s.goal != noGoal && s.pace.rests()) && (!s.unseen() || s.pace.late()):
		s.showNext()
		return
	case s.unseen():
		s.look(lookAt)
	case s.goal != noGoal:
		s.walk()
	}
	s.parts = nil
}

// toToken walks to the next head step, one beyond those that it owes already.
func (s *state) toToken() {
	s.goal = toTokens
	s.tokens++
}

// walk takes one step towards the goal and shows it now and then.
func (s *state) walk() {
	s.evictBranches()
	before := s.tape.Cursor()
	moved, err := s.onward()
	if err != nil {
		s.failed(err)
	}
	s.look(lookAt)
	at := s.tape.Cursor()
	arrived := !moved || err != nil
	switch {
	case arrived:
	case s.goal == toLength:
		arrived = s.tape.Len() > s.target
	case at == before: // it has only made again what the tape has
	case s.goal == toTokens:
		if s.tape.Step(at).Part == sim.HeadPart {
			s.tokens--
		}
		arrived = s.tokens == 0 || s.reached(at)
	case s.goal == toEnd:
		arrived = s.reached(at)
	case s.goal == toStep:
		arrived = at >= s.target
	}
	if arrived {
		s.arrive(moved)
	}
	if s.goal == noGoal || s.pace.due() {
		s.show()
	}
}

// onward takes one step of the run.
func (s *state) onward() (moved bool, err error) {
	if s.goal == toLength {
		return s.tape.Record()
	}
	return s.tape.Forward()
}

// arrive ends a walk, and begins the next one where the link names a longer run than its step.
func (s *state) arrive(moved bool) {
	s.goal = noGoal
	if moved && s.length > s.tape.Len() {
		s.goal, s.target = toLength, s.length-1
		return
	}
	if s.stopped && s.length == s.tape.Len() {
		s.tape.End(sim.FinishStop)
	}
	s.length, s.stopped = 0, false
}
