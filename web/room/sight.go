package room

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// sight is what a viewer looks at, which is all that their frames depend on beside their
// language. It is replaced as a whole, so that its key never names another one.
type sight struct {
	pick  lens.View
	marks []int
	key   unique.Handle[string] // equal for those who see the same
}

func newSight(pick lens.View, marks []int) sight {
	return sight{pick, marks, unique.Make(string(plain.JSON(struct {
		Pick  lens.View
		Marks []int
	}{pick, marks})))}
}

// look gives a viewer something else to look at.
func (seat *seat) look(pick lens.View) { seat.sight = newSight(pick, seat.marks) }

// mark gives a viewer other bookmarks.
func (seat *seat) mark(marks []int) { seat.sight = newSight(seat.pick, marks) }

// scene is a frame for all who see the same, in each of their languages.
type scene struct {
	sight
	seq    int
	first  Viewer // who waits for it longest, or has asked
	langs  []string
	shared []bool     // as langs: several read it
	frames []*Encoded // as langs
	err    error      // why there are none

	written bool // or tried to
}

// scenes returns what is owed, the most urgent first, and at most so many.
func (s *state) scenes(most int) (list []*scene) {
	for len(list) < most {
		v := s.nextDue(list)
		if v == nil {
			return list
		}
		x := &scene{sight: s.seats[v].sight, first: v}
		for _, seat := range s.seats {
			if !seat.due || seat.key != x.key {
				continue
			}
			if i := slices.Index(x.langs, seat.lang); i >= 0 {
				x.shared[i] = true
			} else {
				x.langs, x.shared = append(x.langs, seat.lang), append(x.shared, false)
			}
		}
		list = append(list, x)
	}
	return list
}

// nextDue returns the viewer whose frame is the next beside those in the list: the one who has
// asked for it, else the one who was sent their last frame first. Who asks gets every other frame
// of a walk, its end in any case, and of what comes of one press after the other two of three.
func (s *state) nextDue(beside []*scene) (next Viewer) {
	waits := func(seat *seat) bool {
		return seat != nil && seat.due && !slices.ContainsFunc(beside, func(x *scene) bool { return x.key == seat.key })
	}
	most := 2
	if s.goal != noGoal {
		most = 1
	}
	if waits(s.seats[s.walker]) && s.ahead < most {
		return s.walker
	}
	for v, seat := range s.seats {
		if waits(seat) && (next == nil || seat.seq < s.seats[next].seq) {
			next = v
		}
	}
	return next
}

// A piece of showing begins frames for so long, and so many at most: those of one moment cost less
// together, since what their views have in common is written once.
const (
	pieceTime   = time.Millisecond
	pieceScenes = 8
)

// showNext sends frames, each to all who see the same; on free processors they are written beside each other.
func (s *state) showNext() {
	began := time.Now()
	list := s.scenes(pieceScenes)
	if s.parts == nil && len(s.seats) > 1 {
		s.parts = &wire.Parts{}
	}
	for _, x := range list {
		s.seq++
		x.seq = s.seq
	}
	var next, used atomic.Int64
	write := func() (took time.Duration) {
		for n := next.Add(1) - 1; n < int64(len(list)) && (n == 0 || time.Since(began) < s.piece); n = next.Add(1) - 1 {
			took += s.write(list[n])
		}
		return took
	}
	lent := s.gate.borrow(min(s.gate.cores(), len(list)) - 1)
	var beside sync.WaitGroup
	for range lent {
		beside.Go(func() { used.Add(int64(write())) })
	}
	write()
	beside.Wait()
	s.gate.giveBack(&s.place, lent, time.Duration(used.Load()))
	for _, x := range list {
		if x.written {
			s.deliver(x)
		}
	}
	if !s.owes() {
		s.parts = nil
	}
	if s.ahead++; list[0].first != s.walker || !s.owes() {
		s.ahead = 0
	}
	s.pace.shown(began)
}

// write makes the frames of a scene, and returns how long that took. It only reads the room, which
// waits for it. Much of a moment is derived from the weights, so frames of a model whose files are others
// by then are not sent.
func (s *state) write(x *scene) time.Duration {
	began := time.Now()
	x.err = wall.Around("frame", func() string { return s.link(x.sight).Query() }, func() error {
		return library.Guarded(s.checkUnchanged, func() error {
			for i, data := range s.encode(s.moment(x.sight, x.seq), x.langs) {
				x.frames = append(x.frames, &Encoded{Data: data, Shared: x.shared[i]})
			}
			return s.checkUnchanged()
		})
	})
	x.written = true
	return time.Since(began)
}

// checkUnchanged refuses a model whose files are no longer what was opened.
func (s *state) checkUnchanged() error {
	if s.model == nil {
		return nil
	}
	return s.model.CheckUnchanged()
}

// deliver sends the frames of a scene to those who wait for them. One that could not be written is
// told to them alone, who look at nothing in particular from then on; if even that
// cannot be written for anyone, the room leaves the moment.
func (s *state) deliver(x *scene) {
	if x.err == nil {
		s.good, s.fell = moment{s.branch, s.tape.Cursor()}, 0
	}
	s.hand(x, x.first)
	for v, seat := range s.seats {
		if seat.due && seat.key == x.key {
			s.hand(x, v)
		}
	}
	if x.err == nil {
		return
	}
	if !s.owes() && s.good != (moment{s.branch, s.tape.Cursor()}) { // nobody can see it
		s.fall()
	}
}

// hand sends one viewer their frame of a scene, or why there is none.
func (s *state) hand(x *scene, v Viewer) {
	seat := s.seats[v]
	seat.due, seat.seq = false, x.seq
	if x.err == nil {
		v.Frame(x.frames[slices.Index(x.langs, seat.lang)])
		return
	}
	v.Problem(problemOf(x.err))
	if !s.isDefaultPick(seat.pick) {
		seat.look(lens.View{})
		seat.due = true
	}
}
