package lens

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// historyLens is the run point by point.
var historyLens = Lens{Name: "history", Of: OfCounts, Needs: []Need{open("history")}, Show: both(showHistory), Tensors: []Spec{
	{"history_ahead", "U32 or F64", "[3, points] or [3, 2 x passes]", "what the formulas say of every point (see `parts`): cached, uncached, and, of FLOPs only, uncached with every pair and every row's logits computed. For `time`, which no formula tells: what `fit` says of the FLOPs that the engine really computes, [2, ..]; absent until something was measured. In a run of several sequences, or with a draft, there is no such formula and no such tensor"},
	{"history_paid", "U32 or F64", "[2, points up to the cursor]", "what the recorded steps of each point cost, cached lane, then uncached; NaN is a time that nobody measured, since the lane waited"},
}}

// HistoryInfo is the run as a chart of points, of which history_paid and history_ahead
// have the numbers.
type HistoryInfo struct {
	Metric string `json:"metric"` // flops, or kv, read, time with history-kv, history-read, history-time
	By     string `json:"by"`     // what a point is: pass, or step with history-step
	Total  bool   `json:"total"`  // each point sums all points up to it (history-total)
	// Points is how many there are in the run ahead (in a run whose passes may add any number
	// of tokens: how many are recorded).
	Points int  `json:"points"`
	First  int  `json:"first"` // how many of them are prefill
	Whole  bool `json:"whole"` // the last one paid for is complete at the cursor
	// Parts tells that history_ahead has two numbers for each pass instead of its points:
	// what each layer's step adds, the same in all layers, and what the head's does.
	Parts bool `json:"parts,omitempty"`
	Sums  bool `json:"sums,omitempty"` // the points are the running sums of these
	// Counted are the points of which the uncached lane ran not all, so that it was counted: each from one to before another.
	Counted [][2]int `json:"counted,omitempty" names:"from,to"`
	// Fit is how the time ahead is modelled, by lane; of the metric time only.
	Fit map[LaneName]TimeFit `json:"fit,omitempty"`
}

// sums reports whether each point holds all of what the points before it have.
func (info *HistoryInfo) sums() bool { return info.Total || metrics[info.Metric].level }

// metrics are what the chart can show: of a pass's counters, one number. A
// level says what is held, so that passes do not add up.
var metrics = map[string]struct {
	of    func(cost.Switches, sim.Counters) float64
	level bool
}{

	"flops": {of: func(sw cost.Switches, c sim.Counters) float64 { return float64(cost.Headline(c, sw)) }},
	"kv":    {of: func(_ cost.Switches, c sim.Counters) float64 { return float64(c.KVBytes) }, level: true},
	"read":  {of: func(_ cost.Switches, c sim.Counters) float64 { return float64(c.KVReadBytes + c.WeightBytes) }},
	"time":  {of: func(_ cost.Switches, c sim.Counters) float64 { return seconds(c) }},
}

// seconds returns the measured time, NaN of steps that lack some.
func seconds(c sim.Counters) float64 {
	if c.Untimed > 0 {
		return math.NaN()
	}
	return c.Seconds
}

// metric returns what this viewer's chart shows.
func (p View) metric() string {
	for _, name := range []string{"kv", "read", "time"} {
		if p.shows("history-" + name) {
			return name
		}
	}
	return "flops"
}

// showHistory returns the run point by point: what the recorded steps up to the cursor
// paid, and what the formulas say of the whole run.
func showHistory(m *Moment) (HistoryInfo, []Tensor) {
	perPass := m.Model.Model.Config.Layers + 1
	steps, unit := perPass*maxPasses(m), perPass
	if !m.closed() {
		steps = lengthOf(m)
	}
	if m.Ended != "" || m.Recipe.Draft != "" { // how many passes a draft will save, no formula tells
		steps = max(m.Recorded, 1)
	}
	info := HistoryInfo{Metric: m.View.metric(), By: "pass", Whole: true}
	if m.View.shows("history-step") {
		info.By, unit = "step", 1
	}
	info.Points, info.First = (steps+unit-1)/unit, perPass/unit
	info.Total = m.View.shows("history-total") && !metrics[info.Metric].level
	if m.Step != nil {
		info.Whole = (m.Step.N+1)%unit == 0
		info.Counted = countedPoints(m, perPass/unit)
	}
	var tensors []Tensor
	if info.Metric == "time" && m.isSingle() { // no formula tells it, but the run has measured some
		info.Fit = fitLanes(m)
	}
	if m.closed() && (info.Metric != "time" || len(info.Fit) > 0) { // what lies ahead is told of one sequence
		ahead := aheadOf(m, info)
		info.Parts, info.Sums = ahead.parts, ahead.parts && info.sums()
		tensors = append(tensors, counts("history_ahead", ahead.rows))
	}
	return info, append(tensors, counts("history_paid", paidPoints(m, info)))
}

// paidPoints sums the recorded steps of each point, [lane][point up to the cursor].
func paidPoints(m *Moment, info HistoryInfo) [][]float64 {
	rows := make([][]float64, 2)
	if m.Step == nil {
		return rows
	}
	key := paidKey{info.Metric, m.switches()}
	passes := perPass(m.kept(), key, m.Step.Pass, func(pass int, _ []paidPass) paidPass { return paidOf(m, info.Metric, pass) })
	passes = append(passes, paidOf(m, info.Metric, m.Step.Pass))
	level := metrics[info.Metric].level
	for lane := range rows {
		line := lineOf(info)
		for _, steps := range passes {
			point := 0.0
			for i, x := range steps[lane] {
				if point += x; level {
					point = x
				}
				if info.By == "step" || i == len(steps[lane])-1 {
					rows[lane] = append(rows[lane], line(point))
					point = 0
				}
			}
		}
	}
	return rows
}

// waitedKey names which passes the uncached lane waited in, for some of their rows at least.
type waitedKey struct{}

// countedPoints returns the points up to the cursor in whose passes the uncached lane waited, as ranges. A lane
// that waits does so for a whole pass.
func countedPoints(m *Moment, pointsOfPass int) (ranges [][2]int) {
	waited := func(pass int) bool {
		first, _ := m.stepsOf(pass)
		return m.At(first).Lanes[sim.Uncached].Untimed > 0
	}
	all := perPass(m.kept(), waitedKey{}, m.Step.Pass, func(pass int, _ []bool) bool { return waited(pass) })
	for pass, waits := range append(all, waited(m.Step.Pass)) {
		from, to := pass*pointsOfPass, (pass+1)*pointsOfPass
		switch n := len(ranges) - 1; {
		case !waits:
		case n >= 0 && ranges[n][1] == from:
			ranges[n][1] = to
		default:
			ranges = append(ranges, [2]int{from, to})
		}
	}
	return ranges
}

// paidPass is what the steps of one pass cost, by lane.
type paidPass [2][]float64

// paidKey names what all passes cost in a metric, by some switches.
type paidKey struct {
	metric string
	cost.Switches
}

func paidOf(m *Moment, metric string, pass int) (p paidPass) {
	of, sw := metrics[metric].of, m.switches()
	for n, last := m.stepsOf(pass); n <= last; n++ {
		for lane := range p {
			p[lane] = append(p[lane], of(sw, Recount(m, m.At(n), sim.Lane(lane))))
		}
	}
	return p
}

// lineOf makes the numbers of one line of the chart out of its points'.
func lineOf(info HistoryInfo) func(float64) float64 {
	sum := 0.0
	return func(x float64) float64 {
		if info.Total {
			sum += x
			x = sum
		}
		return x
	}
}
