package room

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// turns is where all rooms of the process take turns: each piece of work of a room (a
// command, a step of a walk, a frame) is one, and of those who wait the room goes first
// that has used least. So neither a flood of commands nor many long runs keep another
// room's press waiting for longer than the pieces that are being worked on.
//
// Rooms at work leave one processor to everything else: reading sockets, writing them,
// and presses. With all of them taken, Go looks at its sockets every 10 ms only.
var turns = newTurnstile(max(1, runtime.GOMAXPROCS(0)-1), 2*runtime.GOMAXPROCS(0))

// turnstile lets some in at a time. A room that has rested, and now has something to do,
// finds places of its own, so that it need not wait for the long piece of another.
type turnstile struct {
	mu      sync.Mutex
	most    int // at a time
	all     int // with those who have rested
	inside  int
	level   time.Duration // what the last who was let in had used
	waiting []*account    // in the order in which they came
}

// Who has rested for rest times as long as it worked before, at most tired, may work for
// light without waiting for others.
const (
	rest  = 4
	tired = 100 * time.Millisecond
	light = 10 * time.Millisecond
)

// account is what the turnstile knows of a room.
type account struct {
	used   time.Duration // in all; who has been away is put on a level with the others
	worked time.Duration // since it rested
	fresh  bool          // has rested, and not worked for long since then
	since  time.Time     // of its last turn: its beginning, then its end
	in     chan struct{}
}

func newTurnstile(most, all int) *turnstile { return &turnstile{most: most, all: all} }

// enter returns when the room may work. idle tells that it had nothing to do until now.
func (t *turnstile) enter(p *account, idle bool) {
	t.mu.Lock()
	p.used = max(p.used, t.level)
	if idle && time.Since(p.since) >= rest*p.worked {
		p.worked, p.fresh = 0, true
	}
	p.fresh = p.fresh && p.worked < light
	if t.fits(p) {
		t.letIn(p)
		t.mu.Unlock()
		return
	}
	if p.in == nil {
		p.in = make(chan struct{}, 1)
	}
	t.waiting = append(t.waiting, p)
	t.mu.Unlock()
	<-p.in
}

// leave ends a turn and lets in those who can be.
func (t *turnstile) leave(p *account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	took := now.Sub(p.since)
	p.used, p.worked, p.since = p.used+took, min(p.worked+took, tired), now
	t.inside--
	for {
		next := t.least()
		if next == nil {
			return
		}
		t.waiting = slices.DeleteFunc(t.waiting, func(w *account) bool { return w == next })
		t.letIn(next)
		next.in <- struct{}{}
	}
}

// fits reports whether there is a place for one more.
func (t *turnstile) fits(p *account) bool {
	return t.inside < t.most || p.fresh && t.inside < t.all
}

func (t *turnstile) letIn(p *account) {
	t.inside++
	t.level = max(t.level, p.used)
	p.since = time.Now()
}

// least returns the one of those for whom there is a place that has used least, nil if
// there is none.
func (t *turnstile) least() (least *account) {
	for _, w := range t.waiting {
		if t.fits(w) && (least == nil || w.used < least.used) {
			least = w
		}
	}
	return least
}
