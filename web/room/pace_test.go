package room

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

const (
	stepTime  = 2 * time.Millisecond // of a step of the runs in these tests
	frameTime = 8 * time.Millisecond // of writing a frame
)

// timed is a room in which time passes only where steps are made and frames are written.
type timed struct {
	*state
	written int
	order   []*counter // who was sent frames
}

// counter is a viewer that counts.
type counter struct {
	in     *timed
	frames int
}

func (c *counter) Frame(*Encoded)         { c.frames++; c.in.order = append(c.in.order, c) }
func (c *counter) Problem(p *sim.Problem) { panic(p) }
func (c *counter) Loading([]byte)         {}

func newTimed(t *testing.T, views ...lens.View) (r *timed, viewers []*counter) {
	models, _ := testLibrary(t)
	r = &timed{state: newState(t.Context(), models, func() float64 { return 0 })}
	r.gate = newTurnstile(1, 2)
	steps := r.steps
	r.steps = func(ctx context.Context, m *library.Loaded, rec sim.Recipe, clock run.Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			for step, err := range steps(ctx, m, rec, clock, prefix...) {
				time.Sleep(stepTime)
				if !yield(step, err) {
					return
				}
			}
		}
	}
	r.encode = func(_ *wire.Frame, langs []string) [][]byte {
		time.Sleep(frameTime)
		r.written++
		return make([][]byte, len(langs))
	}
	for _, view := range views {
		v := &counter{in: r}
		viewers = append(viewers, v)
		r.do(v, wire.Command{Cmd: "open", Link: "?model=random&tokens=1,2,3&new=60"})
		r.do(v, wire.Command{Cmd: "pick", View: view})
	}
	return r, viewers
}

// do gives a command and returns when nothing is left to do, and how long that took.
func (r *timed) do(v Viewer, c wire.Command) time.Duration {
	began := time.Now()
	for r.turn(func(s *state) { s.command(v, c) }); r.busy(); r.turn(nil) {
	}
	return time.Since(began)
}

// TestShowingTakesABoundedShareOfAWalk: however many viewers look at whatever, their frames take
// at most a tenth of a walk, and those of its end come on top. Equal ones are written once. The
// one who has pressed is served first, and the others in turn.
func TestShowingTakesABoundedShareOfAWalk(t *testing.T) {
	several := func(n int) (views []lens.View) {
		for i := range n {
			views = append(views, lens.View{Head: i % 4, Op: []string{"", "q", "k", "v"}[i/4%4], Unit: []string{"", "mac"}[i/16%2], Show: []string{"rows", "heads"}[:i/32]})
		}
		return views
	}
	for _, x := range []struct {
		name             string
		views            []lens.View
		different, least int // frames of the walk that whoever has pressed gets
	}{{"one", several(1), 1, 5}, {"equal", make([]lens.View, 64), 1, 5}, {"different", several(64), 64, 3}} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, viewers := newTimed(t, x.views...)
				defer r.closeAll()
				r.written, r.order = 0, nil
				for _, v := range viewers {
					v.frames = 0
				}
				took := r.do(viewers[0], wire.Command{Cmd: "forward", By: "end"})
				walked := time.Duration(r.tape.Len()) * stepTime
				end := time.Duration(x.different) * frameTime
				if most := walked + walked/walkFactor + frameTime + end; took > most {
					t.Errorf("%v for a walk of %v, want at most %v", took, walked, most)
				}
				if got := viewers[0].frames - 1; got < x.least {
					t.Errorf("who has pressed got %d frames of the walk", got)
				}
				if r.written > int((walked/walkFactor+frameTime+end)/frameTime) || x.different == 1 && r.written != viewers[0].frames {
					t.Errorf("%d frames are written, who has pressed got %d", r.written, viewers[0].frames)
				}
				if last := r.order[len(r.order)-len(viewers):]; last[0] != viewers[0] {
					t.Error("who has pressed is not the first to see the end")
				}
				seen := 0
				for _, v := range viewers {
					if v.frames > 1 {
						seen++
					}
				}
				if want := min(len(viewers), 1+x.least); seen < want {
					t.Errorf("%d of %d saw anything of the walk, want %d", seen, len(viewers), want)
				}
			})
		})
	}
}

// TestPressesStarveNobody: while one viewer presses again and again before all have seen what came of
// it, every other one is sent a frame in turn.
func TestPressesStarveNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, viewers := newTimed(t, lens.View{}, lens.View{Head: 1}, lens.View{Head: 2}, lens.View{Head: 3})
		defer r.closeAll()
		for _, v := range viewers {
			v.frames = 0
		}
		for range 400 {
			r.turn(func(s *state) { s.command(viewers[0], wire.Command{Cmd: "forward", By: "layer"}) })
		}
		for i, v := range viewers {
			if least := []int{3, 1, 1, 1}[i]; v.frames < least {
				t.Errorf("viewer %d got %d frames, want %d", i, v.frames, least)
			}
		}
	})
}

// TestAWalkIsShownOften: where showing costs next to nothing, a frame comes every 40 ms and no more
// often.
func TestAWalkIsShownOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, viewers := newTimed(t, lens.View{})
		defer r.closeAll()
		r.encode = func(_ *wire.Frame, langs []string) [][]byte { return make([][]byte, len(langs)) }
		viewers[0].frames = 0
		took := r.do(viewers[0], wire.Command{Cmd: "forward", By: "end"})
		if n, want := viewers[0].frames, int(took/framePause); n < want || n > want+2 {
			t.Errorf("%d frames in %v", n, took)
		}
	})
}

// TestFramesWaitForBreakpointsNotForLong: a search through what is recorded goes before frames, but
// after a while they come in between.
func TestFramesWaitForBreakpointsNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, viewers := newTimed(t, lens.View{})
		defer r.closeAll()
		r.do(viewers[0], wire.Command{Cmd: "forward", By: "end"})
		viewers[0].frames = 0
		r.turn(func(s *state) { s.command(viewers[0], wire.Command{Cmd: "break", Breaks: []string{"layer:1"}}) })
		if r.turn(nil); viewers[0].frames > 0 {
			t.Error("the search does not go first")
		}
		time.Sleep(framePause)
		if r.turn(nil); viewers[0].frames != 1 || !r.unseen() {
			t.Errorf("%d frames while the search goes on", viewers[0].frames)
		}
		for r.busy() {
			r.turn(nil)
		}
	})
}
