package wire

import (
	"math"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// TestFitTime: points on a line give the line back; others never a step that
// costs less than nothing.
func TestFitTime(t *testing.T) {
	for _, c := range []struct {
		name           string
		flops, seconds []float64
		rate, fixed    float64
		ok             bool
	}{
		{"on a line", []float64{1e6, 2e6, 9e6}, []float64{3e-3, 4e-3, 11e-3}, 1e9, 2e-3, true},
		{"one size of step", []float64{4e6, 4e6}, []float64{1e-3, 3e-3}, 2e9, 0, true},
		{"one step", []float64{4e6}, []float64{2e-3}, 2e9, 0, true},
		{"below nothing at zero", []float64{1e6, 2e6}, []float64{1e-3, 4e-3}, 5e12 / 9e3, 0, true},
		{"no time", []float64{1e6, 2e6}, []float64{0, 0}, 0, 0, false},
		{"no step", nil, nil, 0, 0, false},
	} {
		fit, ok := fitTime(c.flops, c.seconds)
		if ok != c.ok || math.Abs(fit.Rate-c.rate) > 1e-6*c.rate || math.Abs(fit.Fixed-c.fixed) > 1e-9 {
			t.Errorf("%s: %+v %v, want %g FLOP/s and %g s", c.name, fit, ok, c.rate, c.fixed)
		}
	}
}

// TestFitSteady: what interrupts the machine does not bend the line.
func TestFitSteady(t *testing.T) {
	var flops, seconds []float64
	for i := range 60 {
		f := 3e5 + 1e5*float64(i%7)
		if i < 6 {
			f = 4e6 // prefill
		}
		s := f/2e9 + 3e-5 + 1e-6*float64(i%5)
		if i%20 == 10 {
			s += 4e-3 // somebody else's turn
		}
		flops, seconds = append(flops, f), append(seconds, s)
	}
	fit, ok := fitSteady(flops, seconds)
	if !ok || math.Abs(fit.Rate/2e9-1) > 0.01 || math.Abs(fit.Fixed-3.2e-5) > 1e-6 || fit.Left != 3 || fit.Steps != 57 {
		t.Errorf("%+v", fit)
	}
}

// TestTimeAheadIsModelled: the curve behind the times is the fit to the steps
// so far at the engine's own FLOPs, whatever the viewer counts; its sum over a
// pass is the pass's, and over the steps that it was fitted to, with a fixed
// part, as long as what was measured.
func TestTimeAheadIsModelled(t *testing.T) {
	l, rec, _ := small(t)
	steps := stepsOf(t, l, rec)
	for i := range steps { // a machine of 2 and 3 GFLOP/s, 10 µs a step, and a little noise
		for lane := range 2 {
			c := &steps[i].Lanes[lane]
			c.Seconds = float64(c.Flops.Total())/float64(2+lane)/1e9 + 1e-5 + 1e-9*float64(i%3)
		}
	}
	perPass := l.Model.Config.Layers + 1
	frame := func(n int, show ...string) (historyInfo, [][]float64) {
		m := moment(l, rec, steps, n, 0, 0)
		m.Link.Pick = Pick{Show: append([]string{"history", "history-time"}, show...), Unit: "mac", Pairs: "dense"}
		f := frameOf(t, m)
		var info historyInfo
		meta(t, f, "history", &info)
		x := floats(tensor(t, f, "history_ahead"))
		rows := [][]float64{x[:len(x)/2], x[len(x)/2:]}
		for i, row := range rows {
			if info.Parts { // what each layer adds, and the head
				rows[i] = nil
				for n := range info.Points {
					rows[i] = append(rows[i], row[n/perPass*2+(n%perPass)/(perPass-1)])
				}
			}
		}
		return info, rows
	}
	n := len(steps) - 1
	info, passes := frame(n)
	_, each := frame(n, "history-step")
	for lane, name := range []string{"cached", "uncached"} {
		fit := info.Fit[name]
		if fit.Steps != n+1 || math.Abs(fit.Rate/float64(2+lane)/1e9-1) > 0.05 || math.Abs(fit.Fixed-1e-5) > 1e-7 {
			t.Errorf("%s: fitted %+v", name, fit)
		}
		var modelled, measured float64
		for i, s := range steps {
			sw := cost.Default()
			c := cost.Of(l.Model.Config).Step(sim.Lane(lane), s.Layer, s.Rows, s.Cached, sw)
			if want := float64(c.Flops.Total())/fit.Rate + fit.Fixed; math.Abs(each[lane][i]-want) > 1e-12 {
				t.Fatalf("%s step %d: %g, want %g", name, i, each[lane][i], want)
			}
			modelled, measured = modelled+each[lane][i], measured+s.Lanes[lane].Seconds
		}
		if math.Abs(modelled-measured) > 1e-9 {
			t.Errorf("%s: the steps took %g s, the model says %g", name, measured, modelled)
		}
		for p, x := range passes[lane] {
			sum := 0.0
			for i := range perPass {
				sum += each[lane][p*perPass+i]
			}
			if math.Abs(sum-x) > 1e-9 {
				t.Errorf("%s pass %d: %g, its steps %g", name, p, x, sum)
			}
		}
	}
}
