package lens

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
)

// historyLens is the run point by point.
var historyLens = Lens{Name: "history", Needs: []Need{open("history")}, Show: both(showHistory), Tensors: []Spec{
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
	// Fit is how the time ahead is modelled, by lane; of the metric time only.
	Fit map[LaneName]TimeFit `json:"fit,omitempty"`
}

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
	}
	var tensors []Tensor
	if info.Metric == "time" && m.isSingle() { // no formula tells it, but the run has measured some
		info.Fit = fitLanes(m)
	}
	if m.closed() && (info.Metric != "time" || len(info.Fit) > 0) { // what lies ahead is told of one sequence
		ahead := aheadPoints(m, info)
		if info.By == "step" {
			if parts, ok := partsOf(ahead, perPass, info); ok {
				ahead, info.Parts, info.Sums = parts, true, info.Total || metrics[info.Metric].level
			}
		}
		tensors = append(tensors, counts("history_ahead", ahead))
	}
	return info, append(tensors, counts("history_paid", paidPoints(m, info, unit)))
}

// paidPoints sums the recorded steps of each point, [lane][point up to the cursor].
func paidPoints(m *Moment, info HistoryInfo, unit int) [][]float64 {
	rows := make([][]float64, 2)
	if m.Step == nil {
		return rows
	}
	for lane := range rows {
		line := lineOf(m, info)
		var point sim.Counters
		for n := range m.Step.N + 1 {
			point = cost.Add(point, Recount(m, m.At(n), sim.Lane(lane)))
			if (n+1)%unit == 0 || n == m.Step.N {
				rows[lane] = append(rows[lane], line(point))
				point = sim.Counters{}
			}
		}
	}
	return rows
}

// lineOf makes the numbers of one line of the chart out of its points' counters.
func lineOf(m *Moment, info HistoryInfo) func(sim.Counters) float64 {
	sw, metric, sum := m.switches(), metrics[info.Metric], 0.0
	return func(c sim.Counters) float64 {
		x := metric.of(sw, c)
		if info.Total {
			sum += x
			x = sum
		}
		return x
	}
}

// partsOf shortens what every step will cost to two numbers for each pass: a run
// of 192 steps would fill a tenth of the largest frame, and the layers of a pass
// cost the same. It reports false where they do not, or where a pass is cut short.
func partsOf(ahead [][]float64, perPass int, info HistoryInfo) ([][]float64, bool) {
	sums := info.Total || metrics[info.Metric].level
	parts := make([][]float64, len(ahead))
	for i, row := range ahead {
		added := func(n int) float64 {
			if sums && n > 0 {
				return row[n] - row[n-1]
			}
			return row[n]
		}
		if len(row)%perPass != 0 {
			return nil, false
		}
		for n := range row {
			first := n - n%perPass
			switch {
			case n == first || n%perPass == perPass-1:
				parts[i] = append(parts[i], added(n))
			case added(n) != added(first):
				return nil, false
			}
		}
	}
	return parts, true
}

// aheadPoints returns what every point will cost, [cached, uncached, uncached with every
// pair and every row's logits computed][point]. The last is the growth that a
// lane without a cache and without a mask would have: (t+1) times the cached; of
// anything but FLOPs it would say nothing, and is left out. Times are modelled.
func aheadPoints(m *Moment, info HistoryInfo) [][]float64 {
	dense := m.switches()
	dense.Pairs, dense.Logits = "dense", "all"
	rows := make([][]float64, 2, 3)
	if info.Metric == "flops" {
		rows = rows[:3]
	}
	for i, kind := range []struct {
		lane sim.Lane
		sw   cost.Switches
	}{{sim.Cached, m.switches()}, {sim.Uncached, m.switches()}, {sim.Uncached, dense}}[:len(rows)] {
		line := lineOf(m, info)
		for n := range info.Points {
			c := pointOf(m, info, n, kind.lane, kind.sw)
			c.Seconds = modelledSeconds(m, info, n, kind.lane)
			rows[i] = append(rows[i], line(c))
		}
	}
	return rows
}

// pointOf counts one pass, or one step, of the run ahead.
func pointOf(m *Moment, info HistoryInfo, n int, lane sim.Lane, sw cost.Switches) sim.Counters {
	perPass := m.Model.Model.Config.Layers + 1
	pass, part := n, -1
	if info.By == "step" {
		pass, part = n/perPass, n%perPass
	}
	rows, cached := min(m.Prompt, fittingTokens(m)), 0
	if pass > 0 {
		rows, cached = 1, m.Prompt+pass-1
	}
	switch {
	case part >= 0:
		layer := layerOf(part, perPass)
		return heldBytes(m, m.shape(lane).Step(lane, layer, rows, cached, sw), layer, rows, cached, 1)
	case lane == sim.Uncached:
		return cost.Uncached(m.shape(lane).Pass(cached+rows, 0, sw))
	default:
		return heldBytes(m, m.shape(lane).Pass(rows, cached, sw), -1, rows, cached, perPass-1)
	}
}

// layerOf returns the layer of a part of a pass, -1 for the head.
func layerOf(part, perPass int) int {
	if part == perPass-1 {
		return -1
	}
	return part
}

// heldBytes gives c the bytes that a quantised cache holds after a layer (-1: after
// all), and what so many layers read there; other policies' follow from shapes.
func heldBytes(m *Moment, c sim.Counters, layer, rows, cached, layers int) sim.Counters {
	p, s := m.Recipe.Cache, m.spec()
	if !kv.TraitsOf(p).Quantises() || c.KVTokens == 0 { // the lane without a cache holds nothing
		return c
	}
	settled := s.QuantisedLen(p, cached)
	after, before := s.LayerBytes(p, cached+rows, settled), s.LayerBytes(p, cached, settled)
	done := layer + 1
	if layer < 0 {
		done = s.Layers
	}
	c.KVBytes = int64(done)*after + int64(s.Layers-done)*before
	if c.KVReadBytes > 0 {
		c.KVReadBytes = int64(layers) * after
	}
	return c
}

// fittingTokens returns how many tokens the cache has room for: all, or what its budget allows.
func fittingTokens(m *Moment) int {
	if p := m.Recipe.Cache; p.Budget > 0 && m.Recipe.Lanes != "uncached" {
		return max(1, m.spec().Fits(p, p.Budget))
	}
	return m.spec().Most
}

// maxPasses returns how many passes the run can have: a pass more than the tokens that
// fit behind the prompt, for the last token chosen is never fed.
func maxPasses(m *Moment) int { return max(1, min(m.Recipe.MaxNew, fittingTokens(m)-m.Prompt+1)) }
