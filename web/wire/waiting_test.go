package wire

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/run/runtest"
)

// waiting is step n of a run whose uncached lane waits, with all panels open that tell of it.
func waiting(t testing.TB, policy, lanes string, n int) *Frame {
	t.Helper()
	l, rec, _ := small(t)
	var err error
	if rec.Cache, err = kv.Parse(policy); err != nil {
		t.Fatal(err)
	}
	rec.Lanes = lanes
	steps, err := runtest.Play(l, rec)
	if err != nil {
		t.Fatal(err)
	}
	return withPanels(moment(l, rec, steps, n, max(steps[n].Layer, 0), 1), "rows", "formulas", "history", "history-time", "history-step")
}

// TestWhatWaitsIsCounted: frames of a run whose uncached lane waits say of it what those of the
// run say in which it never does, but for what nobody has measured or compared.
func TestWhatWaitsIsCounted(t *testing.T) {
	for _, panels := range [][]string{{"rows", "formulas", "history"}, {"history", "history-step", "history-total"}, {"history", "history-read"}} {
		for n := range 12 {
			ran, waits := waiting(t, "contiguous", "both", n), waiting(t, "contiguous", "both:6", n)
			ran.View.Show, waits.View.Show = panels, panels
			waits.Recipe.Lanes = "both"
			at := waits.At
			waits.At = func(n int) *sim.Step { return asRun(at(n)) }
			if waits.Step = asRun(waits.Step); waits.From != nil {
				waits.From = asRun(waits.From) // what the lane would have computed
			}
			if a, b := string(Encode(nil, ran)), string(Encode(nil, waits)); a != b {
				t.Fatalf("step %d, %v:\n%.3000s\n%.3000s", n, panels, a, b)
			}
		}
	}
}

// asRun is a step that says nothing of who has run.
func asRun(s *sim.Step) *sim.Step {
	c := *s
	c.Ran, c.Lanes[sim.Uncached].Untimed, c.Totals[sim.Uncached].Untimed = c.Counted, 0, 0
	return &c
}

// TestWhatWaitsIsNotMeasured: a frame has no time of what nobody ran, neither of a step nor of
// sums, and models times by the steps that were.
func TestWhatWaitsIsNotMeasured(t *testing.T) {
	l, rec, _ := small(t)
	rec.Lanes = "both:6"
	steps := stepsOf(t, l, rec)
	perPass := l.Model.Config.Layers + 1
	from := 2 * perPass // a prompt of 5, then passes of 6, 7 and 8 tokens
	for n := range steps {
		f, err := checkpoint.ReadSafetensors(Encode(nil, withPanels(moment(l, rec, steps, n, 0, 0), "history", "history-time", "history-step")))
		if err != nil {
			t.Fatal(err)
		}
		var ledger lens.LedgerInfo
		var step lens.StepInfo
		var history lens.HistoryInfo
		meta(t, f, "ledger", &ledger)
		meta(t, f, "step", &step)
		meta(t, f, "history", &history)
		waits := n >= from
		if waits != (step.Compared != nil) || waits && *step.Compared != 6 {
			t.Errorf("step %d: compared %v", n, step.Compared)
		}
		if u := ledger.Step.Uncached; waits != (u.Untimed == 1) || waits != (u.Seconds == 0) || ledger.Total.Uncached.Untimed != max(0, n+1-from) {
			t.Errorf("step %d: %v s, %d untimed, %d in all", n, u.Seconds, u.Untimed, ledger.Total.Uncached.Untimed)
		}
		if fit := history.Fit["uncached"]; fit.Steps+fit.Left != min(n+1, from) {
			t.Errorf("step %d: the uncached lane's time is modelled by %+v", n, fit)
		}
		paid := floats(tensor(t, f, "history_paid"))
		for at, x := range paid {
			if uncached := at > n; math.IsNaN(x) != (uncached && at-n-1 >= from) {
				t.Errorf("step %d: point %d of %d has the time %v", n, at, len(paid), x)
			}
		}
		if text := fmt.Sprint(f.Meta); !waits && (strings.Contains(text, "untimed") || strings.Contains(text, "compared")) {
			t.Errorf("step %d, in which both ran, says %s", n, text)
		}
	}
}
