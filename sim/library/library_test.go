package library

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// TestLibrary: a model is opened once, when it is asked for, and its shape is known
// before; one that fails is tried again; one that comes later is found.
func TestLibrary(t *testing.T) {
	l := New()
	opened, shaped, fails := 0, 0, true
	later := []Source{{
		Name:   "a/b",
		Config: func() (sim.Config, error) { shaped++; return sim.Config{Dim: 7}, nil },
		Open: func(progress checkpoint.Progress) (*Loaded, error) {
			if progress(3, 7); !l.Waits("a/b") {
				t.Error("nothing to wait for while it is opened")
			}
			if done, total := l.Progress("a/b"); done != 3 || total != 7 {
				t.Errorf("%d of %d bytes, want 3 of 7", done, total)
			}
			if c, _, err := l.Shape("a/b"); err != nil || c.Dim != 7 { // nobody waits who only asks about it
				t.Error(c, err)
			}
			if opened++; fails {
				return nil, errors.New("no")
			}
			m, err := Open("paper")
			if err == nil {
				m.Name = "a/b"
			}
			return m, err
		},
	}, {Name: "story", Open: func(checkpoint.Progress) (*Loaded, error) {
		t.Error("the embedded model was replaced")
		return nil, errors.New("no")
	}}}
	_, err := l.Get("a/b")
	wantProblem(t, err, "model.unknown")
	l.Watch(func() []Source { return later })
	for range 2 {
		if c, _, err := l.Shape("a/b"); err != nil || c.Dim != 7 || opened != 0 || shaped != 1 {
			t.Errorf("shape %+v, %v, opened %d times, shaped %d", c, err, opened, shaped)
		}
	}
	if _, err := l.Get("a/b"); err == nil || opened != 1 {
		t.Error("a model that cannot be opened is")
	}
	fails = false
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if m, err := l.Get("a/b"); err != nil || m.Name != "a/b" {
				t.Error(err)
			}
			if c, world, err := l.Shape("a/b"); err != nil || c.Dim != 4 || len(world.Prompts) == 0 {
				t.Errorf("%+v, %v", c, err)
			}
			if names := l.Names(); !slices.Contains(names, "a/b") || names[0] != "story" {
				t.Error(names)
			}
		})
	}
	group.Wait()
	if opened != 2 {
		t.Errorf("opened %d times", opened)
	}
	if done, total := l.Progress("a/b"); l.Waits("a/b") || l.Waits("story") || done != 0 || total != 0 {
		t.Errorf("open, and still %d of %d", done, total)
	}
	if _, err := l.Get("story"); err != nil {
		t.Error(err)
	}
	// Models that are drafts of it come from the same library.
	m, err := l.Get("story-draft")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Sibling("story"); err != nil {
		t.Error(err)
	}
}
