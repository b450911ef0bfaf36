package run

import (
	"context"
	"iter"
	"runtime"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/tape"
)

func story(b *testing.B) *library.Loaded {
	b.Helper()
	m, err := library.New().Get("")
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkDecodeStep is one layer step of decode in the cached lane alone,
// late in a long run, with its allocations.
func BenchmarkDecodeStep(b *testing.B) {
	m := story(b)
	r := recipe.Complete(sim.Recipe{Tokens: []int{0, 1, 2, 3}, MaxNew: 500, Lanes: "cached"})
	m.Model.Config.EOS = -1
	b.ReportAllocs()
	n := 0
	for n < b.N {
		for range Steps(context.Background(), m, r, noClock) {
			if n++; n >= b.N {
				break
			}
		}
	}
}

// BenchmarkAllocationsOverHistory compares what a step allocates early in a
// run with what it allocates late: the ratio must stay near 1.
func BenchmarkAllocationsOverHistory(b *testing.B) {
	m := story(b)
	m.Model.Config.EOS = -1
	r := recipe.Complete(sim.Recipe{Tokens: []int{0, 1, 2, 3}, MaxNew: 480})
	for b.Loop() {
		t := tape.New(func(p []sim.Step) iter.Seq2[sim.Step, error] {
			return Steps(context.Background(), m, r, noClock, p...)
		}, nil)
		perPass := m.Model.Config.Layers + 1
		early := mallocs(b, t, perPass*10, perPass*20)
		late := mallocs(b, t, perPass*400, perPass*410)
		b.ReportMetric(early, "allocs/step-early")
		b.ReportMetric(late, "allocs/step-late")
		b.ReportMetric(float64(t.Bytes())/float64(len(t.Step(t.Cursor()).Tokens)), "tape-bytes/token")
		t.Close()
	}
}

// mallocs walks a tape to step from, then counts allocations per step until to.
func mallocs(b *testing.B, t *tape.Tape, from, to int) float64 {
	b.Helper()
	var sum uint64
	for t.Cursor() < from {
		if _, err := t.Forward(); err != nil {
			b.Fatal(err)
		}
	}
	for t.Cursor() < to {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := t.Forward(); err != nil {
			b.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		sum += after.Mallocs - before.Mallocs
	}
	return float64(sum) / float64(to-from)
}
