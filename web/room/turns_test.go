package room

import (
	"fmt"
	"testing"
	"time"

	"kvstep/sim/lens"
	"kvstep/web/wire"
)

// TestTurns: as many rooms work at a time as may, of those who wait the one that has
// used least is next, and one that had nothing to do does not wait.
func TestTurns(t *testing.T) {
	s := newTurnstile(1, 3)
	walker := account{used: 5 * time.Second}
	s.enter(&walker, false)
	if s.level != 5*time.Second {
		t.Errorf("level %v", s.level)
	}
	idle := [3]account{}
	for i := range idle[:2] { // at once, beside the walker
		s.enter(&idle[i], true)
		if idle[i].used != 5*time.Second {
			t.Errorf("who has been away has %v to spare", s.level-idle[i].used)
		}
	}
	let := make(chan string, 8)
	wait := func(name string, used time.Duration, idle bool) {
		p := &account{used: used}
		before := len(s.waiting)
		go func() { s.enter(p, idle); let <- name; s.leave(p) }()
		for here := before; here == before; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			here = len(s.waiting)
			s.mu.Unlock()
		}
	}
	wait("much", 9*time.Second, false)
	wait("little", 6*time.Second, false)
	wait("less, from idling", 0, true)
	select {
	case name := <-let:
		t.Fatalf("%s is let in where there is no place", name)
	default:
	}
	next := func(want string) {
		t.Helper()
		if name := <-let; name != want {
			t.Fatalf("%s goes first, want %s", name, want)
		}
	}
	s.leave(&idle[0])
	next("less, from idling")
	s.leave(&idle[1])
	s.leave(&walker)
	next("little")
	next("much")
	if s.mu.Lock(); s.inside != 0 || len(s.waiting) != 0 {
		t.Errorf("%d inside, %d wait", s.inside, len(s.waiting))
	}
	s.mu.Unlock()
}

// TestNewerCommandsReplace: of picks, places, breakpoints, bookmarks and pauses one after
// the other the newest is carried out; nothing else is left out.
func TestNewerCommandsReplace(t *testing.T) {
	v := newViewer(t)
	l := newLines()
	step := wire.Command{Cmd: "forward", By: "layer"}
	for _, c := range []wire.Command{
		{Cmd: "pick", View: lens.View{Head: 1}}, {Cmd: "pick", View: lens.View{Head: 2}},
		step, step,
		{Cmd: "seek", Step: 1}, {Cmd: "seek", Step: 2, View: lens.View{Op: "q"}}, {Cmd: "seek", Step: 3}, // which does not say what to look at
		{Cmd: "pick", View: lens.View{Head: 3}},
		{Cmd: "mark", Marks: []int{1}}, {Cmd: "mark", Marks: []int{2}},
		{Cmd: "fork", Token: 1}, {Cmd: "fork", Token: 2},
	} {
		l.put(v, c)
	}
	got := ""
	for _, c, ok := l.take(); ok; _, c, ok = l.take() {
		got += fmt.Sprintf("%s %d %d %v %d, ", c.Cmd, c.Head, c.Step, c.Marks, c.Token)
	}
	if want := "pick 2 0 [] 0, forward 0 0 [] 0, forward 0 0 [] 0, seek 0 2 [] 0, seek 0 3 [] 0, pick 3 0 [] 0, mark 0 0 [2] 0, fork 0 0 [] 1, fork 0 0 [] 2, "; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestViewersTakeTurns: whoever has sent one command waits for one of another viewer, not
// for all of them; who has a full line waits until it is shorter; the end of the room
// lets everyone go.
func TestViewersTakeTurns(t *testing.T) {
	a, b := newViewer(t), newViewer(t)
	l := newLines()
	for range maxLine {
		l.put(a, wire.Command{Cmd: "forward", By: "layer"})
	}
	l.put(b, wire.Command{Cmd: "stop"})
	full := make(chan bool)
	go func() { l.put(a, wire.Command{Cmd: "forward", By: "token"}); full <- true }()
	l.put(a, wire.Command{Cmd: leave}) // is never kept waiting
	select {
	case <-full:
		t.Error("a full line takes more")
	case <-time.After(20 * time.Millisecond):
	}
	l.take()
	if v, c, _ := l.take(); v != Viewer(b) || c.Cmd != "stop" {
		t.Errorf("%s goes first", c.Cmd)
	}
	for range 2 { // what was above the limit, too
		l.take()
	}
	<-full
	for len(l.waiting[a]) < maxLine {
		l.put(a, wire.Command{Cmd: "forward", By: "layer"})
	}
	go func() { l.put(a, wire.Command{Cmd: "forward", By: "token"}); full <- true }()
	l.end()
	<-full
	if _, _, ok := l.take(); ok {
		t.Error("commands after the end")
	}
}

// TestAFloodDoesNotHoldUpOthers: a viewer who sends picks without end does not keep the
// others of a room from going on, nor its walk.
func TestAFloodDoesNotHoldUpOthers(t *testing.T) {
	r, flooder, v := start(t), newViewer(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	v.until(-1)
	over := make(chan bool)
	done := make(chan bool)
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			case <-flooder.frames:
			case <-flooder.problems:
			default:
				r.Do(flooder, wire.Command{Cmd: "pick", View: lens.View{Head: i % 4}})
			}
		}
	}()
	for n := range 8 {
		r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
		v.until(n)
	}
	r.Do(v, wire.Command{Cmd: "forward", By: "end"})
	v.until(23)
	close(over)
	<-done
}

// TestWhoWorksIsNotFresh: a room that works much has to be idle before it finds a place of its
// own again, however short its pauses are in which it has nothing to do.
func TestWhoWorksIsNotFresh(t *testing.T) {
	s := newTurnstile(1, 2)
	p := account{}
	s.enter(&p, true)
	p.since = p.since.Add(-50 * time.Millisecond) // it takes so long
	s.leave(&p)
	if s.enter(&p, true); p.fresh {
		t.Error("fresh without being idle")
	}
	s.leave(&p)
	p.since = p.since.Add(-idleFactor * maxWorked)
	if s.enter(&p, true); !p.fresh {
		t.Error("not fresh after a long while idle")
	}
	s.leave(&p)
	if s.enter(&p, false); !p.fresh {
		t.Error("a press of two pieces waits before the second")
	}
	p.since = p.since.Add(-2 * freshTime)
	s.leave(&p)
	if s.enter(&p, false); p.fresh {
		t.Error("fresh after long work")
	}
	s.leave(&p)
}

// TestBorrowedSlots: a room at work gets more of them as far as they are free, whoever waits
// is let in when they go back, and what was used there counts.
func TestBorrowedSlots(t *testing.T) {
	two := newTurnstile(1, 4)
	if two.enter(&account{}, true); two.borrow(9) != 1 {
		t.Error("who is alone does not get the other processor")
	}
	if two.borrow(9) != 0 {
		t.Error("a third of two")
	}
	s := newTurnstile(3, 6)
	var crowded bool
	s.crowded = func(is bool) { crowded = is }
	p, other := account{}, account{}
	if s.enter(&p, false); crowded {
		t.Error("one is a crowd")
	}
	if n := s.borrow(-1); n != 0 {
		t.Errorf("%d slots for nothing", n)
	}
	if n := s.borrow(5); n != 2 || s.inside != 3 {
		t.Errorf("%d of three slots, %d inside", n, s.inside)
	}
	in := make(chan bool)
	go func() { s.enter(&other, false); in <- true }()
	for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		waiting = len(s.waiting)
		s.mu.Unlock()
	}
	s.giveBack(&p, 2, 5*time.Second)
	<-in
	if p.used < 5*time.Second || p.worked != maxWorked || s.inside != 2 {
		t.Errorf("used %v, of late %v; %d inside", p.used, p.worked, s.inside)
	}
	if n := s.borrow(9); n != 1 {
		t.Errorf("%d slots, where one is left", n)
	}
	s.giveBack(&p, 1, 0)
	if !crowded {
		t.Error("two are no crowd")
	}
	if s.leave(&other); crowded {
		t.Error("one who is left is a crowd")
	}
}
