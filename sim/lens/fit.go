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
	passes := perPass(m.kept(), timesKey{}, m.Step.Pass, func(pass int, _ []passTimes) passTimes { return timesOf(m, pass) })
	passes = append(passes, timesOf(m, m.Step.Pass))
	for lane, name := range laneNames {
		var flops, seconds []float64
		for _, p := range fitted(passes, lane, fitSteps/m.perPass()) {
			flops, seconds = append(flops, p.flops[lane]...), append(seconds, p.seconds[lane]...)
		}
		if fit, ok := fitSteady(flops, seconds); ok {
			all[name] = fit
		}
	}
	return all
}

// fitted returns the passes that a lane's fit is made of: the newest of those that it ran, so many at most, and the
// first, since the prompt's sizes are like no other's.
func fitted(passes []passTimes, lane, most int) []passTimes {
	end := len(passes)
	for end > 0 && len(passes[end-1].flops[lane]) == 0 { // a lane that waits
		end--
	}
	if end <= 1 {
		return passes[:end]
	}
	return append(passes[:1:1], passes[max(1, end-most):end]...)
}

// fitSteps is about how many steps a fit is made of: those of the newest passes, and of the prompt's. What
// a machine did long ago says less of what it will do.
const fitSteps = 256

// passTimes are the steps of one pass that a lane ran, what they computed and how long they took.
type passTimes struct{ flops, seconds [2][]float64 }

type timesKey struct{}

func timesOf(m *Moment, pass int) (p passTimes) {
	for n, last := m.stepsOf(pass); n <= last; n++ {
		for lane := range laneNames {
			if s := m.At(n); s.Counted[lane] && s.Lanes[lane].Untimed == 0 {
				p.flops[lane] = append(p.flops[lane], engineFlops(m, sim.Lane(lane), s.Layer, s.Rows, s.Cached))
				p.seconds[lane] = append(p.seconds[lane], s.Lanes[lane].Seconds)
			}
		}
	}
	return p
}

// engineFlops returns those that the engine really computes, whatever a viewer counts.
func engineFlops(m *Moment, lane sim.Lane, layer, rows, cached int) float64 {
	sw := cost.Default()
	return float64(cost.Headline(m.shape(lane).Step(lane, layer, rows, cached, sw), sw))
}

// modelledPoints models the time of every point of the chart; 0 in a lane without a model.
func modelledPoints(m *Moment, info HistoryInfo, lane sim.Lane) []float64 {
	seconds := make([]float64, info.Points)
	fit, ok := info.Fit[laneNames[lane]]
	if !ok {
		return seconds
	}
	steps := 1
	if info.By == "pass" {
		steps = m.perPass()
	}
	for n, flops := range pointFlops(m, info, lane) {
		seconds[n] = fit.seconds(flops, float64(steps))
	}
	return seconds
}

// flopsKey names the FLOPs of a run's points.
type flopsKey struct {
	by     string
	points int
	lane   sim.Lane
}

// pointFlops returns those that the engine really computes in every point of the chart.
func pointFlops(m *Moment, info HistoryInfo, lane sim.Lane) []float64 {
	return once(m.kept(), flopsKey{info.By, info.Points, lane}, func() []float64 {
		flops, sw := make([]float64, info.Points), cost.Default()
		for n := range flops {
			flops[n] = float64(cost.Headline(pointOf(m, info, n, lane, sw), sw))
		}
		return flops
	})
}
