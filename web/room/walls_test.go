package room

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/token"
	"kvstep/web/wall/walltest"
	"kvstep/web/wire"
)

// fault is a panic that is put into one of the rooms of a test.
type fault struct {
	engine atomic.Int64 // the step that panics, and 1; 0: none
	frame  atomic.Bool  // frames with an op
	cell   atomic.Bool  // frames with an explanation
	every  atomic.Bool  // all frames
}

func (f *fault) put(s *state) {
	steps, encode := s.steps, s.encode
	s.steps = func(ctx context.Context, m *library.Loaded, r sim.Recipe, clock run.Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			for step, err := range steps(ctx, m, r, clock, prefix...) {
				if f.engine.Load() == int64(step.N)+1 {
					panic("engine")
				}
				if !yield(step, err) {
					return
				}
			}
		}
	}
	s.encode = func(m *wire.Frame, langs []string) [][]byte {
		switch {
		case f.every.Load(), f.frame.Load() && m.View.Op != "", f.cell.Load() && len(m.View.Trail) > 0:
			panic(errors.New("frame"))
		}
		return encode(m, langs)
	}
}

// a panic that a viewer is told of; nil if none has come.
func (v *viewer) panicked() *sim.Problem {
	select {
	case p := <-v.problems:
		if p.ID != "panic" {
			v.t.Errorf("problem %v", p)
		}
		return p
	default:
		return nil
	}
}

// TestPanicsStayInTheirRoom: 64 viewers in eight rooms. What panics in the engine of one
// room is told to its eight viewers, what panics while a frame is written to the one
// whose frame it is; all others get every frame, and so do these from then on.
func TestPanicsStayInTheirRoom(t *testing.T) {
	log := walltest.Listen(t)
	models, _ := testLibrary(t)
	const mined = 3
	var f fault
	var rooms [8]*Room
	var viewers [8][8]*viewer
	for i := range rooms {
		rooms[i] = begin(context.Background(), models, func(s *state) {
			if i == mined {
				f.put(s)
			}
		})
		t.Cleanup(rooms[i].Close)
		for j := range viewers[i] {
			viewers[i][j] = newViewer(t)
			rooms[i].Do(viewers[i][j], wire.Command{Cmd: "open", Link: link})
			viewers[i][j].until(-1)
		}
	}
	step := func(n, expected int) { // everyone goes on to step n; the mined room to another
		t.Helper()
		for i, r := range rooms {
			r.Do(viewers[i][0], wire.Command{Cmd: "forward", By: "layer"})
			for _, v := range viewers[i] {
				if i == mined {
					v.until(expected)
				} else {
					v.until(n)
				}
			}
		}
	}
	quiet := func(who func(room, viewer int) bool, where string) {
		t.Helper()
		for i := range rooms {
			for j, v := range viewers[i] {
				p := v.panicked()
				if (p != nil) != who(i, j) {
					t.Errorf("viewer %d of room %d: %v", j, i, p)
				}
				if p != nil && (p.Args["Where"] != where || !strings.Contains(p.Args["Recipe"].(string), "tokens=1%2C2%2C3%2C4%2C5")) {
					t.Errorf("told %v, want %s", p, where)
				}
				if p := v.panicked(); p != nil {
					t.Errorf("told twice: %v", p)
				}
			}
		}
		if lines := log.Take(); len(lines) != 1 || !strings.Contains(lines[0], "where="+where) || !strings.Contains(lines[0], "walls_test.go") {
			t.Errorf("%d lines logged: %.300q", len(lines), lines)
		}
	}
	step(0, 0)
	step(1, 1)

	// The frame of one viewer.
	f.frame.Store(true)
	f.cell.Store(true)
	for where, pick := range map[string]lens.View{"op": {Op: "q", Head: 2}, "cell": {Head: 1, Trail: opTrail}} {
		rooms[mined].Do(viewers[mined][5], wire.Command{Cmd: "pick", View: pick})
		var p struct{ Head int }
		if get(t, viewers[mined][5].until(1), "pick", &p); p.Head != 0 {
			t.Errorf("%s: looks at head %d still", where, p.Head)
		}
		quiet(func(i, j int) bool { return i == mined && j == 5 }, "frame")
	}
	step(2, 2)

	// The engine of one room.
	f.engine.Store(4)
	step(3, 2)
	quiet(func(i, _ int) bool { return i == mined }, "engine")
	step(4, 2) // only who presses again hears of it again, and nothing is run
	for j, v := range viewers[mined] {
		if p := v.panicked(); (p != nil) != (j == 0) {
			t.Errorf("viewer %d: %v", j, p)
		}
	}
	if lines := log.Take(); len(lines) > 0 {
		t.Errorf("logged again: %q", lines)
	}
	rooms[mined].Do(viewers[mined][2], wire.Command{Cmd: "back", By: "layer"}) // what is recorded is there
	for _, v := range viewers[mined] {
		v.until(1)
	}
	f.engine.Store(0)
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2}, MaxNew: 2})
	rooms[mined].Do(viewers[mined][7], wire.Command{Cmd: "run", Recipe: &rec})
	for _, v := range viewers[mined] {
		v.until(-1)
	}
	step(5, 0)
}

// TestAMomentThatCannotBeShown: the room goes back to the last that could be; where none
// can, it has no run, but lives.
func TestAMomentThatCannotBeShown(t *testing.T) {
	walltest.Listen(t)
	models, _ := testLibrary(t)
	var at, all atomic.Bool
	r := begin(context.Background(), models, func(s *state) {
		encode := s.encode
		s.encode = func(m *wire.Frame, langs []string) [][]byte {
			if all.Load() || at.Load() && m.Step != nil && m.Step.N == 2 {
				panic("frame")
			}
			return encode(m, langs)
		}
	})
	t.Cleanup(r.Close)
	v, w := newViewer(t), newViewer(t)
	for _, x := range []*viewer{v, w} {
		r.Do(x, wire.Command{Cmd: "open", Link: link + "&step=1"})
		x.until(1)
	}
	at.Store(true)
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	for _, x := range []*viewer{v, w} {
		x.problem("panic")
		x.until(1)
	}
	at.Store(false)
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	v.until(2)
	w.until(2)

	all.Store(true)
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	for range 3 { // there, where it was, and before the default run
		v.problem("panic")
		w.problem("panic")
	}
	all.Store(false)
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	v.problem("command.bad") // no run is open
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=4"})
	v.until(4)
	w.until(4)
}

// bomb is a tokenizer that goes off when a text is encoded.
type bomb struct{ token.Tokenizer }

func (bomb) Encode(string) []int { panic("the bomb went off") }

// TestACommandThatPanics: a link or a recipe that does is told to everyone in the room
// with itself, and the run on screen stays, or the default one is there; where that
// panics too, the room lives without one.
func TestACommandThatPanics(t *testing.T) {
	log := walltest.Listen(t)
	story, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	given, _ := testLibrary(t)
	random, err := given.Get("random")
	if err != nil {
		t.Fatal(err)
	}
	mined := &library.Loaded{Name: "mined", Model: story.Model, Tokenizer: bomb{story.Tokenizer}}
	const bad = "?model=mined&prompt=Once&step=3"
	told := func(v *viewer, recipe string) {
		t.Helper()
		p := <-v.problems
		if p.ID != "panic" || p.Args["Where"] != "room" || !strings.Contains(p.Args["Recipe"].(string), recipe) {
			t.Errorf("told %v, want %s", p, recipe)
		}
	}

	r, v, w := New(context.Background(), library.New(random, mined)), newViewer(t), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: bad})
	told(v, bad)
	if f := v.until(-1); modelOf(t, f) != "random" {
		t.Errorf("a run of %s", modelOf(t, f))
	}
	r.Do(w, wire.Command{Cmd: "open", Link: bad}) // joins
	w.until(-1)
	r.Do(w, wire.Command{Cmd: "forward", By: "token"})
	v.until(3)
	w.until(3)
	rec := recipe.Complete(sim.Recipe{Model: "mined", Prompt: "Once", MaxNew: 2})
	r.Do(w, wire.Command{Cmd: "run", Recipe: &rec})
	for _, x := range []*viewer{v, w} {
		told(x, "model=mined")
		x.until(3)
	}
	if lines := log.Take(); len(lines) != 2 {
		t.Errorf("%d lines logged: %.200q", len(lines), lines)
	}

	r, v = New(context.Background(), library.New(mined)), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: bad})
	v.problem("panic")
	v.problem("panic") // its default run
	r.Do(v, wire.Command{Cmd: "pause"})
	v.problem("command.bad")
	rec = recipe.Complete(sim.Recipe{Model: "mined", Tokens: []int{1, 2}, MaxNew: 2})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
	v.until(-1)
}

// TestAModelThatPanicsWhenOpened is told as any that cannot be opened, and can be tried
// again.
func TestAModelThatPanicsWhenOpened(t *testing.T) {
	log := walltest.Listen(t)
	models, c := testLibrary(t)
	random, err := models.Get("random")
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	models.Add(library.Source{Name: "mined", Config: func() (sim.Config, error) { return c, nil }, Open: func(checkpoint.Progress) (*library.Loaded, error) {
		if tries++; tries <= 2 {
			panic("no good")
		}
		return &library.Loaded{Name: "mined", Model: random.Model}, nil
	}})
	r, v := New(context.Background(), models), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=mined&tokens=1&new=2"})
	v.problem("panic")
	if f := v.until(-1); modelOf(t, f) != "random" {
		t.Errorf("a run of %s", modelOf(t, f))
	}
	r.Do(v, runOf("mined"))
	v.problem("panic")
	v.until(-1)
	if lines := log.Take(); len(lines) != 2 || !strings.Contains(lines[0], "where=model") {
		t.Errorf("logged %.200q", lines)
	}
	r.Do(v, runOf("mined"))
	if f := v.until(-1); modelOf(t, f) != "mined" {
		t.Errorf("a run of %s", modelOf(t, f))
	}
}

var opTrail = []explain.Ref{{Step: 1, Op: "scores", Head: 1}}

// clumsy is a viewer that stumbles over a frame, once.
type clumsy struct {
	*viewer
	armed bool
}

func (c *clumsy) Frame(f *Encoded) {
	if c.armed {
		c.armed = false
		panic("stumbled")
	}
	c.viewer.Frame(f)
}

// TestWorkThatPanics: what a room does by itself has a wall too.
func TestWorkThatPanics(t *testing.T) {
	walltest.Listen(t)
	models, _ := testLibrary(t)
	s := newState(context.Background(), models, func() float64 { return 0 })
	defer s.closeAll()
	v := &clumsy{viewer: newViewer(t)}
	do := func(c wire.Command) {
		for s.turn(func(s *state) { s.command(v, c) }); s.busy(); s.turn(nil) {
		}
	}
	do(wire.Command{Cmd: "open", Link: link + "&step=3"})
	v.until(3)
	v.armed = true
	do(wire.Command{Cmd: "forward", By: "layer"})
	v.problem("panic")
	v.until(-1) // of the default run
	do(wire.Command{Cmd: "forward", By: "layer"})
	v.until(0)
}
