package run

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
	"kvstep/sim/schedule"
)

// beamSearch decodes several texts of one prompt and keeps those that are likeliest as a
// whole. The live texts are the engine's sequences, best first.
type beamSearch struct {
	plain              // of the prompt
	sums     []float64 // of each live text
	finished []sample.Hypothesis
	texts    []sim.Finished // by Hypothesis.ID
}

func (d *beamSearch) width() int { return d.e.recipe.Sampler.Width }

// decide makes the best continuations of all beams the sequences of the next pass. They
// share the blocks of what they have in common.
func (d *beamSearch) decide(steps []*sim.Step, logits [][2]mat.Matrix) error {
	e := d.e
	if q := e.live[0]; q.numLogits == 0 || q.maxNew == 0 { // the prompt goes on, or nothing follows it
		return d.plain.decide(steps, logits)
	}
	if len(d.sums) == 0 {
		d.sums = []float64{0}
	}
	rows := make([][]float32, len(steps))
	for i := range steps {
		rows[i] = decidingLogits(logits[i]).Row(0)
	}
	live, ended, err := sample.Extend(d.sums, rows, e.recipe.Sampler.Width, append([]int{e.m.Model.Config.EOS}, e.m.Ends...)...)
	if err != nil {
		return err
	}
	if err := d.describe(steps, rows, live); err != nil {
		return err
	}
	for _, c := range ended {
		d.finish(e.live[c.Parent], c, sim.FinishEOS)
	}
	next, live := d.fork(live)
	d.report(steps, next, live, d.end(next, live))
	e.all = next
	return nil
}

// describe notes in each beam's step its logits and the best continuation, if it has one.
func (d *beamSearch) describe(steps []*sim.Step, rows [][]float32, live []sample.Continuation) error {
	for i, s := range steps {
		out := d.e.newOutput(s.X.Rows(s.Rows-1, s.Rows), rows[i])
		if err := out.pick(sim.Sampler{Kind: "greedy"}, 0, nil); err != nil {
			return err
		}
		s.Output = out
		if best := slices.IndexFunc(live, func(c sample.Continuation) bool { return c.Parent == i }); best >= 0 {
			s.Token = live[best].Token
		}
	}
	return nil
}

// report notes in the steps of a pass which texts go on and which are finished, and why
// the search is over, or "".
func (d *beamSearch) report(steps []*sim.Step, next []*sequence, live []sample.Continuation, why string) {
	x := &sim.Beams{Best: -1}
	if why != "" {
		x.Best = 0
	}
	for i, q := range next {
		c := live[i]
		x.Live = append(x.Live, sim.Beam{Parent: c.Parent, Token: c.Token, LogProb: c.LogProb, Sum: c.Sum, Text: q.written.String()})
		if q.history != nil { // each has made room for its token by now
			x.Copied += q.history.Copies()
		}
	}
	for _, h := range d.finished {
		text := d.texts[h.ID]
		text.Score = h.Score
		x.Finished = append(x.Finished, text)
	}
	for i, s := range steps {
		s.Beams, s.RunFinishReason, s.FinishReason, s.GeneratedText = x, why, why, d.e.live[i].written.String()
		if why != "" && len(x.Finished) > 0 {
			s.GeneratedText = x.Finished[0].Text
		}
	}
}

// fork makes a sequence of every continuation and gives back what the old ones
// held alone. A text with a stop string in it is finished instead.
func (d *beamSearch) fork(live []sample.Continuation) (next []*sequence, goOn []sample.Continuation) {
	e := d.e
	d.sums = d.sums[:0:0]
	for _, c := range live {
		parent := e.live[c.Parent]
		n := parent.cached + parent.numScheduled
		q := &sequence{
			id: len(next), prompt: parent.prompt, maxNew: parent.maxNew, maxTokens: parent.maxTokens, cached: n,
			tokens: append(slices.Clone(parent.tokens[:n]), c.Token),
			state:  schedule.Running, started: parent.started, first: parent.first, ended: -1,
			waits: parent.waits, compared: parent.compared, differed: parent.differed,
		}
		if e.compares(parent) {
			q.compared = n
		}
		if parent.cache != nil {
			q.hold(parent.cache.Fork(n), parent.history.First(n))
		}
		q.startText(e.m.Tokenizer)
		for _, id := range q.tokens[q.prompt:] {
			q.write(id)
		}
		if containsAny(q.written.String(), e.recipe.Stop) {
			d.finish(q, c, sim.FinishStop)
			q.free()
			continue
		}
		d.sums = append(d.sums, c.Sum)
		next, goOn = append(next, q), append(goOn, c)
	}
	for _, q := range e.live {
		q.free()
	}
	return next, goOn
}

// finish takes a continuation among the finished texts; q has its tokens,
// perhaps without the last.
func (d *beamSearch) finish(q *sequence, c sample.Continuation, why string) {
	ids, of := slices.Clone(q.tokens[q.prompt:]), d.e.recipe.Sampler
	if why == sim.FinishEOS {
		ids = append(ids, c.Token)
	}
	d.texts = append(d.texts, sim.Finished{Tokens: ids, Text: q.written.String(), Sum: c.Sum, FinishReason: why})
	d.finished = sample.Finish(d.finished, sample.Hypothesis{ID: len(d.texts) - 1, Sum: c.Sum, Length: len(ids)}, of.Length, of.Width)
}

// end says why the search is over after this pass, or "". What is live then
// is finished as it stands.
func (d *beamSearch) end(next []*sequence, live []sample.Continuation) string {
	r, why := d.e.recipe, ""
	switch {
	case len(next) == 0:
		return sim.FinishEOS
	case sample.Finished(d.finished, r.Sampler.Width, live[0].Sum, next[0].numGenerated, r.MaxNew, r.Sampler.Length):
		return sim.FinishEOS
	case next[0].numGenerated == r.MaxNew:
		why = sim.FinishMaxNew
	default:
		for _, q := range next {
			if q.cache == nil {
				continue
			}
			if room, _ := q.cache.Reserve(1); room == 0 {
				why = sim.FinishMemory
			}
		}
	}
	if why != "" {
		for i, q := range next {
			d.finish(q, live[i], why)
		}
	}
	return why
}
