package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
)

// partsOf shortens what every step will cost to two numbers for each pass: a run
// of 192 steps would fill a tenth of the largest frame, and the layers of a pass
// cost the same. It reports false where they do not, or where a pass is cut short.
func partsOf(ahead [][]float64, perPass int, info HistoryInfo) ([][]float64, bool) {
	sums := info.sums()
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

// aheadKey names what lies ahead of a run: the chart's choices, and what is counted.
type aheadKey struct {
	metric, by string
	total      bool
	points     int
	cost.Switches
}

// ahead is what every point will cost, by line; parts tells that partsOf has shortened it.
type ahead struct {
	rows  [][]float64
	parts bool
}

// aheadOf returns what lies ahead. It is the same in every frame, but for times, whose model changes.
func aheadOf(m *Moment, info HistoryInfo) ahead {
	value := func() ahead {
		rows := aheadPoints(m, info)
		if info.By == "step" {
			if parts, ok := partsOf(rows, m.perPass(), info); ok {
				return ahead{parts, true}
			}
		}
		return ahead{rows, false}
	}
	if info.Metric == "time" {
		return value()
	}
	return once(m.kept(), aheadKey{info.Metric, info.By, info.Total, info.Points, m.switches()}, value)
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
		line, of := lineOf(info), metrics[info.Metric].of
		rows[i] = make([]float64, 0, info.Points)
		if info.Metric == "time" {
			for _, x := range modelledPoints(m, info, kind.lane) {
				rows[i] = append(rows[i], line(x))
			}
			continue
		}
		for n := range info.Points {
			rows[i] = append(rows[i], line(of(m.switches(), pointOf(m, info, n, kind.lane, kind.sw))))
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
