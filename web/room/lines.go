package room

import (
	"slices"
	"sync"

	"kvstep/web/wire"
)

// leave is the command that a viewer's line ends with. No message is read as it.
const leave = "leave"

// maxLine is how many commands of one viewer wait; a viewer that sends more waits too.
const maxLine = 32

// lines hold the commands that viewers have sent and the room has not carried out: one line
// for each viewer, from which the room takes a command in turn. A command that a newer one
// makes void is not carried out at all.
type lines struct {
	ready chan struct{} // holds one token while anybody waits

	mu      *sync.Mutex
	shorter *sync.Cond // a line has got shorter, or the room is over
	waiting map[Viewer][]wire.Command
	order   []Viewer // those who wait, the next one first
	closed  bool
}

func newLines() lines {
	mu := new(sync.Mutex)
	return lines{ready: make(chan struct{}, 1), mu: mu, shorter: sync.NewCond(mu), waiting: map[Viewer][]wire.Command{}}
}

// put adds a command to a viewer's line.
func (l *lines) put(v Viewer, c wire.Command) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting[v]) >= maxLine && c.Cmd != leave && !l.closed && !replaces(c, l.waiting[v]) {
		l.shorter.Wait()
	}
	if l.closed {
		return
	}
	line := l.waiting[v]
	if len(line) == 0 {
		l.order = append(l.order, v)
	}
	if replaces(c, line) {
		line = line[:len(line)-1]
	}
	l.waiting[v] = append(line, c)
	l.ring()
}

// replaces reports whether a command leaves nothing of the last that waits: a newer pick,
// place, list of breakpoints or of bookmarks is all that counts.
func replaces(c wire.Command, line []wire.Command) bool {
	if len(line) == 0 || line[len(line)-1].Cmd != c.Cmd {
		return false
	}
	switch c.Cmd {
	case "pick", "break", "mark", "pause":
		return true
	case "seek": // which may look at an op from there
		return c.Op != "" || line[len(line)-1].Op == ""
	}
	return false
}

// next carries out one command, of the viewer who has waited longest.
func (l *lines) next(s *state) {
	v, c, ok := l.take()
	if !ok {
		return
	}
	if c.Cmd == leave {
		delete(s.seats, v)
		if s.walker == v {
			s.walker = nil
		}
		return
	}
	s.command(v, c)
}

func (l *lines) take() (v Viewer, c wire.Command, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) == 0 {
		return nil, c, false
	}
	v = l.order[0]
	l.order = slices.Delete(l.order, 0, 1)
	line := l.waiting[v]
	if len(line) == 1 {
		delete(l.waiting, v)
	} else {
		l.waiting[v] = line[1:]
		l.order = append(l.order, v)
	}
	if len(l.order) > 0 {
		l.ring()
	}
	l.shorter.Broadcast()
	return v, line[0], true
}

// end lets everyone go who waits for room in a line.
func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	clear(l.waiting)
	l.order = nil
	l.shorter.Broadcast()
}

func (l *lines) ring() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}
