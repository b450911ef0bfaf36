package wire

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
)

// lookers are views of every kind, of every layer and head, some with a cell picked.
func lookers(c sim.Config, step int) (all []lens.View) {
	for _, view := range views() {
		for at := 0; at < c.Layers*c.Heads; at += 3 {
			v := view
			v.Trail = slices.Clone(view.Trail)
			for i := range v.Trail {
				v.Trail[i].Step = step
			}
			layer := at / c.Heads
			if v.Head = at % c.Heads; at > 0 {
				v.Layer = &layer
			}
			all = append(all, v)
			v.Cell = &lens.Cell{Op: "probs", Col: 1}
			v.Trail = append(v.Trail, explain.Ref{Step: step, Op: "Q"})
			all = append(all, v)
		}
	}
	return all
}

// momentsOf calls look with moments of runs of every kind, as each of the lookers sees them.
func momentsOf(t *testing.T, look func(kind string, each []*Frame)) {
	t.Helper()
	c := sim.Config{Family: "llama", Dim: 12, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 6, FFN: 12,
		Vocab: 40, Context: 320, NormEps: 1e-5, RopeBase: 100, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(20, 26)), c))
	if err != nil {
		t.Fatal(err)
	}
	l := &library.Loaded{Name: "small", Model: m}
	for kind, rec := range growing(24) {
		steps := stepsOf(t, l, rec)
		ids, _ := l.Prepare(rec)
		kept := &lens.Kept{}
		for _, n := range []int{1, len(steps) - 2} {
			var each []*Frame
			for i, view := range lookers(c, n) {
				f := planned(&Frame{Seq: 7, Link: Link{Step: n}, Moment: lens.Moment{Model: l, Recipe: rec, Prompt: len(ids), Waiting: ids,
					Recorded: n + 1, View: view, Marks: []int{1, 2, 3}[:i%4], Kept: kept}})
				f.Place(n, func(n int) *sim.Step { return &steps[n] })
				each = append(each, f)
			}
			look(kind, each)
		}
	}
}

// TestLensesReachNoFurther: of what a lens says that it does not tell apart, nothing changes what it shows.
func TestLensesReachNoFurther(t *testing.T) {
	momentsOf(t, func(kind string, each []*Frame) {
		for _, f := range each {
			f.FollowTrail()
			for i := range lens.All {
				l := &lens.All[i]
				if !l.Seen(&f.Moment) {
					continue
				}
				value, tensors := l.Show.At(&f.Moment)
				got, gotTensors := l.Show.At(f.UpTo(l.Of))
				if text(got) != text(value) || !reflect.DeepEqual(gotTensors, tensors) {
					t.Errorf("%s, %s of view %s: something else without what it does not reach", kind, l.Name, text(f.View))
				}
			}
		}
	})
}

// TestWrittenOnceForAlikeViews: of frames of one moment that are encoded at once, a lens derives what it shows
// once for all views that are alike as far as it reaches, and no byte of them is another.
func TestWrittenOnceForAlikeViews(t *testing.T) {
	asked := make([]atomic.Int64, len(lens.All))
	was := slices.Clone(lens.All)
	defer copy(lens.All, was)
	for i := range lens.All {
		at := was[i].Show.At
		lens.All[i].Show.At = func(m *lens.Moment) (any, []lens.Tensor) {
			asked[i].Add(1)
			return at(m)
		}
	}
	momentsOf(t, func(kind string, each []*Frame) {
		var alone [][]byte
		views := make([]map[string]bool, len(lens.All)) // by lens: all that are not alike
		for i := range views {
			views[i] = map[string]bool{}
		}
		for _, f := range each {
			alone = append(alone, Encode(nil, f))
			for i := range lens.All {
				if l := &lens.All[i]; l.Of != lens.OfView && l.Seen(&f.Moment) {
					views[i][text(f.UpTo(l.Of).View)] = true
				}
			}
		}
		for i := range asked {
			asked[i].Store(0)
		}
		parts, next := &Parts{}, atomic.Int64{}
		got := make([][]byte, len(each))
		var writers sync.WaitGroup
		for range 3 {
			writers.Go(func() {
				for n := next.Add(1) - 1; n < int64(len(each)); n = next.Add(1) - 1 {
					f := *each[n]
					f.Parts = parts
					got[n] = Encode(nil, &f)
				}
			})
		}
		writers.Wait()
		for i := range each {
			if !bytes.Equal(got[i], alone[i]) {
				t.Errorf("%s: the frame of view %s differs beside others", kind, text(each[i].View))
			}
		}
		for i := range lens.All {
			if n := asked[i].Load(); lens.All[i].Of != lens.OfView && n != int64(len(views[i])) {
				t.Errorf("%s: %s is shown %d times to %d views that are not alike", kind, lens.All[i].Name, n, len(views[i]))
			}
		}
	})
}
