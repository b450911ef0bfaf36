package wire

import (
	"math"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/lens"
)

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
	frame := func(n int, show ...string) (lens.HistoryInfo, [][]float64) {
		m := moment(l, rec, steps, n, 0, 0)
		m.View = lens.View{Show: append([]string{"history", "history-time"}, show...), Unit: "mac", Pairs: "dense"}
		f := frameOf(t, m)
		var info lens.HistoryInfo
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
	for lane, name := range []lens.LaneName{lens.LaneCached, lens.LaneUncached} {
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
