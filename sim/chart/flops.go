package chart

import (
	"math"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/sweep"
)

// Subject is whose generation a figure counts.
type Subject struct {
	Name     string // of the model
	Shape    cost.Shape
	Prompt   int // tokens of the prompt
	New      int // tokens to generate
	Switches cost.Switches
}

// about says whose run it is and by which switches it was counted.
func (s Subject) about() []Text {
	args := s.modelArgs()
	args["Prompt"], args["New"] = s.Prompt, s.New
	return []Text{
		{"plot.about.run", args},
		{"plot.counted." + s.Switches.Pairs + "." + s.Switches.Logits, nil},
	}
}

func (s Subject) modelArgs() map[string]any {
	c := s.Shape.Config
	return map[string]any{"Model": s.Name, "Layers": c.Layers, "Dim": c.Dim, "Heads": c.Heads, "KVHeads": c.KVHeads, "FFN": c.FFN}
}

// unit returns the id of what is counted.
func (s Subject) unit() string { return "plot.y." + s.Switches.Unit }

// passes calls f with the counters of every pass, cached and uncached.
func (s Subject) passes(f func(pass int, c [2]sim.Counters)) {
	for pass := range s.New {
		rows, cached := 1, s.Prompt+pass-1
		if pass == 0 {
			rows, cached = s.Prompt, 0
		}
		f(pass, [2]sim.Counters{
			s.Shape.Pass(rows, cached, s.Switches),
			cost.Uncached(s.Shape.Pass(rows+cached, 0, s.Switches)),
		})
	}
}

// StepFlops returns what every pass costs, with the cache and without it.
func StepFlops(s Subject) Figure {
	var x []float64
	var y [2][]float64
	s.passes(func(pass int, c [2]sim.Counters) {
		x = append(x, float64(pass+1))
		for lane := range c {
			y[lane] = append(y[lane], float64(cost.Headline(c[lane], s.Switches)))
		}
	})
	end := func(lane sim.Lane) map[string]any { return map[string]any{"End": SI(y[lane][len(x)-1], 3)} }
	return Figure{
		Name:     "step-flops",
		Title:    Text{"plot.step-flops", nil},
		Subtitle: s.about(),
		X:        Axis{Name: "token", Label: Text{"plot.x.token", nil}},
		Y:        Axis{Name: s.Switches.Unit, Label: Text{s.unit() + ".pass", nil}},
		Curves: []Curve{
			{Name: "uncached", Label: Text{"plot.lane.uncached", end(sim.Uncached)}, Ink: Uncached, X: x, Y: y[sim.Uncached]},
			{Name: "cached", Label: Text{"plot.lane.cached", end(sim.Cached)}, Ink: Cached, X: x, Y: y[sim.Cached]},
		},
	}
}

// TotalFlops returns what a text of T tokens costs in all, from a prompt of one token,
// and the exponents of its parts: fits of log FLOPs over log T in the upper half
// of the lengths. The parts that are linear in a row grow like T^2 without a cache,
// the scores like T^3; with it like T and T^2.
func TotalFlops(s Subject) Figure {
	last := s.Prompt + s.New - 1
	s.Prompt, s.New = 1, last
	type series struct{ all, scores, linear []float64 }
	var x []float64
	var y [2]series
	var sum [2]sim.Counters
	s.passes(func(pass int, c [2]sim.Counters) {
		x = append(x, float64(pass+1))
		for lane := range c {
			sum[lane] = cost.Add(sum[lane], c[lane])
			f := sum[lane].Flops
			y[lane].all = append(y[lane].all, float64(cost.Headline(sum[lane], s.Switches)))
			y[lane].scores = append(y[lane].scores, float64(f.Scores))
			y[lane].linear = append(y[lane].linear, float64(f.QKV+f.Out+f.MLP))
		}
	})
	f := Figure{
		Name:     "total-flops",
		Title:    Text{"plot.total-flops", nil},
		Subtitle: s.about(),
		X:        Axis{Name: "tokens", Label: Text{"plot.x.length", nil}, Log: true},
		Y:        Axis{Name: s.Switches.Unit, Label: Text{s.unit() + ".total", nil}, Log: true},
	}
	for _, lane := range []struct {
		name string
		ink  Ink
		lane sim.Lane
	}{{"uncached", Uncached, sim.Uncached}, {"cached", Cached, sim.Cached}} {
		for _, part := range []struct {
			name   string
			y      []float64
			dashed bool
		}{{"all", y[lane.lane].all, false}, {"scores", y[lane.lane].scores, true}, {"linear", y[lane.lane].linear, true}} {
			f.Curves = append(f.Curves, Curve{
				Name: lane.name + "." + part.name, Ink: lane.ink, Dashed: part.dashed, X: x, Y: part.y,
				Label: Text{"plot.grows." + part.name, map[string]any{"Exponent": strconv.FormatFloat(exponent(x, part.y), 'f', 2, 64)}},
			})
		}
	}
	return f
}

// exponent returns the power of x that fits the upper half of y, NaN where none does.
func exponent(x, y []float64) float64 {
	f, ok := sweep.FitPower(sweep.UpperHalf(x, y))
	if !ok {
		return math.NaN()
	}
	return f.Exponent
}

// FlopsByPart returns what one decode step with the cache costs, by part, over the length
// of the context, and where attention overtakes the MLP.
func FlopsByPart(s Subject) Figure {
	last := s.Prompt + s.New - 1
	var x []float64
	parts := []struct {
		name string
		ink  Ink
		of   func(sim.Flops) int64
		y    []float64
	}{
		{"qkv", Cached, func(f sim.Flops) int64 { return f.QKV }, nil},
		{"out", Third, func(f sim.Flops) int64 { return f.Out }, nil},
		{"mlp", Fourth, func(f sim.Flops) int64 { return f.MLP }, nil},
		{"head", Sixth, func(f sim.Flops) int64 { return f.Head }, nil},
		{"scores", Uncached, func(f sim.Flops) int64 { return f.Scores }, nil},
		{"av", Fifth, func(f sim.Flops) int64 { return f.AV }, nil},
	}
	crossover := 0
	for t := 1; t <= last; t++ {
		f := s.Shape.Pass(1, t-1, s.Switches).Flops
		x = append(x, float64(t))
		for i := range parts {
			parts[i].y = append(parts[i].y, float64(parts[i].of(f)))
		}
		if crossover == 0 && f.Scores+f.AV > f.MLP {
			crossover = t
		}
	}
	f := Figure{
		Name:     "parts",
		Title:    Text{"plot.parts", nil},
		Subtitle: s.about(),
		X:        Axis{Name: "context", Label: Text{"plot.x.context", nil}},
		Y:        Axis{Name: s.Switches.Unit, Label: Text{s.unit() + ".pass", nil}},
		Stacked:  true,
	}
	for _, p := range parts {
		f.Curves = append(f.Curves, Curve{Name: p.name, Label: Text{"part." + p.name, nil}, Ink: p.ink, X: x, Y: p.y})
	}
	if crossover > 0 {
		f.Marks = []Mark{{'x', float64(crossover), Text{"plot.crossover", map[string]any{"Tokens": crossover}}}}
	}
	return f
}
