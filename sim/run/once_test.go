package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/run/runtest"
)

// traced is a run as a trace, and the error that ended it.
func traced(steps iter.Seq2[sim.Step, error]) (string, error) {
	var b bytes.Buffer
	err := export.WriteTrace(&b, func(yield func(*sim.Step, error) bool) {
		for s, err := range steps {
			if !yield(&s, err) {
				return
			}
		}
	})
	return b.String(), err
}

// TestOnceSaysTheSame: a run of which nothing is kept is traced as one that can be looked back
// at, byte for byte, whatever its model, policy and mode.
func TestOnceSaysTheSame(t *testing.T) {
	clock, lines := func() float64 { return 0 }, 0
	runtest.Rounds{Short: 60, Usual: 400, All: 8000}.Try(t, func(seed, i uint64) error {
		m, rec := runtest.Recipe(rand.New(rand.NewPCG(seed, i)))
		want, err := traced(run.Steps(context.Background(), m, rec, clock))
		got, err2 := traced(run.Once(context.Background(), m, rec, clock))
		var p, p2 *sim.Problem
		if errors.As(err, &p) != errors.As(err2, &p2) || p != nil && p.ID != p2.ID {
			return fmt.Errorf("ended with %w, with %w where nothing is kept", err, err2)
		}
		if got != want {
			return fmt.Errorf("traced as\n%s, want\n%s", got, want)
		}
		lines += bytes.Count([]byte(got), []byte("\n"))
		return nil
	}, func() string { return fmt.Sprintf("%d lines", lines) })
}

// TestOnceKeepsNothing: what a run of which nothing is kept has of memory does not grow with its
// tokens, its cache aside.
func TestOnceKeepsNothing(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	m.Model.Config.EOS = -1
	for _, policy := range []string{"contiguous", "paged:4", "window:40:2", "h2o:20:20", "int8:token:32", "int4:channel:8"} {
		p, err := kv.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		r := recipe.Complete(sim.Recipe{Model: "story", Tokens: []int{5, 6, 7}, MaxNew: 400, Lanes: "cached", Cache: p})
		const from, to = 100, 380 // passes
		var before, after int64
		for s, err := range run.Once(t.Context(), m, r, func() float64 { return 0 }) {
			if err != nil {
				t.Fatal(err)
			}
			if s.Part != sim.HeadPart || s.Pass != from && s.Pass != to {
				continue
			}
			runtime.GC()
			var have runtime.MemStats
			runtime.ReadMemStats(&have)
			if before, after = after, int64(have.HeapAlloc); policy == "contiguous" || policy == "paged:4" {
				after -= s.KV.Bytes() // they take it as they grow
			}
		}
		if each := (after - before) / (to - from); each > 1000 { // X, Out, K and V of a token are 10 KB
			t.Errorf("%s: %d bytes more with every token", policy, each)
		} else {
			t.Logf("%s: %d bytes", policy, each)
		}
	}
}
