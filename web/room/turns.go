package room

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"kvstep/sim/mat"
)

// turns schedules the work of all rooms of the process. A turn is one piece of work: a
// command, a step of a walk, a frame. When several rooms wait, the room that has used the
// least time goes first. So another room's press waits only for the pieces that are being
// worked on, whatever floods of commands and long runs there are.
//
// Rooms at work leave one processor to everything else: reading sockets, writing them,
// and presses. With all processors taken, Go looks at its sockets every 10 ms only.
// A room that is alone at work may have them all for a large product; with others beside it each
// has its own only (mat.Crowded).
var turns = func() *turnstile {
	t := newTurnstile(max(1, runtime.GOMAXPROCS(0)-1), 2*runtime.GOMAXPROCS(0))
	t.crowded = mat.Crowded.Store
	return t
}()

// KeepListening has Go use one processor more than there are, for a server: helpers spin while they
// wait for the next piece of a room's work (mat.Share), and one that has the last processor would
// leave the sockets to the 10 ms again. So the operating system decides between a helper and
// whoever waits for sockets, and wakes the latter at once.
func KeepListening() { listening() }

var listening = sync.OnceFunc(func() {
	mat.MaxThreads = runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(mat.MaxThreads + 1)
})

// turnstile lets a limited number of rooms work at a time. Some slots are only for rooms
// that were idle: these need not wait for the long piece of another room.
type turnstile struct {
	mu      sync.Mutex
	most    int // rooms that work at a time
	all     int // the same, with those that were idle
	inside  int
	level   time.Duration // time that the last room let in had used
	waiting []*account    // oldest first
	crowded func(bool)    // is told whether more than one room works or waits
}

// A room counts as idle again after idleFactor times the time that it worked, of which
// maxWorked counts at most. It may then work for freshTime in a slot for idle rooms.
const (
	idleFactor = 4
	maxWorked  = 100 * time.Millisecond
	freshTime  = 10 * time.Millisecond
)

// account is what the turnstile knows of a room.
type account struct {
	used   time.Duration // in all; raised to level when the room comes back
	worked time.Duration // since it was idle
	fresh  bool          // it was idle, and has not worked for long since
	since  time.Time     // when its last turn began, or ended
	in     chan struct{}
}

func newTurnstile(most, all int) *turnstile {
	return &turnstile{most: most, all: all, crowded: func(bool) {}}
}

// tell tells whether rooms have to share the processors. The mutex is held.
func (t *turnstile) tell() { t.crowded(t.inside+len(t.waiting) > 1) }

// enter returns when the room may work; idle says that it had nothing to do until now.
func (t *turnstile) enter(p *account, idle bool) {
	t.mu.Lock()
	p.used = max(p.used, t.level)
	if idle && time.Since(p.since) >= idleFactor*p.worked {
		p.worked, p.fresh = 0, true
	}
	p.fresh = p.fresh && p.worked < freshTime
	if t.fits(p) {
		t.letIn(p)
		t.mu.Unlock()
		return
	}
	if p.in == nil {
		p.in = make(chan struct{}, 1)
	}
	t.waiting = append(t.waiting, p)
	t.tell()
	t.mu.Unlock()
	<-p.in
}

// leave ends a turn, and lets in the rooms for which there is a slot now.
func (t *turnstile) leave(p *account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	took := now.Sub(p.since)
	p.used, p.worked, p.since = p.used+took, min(p.worked+took, maxWorked), now
	t.inside--
	t.admit()
}

// cores returns how many slots a room may have that is alone.
func (t *turnstile) cores() int { return max(t.most, t.all/2) }

// borrow takes up to n more slots for a room that is at work, of those that are free: every
// processor where it is alone, as its products may have (mat.Crowded).
func (t *turnstile) borrow(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	free := t.most - t.inside
	if t.inside == 1 && len(t.waiting) == 0 {
		free = t.cores() - 1
	}
	n = max(0, min(n, free))
	t.inside += n
	t.tell()
	return n
}

// giveBack ends what a room did in n more slots, and what it used there.
func (t *turnstile) giveBack(p *account, n int, used time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.used, p.worked = p.used+used, min(p.worked+used, maxWorked)
	t.inside -= n
	t.admit()
}

// admit lets in the rooms that wait, as far as there are slots. The mutex is held.
func (t *turnstile) admit() {
	for {
		next := t.least()
		if next == nil {
			t.tell()
			return
		}
		t.waiting = slices.DeleteFunc(t.waiting, func(w *account) bool { return w == next })
		t.letIn(next)
		next.in <- struct{}{}
	}
}

// fits reports whether there is a slot for one more room.
func (t *turnstile) fits(p *account) bool {
	return t.inside < t.most || p.fresh && t.inside < t.all
}

func (t *turnstile) letIn(p *account) {
	t.inside++
	t.tell()
	t.level = max(t.level, p.used)
	p.since = time.Now()
}

// least returns the waiting room that has used the least time, of those for which there is
// a slot; nil if there is none.
func (t *turnstile) least() (least *account) {
	for _, w := range t.waiting {
		if t.fits(w) && (least == nil || w.used < least.used) {
			least = w
		}
	}
	return least
}
