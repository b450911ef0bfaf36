package chart

import (
	"context"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/run"
	"kvstep/sim/sweep"
)

// What a measurement takes.
const (
	measurePoints  = 16
	measureRepeats = 3
)

// Measure runs a model to sixteen lengths up to made tokens, three times, each lane by
// itself: side by side, every pass without the cache empties the processor's own
// caches under the pass with it, and the weights have to be read from memory again.
// Fewer than two lengths are Problem "cost.range".
func Measure(ctx context.Context, m *library.Loaded, prompt, made int, sw cost.Switches, clock run.Clock) (Measured, error) {
	p := sweep.Plan{Models: []string{m.Name}, Prompts: []sweep.Prompt{{Tokens: prompt}}, Repeats: measureRepeats, Pairs: sw.Pairs, Logits: sw.Logits}
	for i := 1; i <= measurePoints; i++ {
		if n := made * i / measurePoints; n > 0 && (len(p.Lengths) == 0 || n > p.Lengths[len(p.Lengths)-1]) {
			p.Lengths = append(p.Lengths, n)
		}
	}
	if len(p.Lengths) < 2 {
		return Measured{}, sim.NewProblem("cost.range", "Field", "new", "Have", made, "Min", 2, "Max", m.Model.Config.Context)
	}
	var rows []sweep.Row
	for _, p.Lanes = range []string{"cached", "uncached"} {
		var done []sweep.Result
		for _, r := range p.Runs() {
			result, err := p.Do(ctx, m, r, clock, func(int) {})
			if err != nil {
				return Measured{}, err
			}
			done = append(done, result)
		}
		rows = append(rows, p.Table(done)...)
	}
	return MeasuredOf(rows, m.Name), nil
}
