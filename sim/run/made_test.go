package run_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/run"
	"kvstep/sim/run/runtest"
)

// made is a layer step and what the lane computed in it.
type made struct {
	s        *sim.Step
	computed [5]mat.Matrix
	cache    uint64 // what its view of the cache says at once
}

// TestMadeAgainIsTheSameAnyTime: what a step keeps, what is made again from it and its view of the
// cache are what the lane computed, bit for bit: at once, while the run goes on, and after it, for
// every family, policy, batch, beam search and draft.
func TestMadeAgainIsTheSameAnyTime(t *testing.T) {
	layers := 0
	runtest.Rounds{Short: 60, Usual: 400, All: 8000}.Try(t, func(seed, i uint64) error {
		r := rand.New(rand.NewPCG(seed, i))
		m, rec := runtest.Recipe(r)
		var all []made
		var during error
		var wg sync.WaitGroup
		later := make(chan made, 1<<14)
		wg.Go(func() {
			for x := range later {
				if err := x.same(m); err != nil && during == nil {
					during = fmt.Errorf("while the run goes on: %w", err)
				}
			}
		})
		var atOnce error
		_ = run.Computed(m, rec, func(s *sim.Step, computed [5]mat.Matrix) { // memory ends some
			kept := *s // the run uses its step again
			x := made{&kept, computed, viewed(m, &kept)}
			if err := x.same(m); err != nil && atOnce == nil {
				atOnce = fmt.Errorf("at once: %w", err)
			}
			all = append(all, x)
			later <- x
		})
		close(later)
		wg.Wait()
		if atOnce != nil {
			return atOnce
		}
		for _, x := range all {
			if err := x.same(m); err != nil {
				return fmt.Errorf("after the run: %w", err)
			}
		}
		layers += len(all)
		return during
	}, func() string { return fmt.Sprintf("%d layers", layers) })
}

// same compares all rows and, of some, one head alone.
func (x made) same(m *library.Loaded) error {
	s, w := x.s, m.Model
	for i, got := range []mat.Matrix{s.X, w.Q(s, 0, s.Rows), w.K(s, 0, s.Rows), w.V(s, 0, s.Rows), s.Out} {
		if err := sameMatrix(got, x.computed[i]); err != nil {
			return fmt.Errorf("step %d seq %d, %s: %w", s.N, s.Seq, []string{"X", "Q", "K", "V", "Out"}[i], err)
		}
	}
	head, from := s.N%w.Config.Heads, s.N%s.Rows
	want := x.computed[1].Rows(from, s.Rows).Cols(head*w.Config.HeadDim, (head+1)*w.Config.HeadDim)
	if err := sameMatrix(w.HeadQ(s, head, from, s.Rows), want); err != nil {
		return fmt.Errorf("step %d seq %d, rows from %d of Q of head %d: %w", s.N, s.Seq, from, head, err)
	}
	if s.KV == nil {
		return nil
	}
	for h := range w.Config.KVHeads {
		for i, value := range []bool{false, true} {
			rows := s.KV.Computed(s.Layer, h, value)
			want := x.computed[2+i].Cols(h*w.Config.HeadDim, (h+1)*w.Config.HeadDim)
			if err := sameMatrix(rows.Rows(s.Cached, s.Cached+s.Rows), want); err != nil {
				return fmt.Errorf("step %d seq %d, cached head %d, values %v: %w", s.N, s.Seq, h, value, err)
			}
		}
	}
	if got := viewed(m, s); got != x.cache {
		return fmt.Errorf("step %d seq %d has another view of the cache", s.N, s.Seq)
	}
	return nil
}

// viewed is a digest of what a step's view of the cache says of its layer.
func viewed(m *library.Loaded, s *sim.Step) uint64 {
	if s.KV == nil {
		return 0
	}
	h := fnv.New64a()
	for head := range m.Model.Config.KVHeads {
		keys, values, at := s.KV.Sees(s.Layer, head, s.Cached+s.Rows-1)
		for _, x := range []mat.Matrix{s.KV.Keys(s.Layer, head), s.KV.Values(s.Layer, head), keys, values} {
			for i := range x.NumRows() {
				_ = binary.Write(h, binary.LittleEndian, x.Row(i))
			}
		}
		fmt.Fprint(h, at, s.KV.Bytes())
		fmt.Fprint(h, s.KV.Scores(head))
		for _, value := range []bool{false, true} {
			fmt.Fprint(h, s.KV.Sizes(s.Layer, head, value), s.KV.Errors(s.Layer, head, value), s.KV.Scales(s.Layer, head, value))
		}
	}
	return h.Sum64()
}

func sameMatrix(a, b mat.Matrix) error {
	if a.NumRows() != b.NumRows() || a.NumCols() != b.NumCols() {
		return fmt.Errorf("%d x %d, want %d x %d", a.NumRows(), a.NumCols(), b.NumRows(), b.NumCols())
	}
	for i := range a.NumRows() {
		if !sameBits(a.Row(i), b.Row(i)) {
			return fmt.Errorf("row %d is %v, want %v", i, a.Row(i), b.Row(i))
		}
	}
	return nil
}
