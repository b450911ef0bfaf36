package room

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// viewer collects what a room sends it.
type viewer struct {
	frames   chan *checkpoint.File
	problems chan *sim.Problem
	loads    chan *wire.Loading // nil: it is over
	t        *testing.T
}

func newViewer(t *testing.T) *viewer {
	return &viewer{make(chan *checkpoint.File, 4096), make(chan *sim.Problem, 16), make(chan *wire.Loading, 4096), t}
}

func (v *viewer) Frame(e *Encoded) {
	f, err := checkpoint.ReadSafetensors(e.Data)
	if err != nil {
		v.t.Errorf("a frame is no safetensors file: %v", err)
		return
	}
	v.frames <- f
}

func (v *viewer) Problem(p *sim.Problem) { v.problems <- p }

func (v *viewer) Loading(data []byte) {
	var m struct{ Loading *wire.Loading }
	if err := json.Unmarshal(data, &m); err != nil {
		v.t.Errorf("%s: %v", data, err)
	}
	v.loads <- m.Loading
}

// next is the next frame's step number (-1 before the first).
func (v *viewer) next() int {
	v.t.Helper()
	select {
	case f := <-v.frames:
		return stepOf(v.t, f)
	case p := <-v.problems:
		v.t.Fatalf("problem instead of a frame: %v", p)
	case <-time.After(10 * time.Second):
		v.t.Fatal("no frame came")
	}
	return 0
}

// until reads frames until one stands at step n and the room has stopped.
func (v *viewer) until(n int) *checkpoint.File {
	v.t.Helper()
	for {
		select {
		case f := <-v.frames:
			var r struct{ Running bool }
			get(v.t, f, "run", &r)
			if stepOf(v.t, f) == n && !r.Running {
				return f
			}
		case <-time.After(10 * time.Second):
			v.t.Fatalf("step %d never came", n)
		}
	}
}

func (v *viewer) problem(id string) (args map[string]any) {
	v.t.Helper()
	select {
	case p := <-v.problems:
		if p.ID != id {
			v.t.Fatalf("problem %v, want %s", p, id)
		}
		args = p.Args
	case <-time.After(10 * time.Second):
		v.t.Fatalf("no problem came, want %s", id)
	}
	return args
}

func get(t *testing.T, f *checkpoint.File, key string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(f.Meta[key]), into); err != nil {
		t.Fatalf("%s: %v in %q", key, err, f.Meta[key])
	}
}

func stepOf(t *testing.T, f *checkpoint.File) int {
	var s *struct{ N int }
	if get(t, f, "step", &s); s == nil {
		return -1
	}
	return s.N
}

func testLibrary(t *testing.T) (*library.Library, sim.Config) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	c := modeltest.Config(r)
	c.Layers, c.Heads, c.KVHeads = 3, 4, 2
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	return library.New(&library.Loaded{Name: "random", Model: m}), c
}

func start(t *testing.T) *Room {
	t.Helper()
	models, _ := testLibrary(t)
	r := New(context.Background(), models)
	t.Cleanup(r.Close)
	return r
}

const link = "?model=random&tokens=1,2,3,4,5&new=6" // 4 steps a pass, 24 in all

func TestAWalkThroughARun(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	if n := v.next(); n != -1 {
		t.Fatalf("opened at %d", n)
	}
	for _, c := range []struct {
		cmd  wire.Command
		want int
	}{
		{wire.Command{Cmd: "forward", By: "layer"}, 0},
		{wire.Command{Cmd: "forward", By: "layer"}, 1},
		{wire.Command{Cmd: "forward", By: "token"}, 3},
		{wire.Command{Cmd: "forward", By: "token"}, 7},
		{wire.Command{Cmd: "back", By: "layer"}, 6},
		{wire.Command{Cmd: "back", By: "token"}, 3},
		{wire.Command{Cmd: "back", By: "token"}, -1},
		{wire.Command{Cmd: "seek", Step: 13}, 13},
		{wire.Command{Cmd: "seek", Step: 2}, 2},
		{wire.Command{Cmd: "seek", Step: 999}, 23},
		{wire.Command{Cmd: "seek", Step: -7}, -1},
		{wire.Command{Cmd: "forward", By: "end"}, 23},
		{wire.Command{Cmd: "forward", By: "layer"}, 23},
	} {
		r.Do(v, c.cmd)
		v.until(c.want)
	}
}

// TestTokensAddUp: asked for another token while it walks to one, the room goes on to
// that one too; any other command ends the walk, and what was owed with it.
func TestTokensAddUp(t *testing.T) {
	token := wire.Command{Cmd: "forward", By: "token"}
	for range 20 { // how far the walk is when the next command comes is left to chance
		r, v := start(t), newViewer(t)
		r.Do(v, wire.Command{Cmd: "open", Link: link})
		for range 3 {
			r.Do(v, token)
		}
		v.until(11)
		r.Do(v, token)
		r.Do(v, token)
		r.Do(v, wire.Command{Cmd: "seek", Step: 2})
		v.until(2)
		r.Do(v, token)
		v.until(3)
		r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
		v.until(4) // nothing was left to walk
	}
}

func TestPickIsOneViewersOwn(t *testing.T) {
	r, a, b := start(t), newViewer(t), newViewer(t)
	r.Do(a, wire.Command{Cmd: "open", Link: link + "&step=2"})
	a.until(2)
	r.Do(b, wire.Command{Cmd: "open", Link: "?model=random&tokens=9"}) // joins; does not restart
	if n := b.next(); n != 2 {
		t.Fatalf("a late joiner sees step %d", n)
	}
	layer := 1
	r.Do(b, wire.Command{Cmd: "pick", View: lens.View{Layer: &layer, Head: 3, Cell: &lens.Cell{Op: "probs", Row: 4, Col: 0}}})
	f := b.until(2)
	var p struct {
		Layer, Head, From int
		KVHead            int `json:"kv_head"`
		Follow            bool
	}
	if get(t, f, "pick", &p); p.Layer != 1 || p.Head != 3 || p.KVHead != 1 || p.Follow || p.From != 1 {
		t.Errorf("pick %+v", p)
	}
	var cell struct{ Value string }
	if get(t, f, "cell", &cell); cell.Value == "" {
		t.Error("no exact value of the picked cell")
	}
	if len(a.frames) != 0 {
		t.Error("a pick of one viewer sent a frame to another")
	}
	r.Do(a, wire.Command{Cmd: "forward", By: "layer"})
	if a.next() != 3 || b.next() != 3 {
		t.Error("a step must reach everyone")
	}
	r.Leave(b)
	r.Do(a, wire.Command{Cmd: "forward", By: "layer"})
	if a.next(); len(b.frames) != 0 {
		t.Error("who has left still gets frames")
	}
}

func TestRefusalsLoseNothing(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	v.problem("command.bad")
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=5"})
	v.until(5)
	long := recipe.Complete(sim.Recipe{Model: "random", Tokens: make([]int, 64), MaxNew: 9})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &long})
	v.problem("prompt.long")
	v.until(5)
	unknown := recipe.Complete(sim.Recipe{Model: "nobody", Tokens: []int{1}})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &unknown})
	v.problem("model.unknown")
	v.until(5)
	r.Do(v, wire.Command{Cmd: "fork", Token: 1})
	v.problem("fork.where")
	v.until(5)
}

func TestABadLinkOpensTheDefaultRun(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=nobody&step=4"})
	v.until(-1)
	v.problem("model.unknown")
}

func TestStopEndsTheRun(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=5"})
	v.until(5)
	r.Do(v, wire.Command{Cmd: "stop"})
	f := v.until(5)
	var info struct{ Ended string }
	if get(t, f, "run", &info); info.Ended != sim.FinishStop {
		t.Errorf("ended %q", info.Ended)
	}
	r.Do(v, wire.Command{Cmd: "forward", By: "end"})
	v.until(5)
}

func TestForkShowsTheOtherToken(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=7"})
	v.until(7)
	r.Do(v, wire.Command{Cmd: "fork", Token: 11})
	f := v.until(7)
	var tokens [][2]any
	if get(t, f, "tokens", &tokens); tokens[len(tokens)-1][0] != float64(11) {
		t.Errorf("tokens %v", tokens)
	}
	var again string
	get(t, f, "link", &again)
	other, w := start(t), newViewer(t)
	other.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(7); g.Meta["tokens"] != f.Meta["tokens"] {
		t.Error("the link of a forked run leads elsewhere")
	}
}

func TestCloseInTheMiddleOfAWalk(t *testing.T) {
	models, _ := testLibrary(t)
	r, v := New(context.Background(), models), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=random&tokens=1&new=60"})
	r.Do(v, wire.Command{Cmd: "forward", By: "end"})
	r.Close()
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"}) // must not block
}
