package lens

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// TimeFit models the seconds of a step by what this run itself measured:
// seconds = FLOPs / rate + fixed, by least squares over the steps so far, without those
// that were far too late.
type TimeFit struct {
	Rate  float64 `json:"rate"`  // FLOPs a second
	Fixed float64 `json:"fixed"` // seconds of any step, however small: calls, and weights that must be read
	Steps int     `json:"steps"` // that it was fitted to
	Left  int     `json:"left"`  // steps left out: they took far longer, as when the machine was busy
}

// seconds returns what the model says of some steps with so many FLOPs in all.
func (f TimeFit) seconds(flops, steps float64) float64 { return flops/f.Rate + f.Fixed*steps }

// far is how many times the median error a step may be late and still count.
const far = 4

// fitSteady fits, leaves out the steps that were far too late, and fits again,
// until none is.
func fitSteady(flops, seconds []float64) (TimeFit, bool) {
	all := len(flops)
	for {
		fit, ok := fitTime(flops, seconds)
		if !ok {
			return fit, false
		}
		late, size := make([]float64, len(flops)), make([]float64, len(flops))
		for i := range flops {
			late[i] = seconds[i] - fit.seconds(flops[i], 1)
			size[i] = math.Abs(late[i])
		}
		slices.Sort(size)
		limit := max(far*size[len(size)/2], 0.1*fit.seconds(slices.Min(flops), 1)) // a tenth late is not far
		var f, s []float64
		for i := range flops {
			if late[i] <= limit {
				f, s = append(f, flops[i]), append(s, seconds[i])
			}
		}
		if len(f) == len(flops) || 2*len(f) < all {
			fit.Left = all - len(flops)
			return fit, true
		}
		flops, seconds = f, s
	}
}

// fitTime returns the line through the points (flops, seconds) with the least sum
// of squared errors in seconds. Where it would have a step cost less than
// nothing, or there is but one size of step, it is the one through zero; false
// if nothing was measured.
func fitTime(flops, seconds []float64) (TimeFit, bool) {
	var n, x, y, xx, xy float64
	for i, f := range flops {
		n, x, y, xx, xy = n+1, x+f, y+seconds[i], xx+f*f, xy+f*seconds[i]
	}
	if !(x > 0 && y > 0) {
		return TimeFit{}, false
	}
	fit := TimeFit{Rate: xx / xy, Steps: len(flops)}
	// Sums about the means: of equal steps nothing is left but rounding.
	if sxx, sxy := xx-x*x/n, xy-x*y/n; sxx > 1e-9*xx && sxy > 0 {
		if fixed := (y - x*sxy/sxx) / n; fixed >= 0 {
			fit.Rate, fit.Fixed = sxx/sxy, fixed
		}
	}
	return fit, true
}

// fitLanes returns the models of both lanes' times, by lane; a lane that did not run
// has none, and one that waits has that of the steps before.
func fitLanes(m *Moment) map[LaneName]TimeFit {
	all := map[LaneName]TimeFit{}
	if m.Step == nil {
		return all
	}
	for lane, name := range laneNames {
		var flops, seconds []float64
		for n := range m.Step.N + 1 {
			if s := m.At(n); s.Counted[lane] && s.Lanes[lane].Untimed == 0 {
				flops = append(flops, engineFlops(m, sim.Lane(lane), s.Layer, s.Rows, s.Cached))
				seconds = append(seconds, s.Lanes[lane].Seconds)
			}
		}
		if fit, ok := fitSteady(flops, seconds); ok {
			all[name] = fit
		}
	}
	return all
}

// engineFlops returns those that the engine really computes, whatever a viewer counts.
func engineFlops(m *Moment, lane sim.Lane, layer, rows, cached int) float64 {
	sw := cost.Default()
	return float64(cost.Headline(m.shape(lane).Step(lane, layer, rows, cached, sw), sw))
}

// modelledSeconds models the time of a point of the chart; 0 in a lane without a model.
func modelledSeconds(m *Moment, info HistoryInfo, point int, lane sim.Lane) float64 {
	fit, ok := info.Fit[laneNames[lane]]
	if !ok {
		return 0
	}
	sw, steps := cost.Default(), 1
	if info.By == "pass" {
		steps = m.Model.Model.Config.Layers + 1
	}
	return fit.seconds(float64(cost.Headline(pointOf(m, info, point, lane, sw), sw)), float64(steps))
}
