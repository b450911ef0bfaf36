package room

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/web/wire"
)

// opening is a model that is opened when the test says so.
type opening struct {
	heard checkpoint.Progress
	end   chan error
}

// slow adds models to a library that take as long as the test wants.
func slow(t *testing.T, models *library.Library, names ...string) map[string]chan opening {
	t.Helper()
	begun := map[string]chan opening{}
	for _, name := range names {
		r := rand.New(rand.NewPCG(1, 9)) // all of one shape
		c := modeltest.Config(r)
		m, err := model.New(c, modeltest.Weights(r, c))
		if err != nil {
			t.Fatal(err)
		}
		began := make(chan opening, 8)
		begun[name] = began
		models.Add(library.Source{
			Name:   name,
			Config: func() (sim.Config, error) { return c, nil },
			Open: func(heard checkpoint.Progress) (*library.Loaded, error) {
				o := opening{heard, make(chan error)}
				began <- o
				if err := <-o.end; err != nil {
					return nil, err
				}
				return &library.Loaded{Name: name, Model: m}, nil
			},
		})
	}
	return begun
}

// loadingOf is the next that a viewer hears of a model with done bytes; nil for the end.
func (v *viewer) loadingOf(model string, done int64) {
	v.t.Helper()
	for {
		select {
		case l := <-v.loads:
			if l == nil && model == "" || l != nil && l.Model == model && l.Done == done {
				return
			}
			if l == nil || l.Model != model {
				v.t.Fatalf("heard %+v, want %d bytes of %q", l, done, model)
			}
		case <-time.After(10 * time.Second):
			v.t.Fatalf("heard nothing of %q", model)
		}
	}
}

func modelOf(t *testing.T, f *checkpoint.File) string {
	var r struct{ Model string }
	get(t, f, "run", &r)
	return r.Model
}

func runOf(model string) wire.Command {
	return wire.Command{Cmd: "run", Recipe: &sim.Recipe{Model: model, Tokens: []int{1, 2}, MaxNew: 2, Lanes: "both", Pairs: "allowed", Logits: "last",
		Sampler: sim.Sampler{Kind: "greedy", Temperature: 1, TopP: 1, RepetitionPenalty: 1}, Cache: sim.CachePolicy{Kind: sim.CacheContiguous}}}
}

// TestLoading: while a model is opened the run on screen goes on and viewers hear how
// far it is; then the new run begins, or the old one stays and a message says why. A
// newer wish takes the place of an older one.
func TestLoading(t *testing.T) {
	models, _ := testLibrary(t)
	begun := slow(t, models, "big", "broken", "other")
	r, v, w := New(context.Background(), models), newViewer(t), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	r.Do(w, wire.Command{Cmd: "open", Link: link})
	v.next()
	w.next()

	r.Do(v, runOf("big"))
	big := <-begun["big"]
	big.heard(3, 10)
	v.loadingOf("big", 3)
	w.loadingOf("big", 3) // everybody in the room
	r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	if n := v.next(); n != 0 { // the old run
		t.Fatalf("step %d", n)
	}
	big.heard(10, 10)
	v.loadingOf("big", 10)
	big.end <- nil
	v.loadingOf("", 0)
	if f := v.until(-1); modelOf(t, f) != "big" {
		t.Fatalf("a run of %s", modelOf(t, f))
	}

	r.Do(v, runOf("broken"))
	broken := <-begun["broken"]
	broken.heard(0, 5)
	v.loadingOf("broken", 0)
	broken.end <- sim.NewProblem("checkpoint.nan").Because(errors.New("NaN"))
	v.loadingOf("", 0)
	v.problem("checkpoint.nan")
	if f := v.until(-1); modelOf(t, f) != "big" {
		t.Fatalf("a run of %s", modelOf(t, f))
	}

	r.Do(v, runOf("broken"))
	broken = <-begun["broken"] // it is tried again
	broken.heard(2, 5)
	v.loadingOf("broken", 2)
	r.Do(v, runOf("other"))
	v.loadingOf("", 0)
	other := <-begun["other"]
	broken.end <- nil
	other.heard(1, 2)
	v.loadingOf("other", 1)
	other.end <- nil
	v.loadingOf("", 0)
	for modelOf(t, v.until(-1)) != "other" {
	}
	if models.Waits("broken") {
		t.Error("what was opened in vain is not kept")
	}
}

// TestLoadingBeforeAnyRun: viewers whose link names a model that is not open yet all
// get the run of the first of them, which is at the step of that link.
func TestLoadingBeforeAnyRun(t *testing.T) {
	models, _ := testLibrary(t)
	begun := slow(t, models, "big")
	r, v, w := New(context.Background(), models), newViewer(t), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=big&tokens=1,2,3&new=4&step=2"})
	r.Do(w, wire.Command{Cmd: "open", Link: "?model=random&tokens=1,2,3&new=4"})
	big := <-begun["big"]
	v.loadingOf("big", 0)
	r.Do(w, wire.Command{Cmd: "forward", By: "layer"})
	w.problem("command.bad")
	big.end <- nil
	v.loadingOf("", 0)
	for _, x := range []*viewer{v, w} {
		if f := x.until(2); modelOf(t, f) != "big" {
			t.Errorf("a run of %s", modelOf(t, f))
		}
	}
}

// TestLoadingInVain: a link to a model that cannot be opened shows the default run, and
// says why.
func TestLoadingInVain(t *testing.T) {
	models, _ := testLibrary(t)
	begun := slow(t, models, "broken")
	r, v := New(context.Background(), models), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=broken&tokens=1,2,3&new=4&step=2"})
	broken := <-begun["broken"]
	broken.end <- sim.NewProblem("checkpoint.nan")
	v.problem("checkpoint.nan")
	if f := v.until(-1); modelOf(t, f) != "random" {
		t.Errorf("a run of %s", modelOf(t, f))
	}
}

// TestLoadingADraft: a draft that is not open yet is waited for too.
func TestLoadingADraft(t *testing.T) {
	models, _ := testLibrary(t)
	begun := slow(t, models, "big", "draft")
	r, v := New(context.Background(), models), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	v.next()
	c := runOf("big")
	c.Recipe.Draft, c.Recipe.Propose = "draft", 2
	r.Do(v, c)
	for _, name := range []string{"big", "draft"} {
		o := <-begun[name]
		o.heard(1, 2)
		v.loadingOf(name, 1)
		o.end <- nil
		v.loadingOf("", 0)
	}
	if f := v.until(-1); modelOf(t, f) != "big" {
		t.Errorf("a run of %s", modelOf(t, f))
	}
}
