package run

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// beamSearch is what a beam search keeps between passes; its live texts are the
// engine's sequences, best first.
type beamSearch struct {
	sums     []float64 // of each live text
	finished []sample.Hypothesis
	texts    []sim.Finished // by Hypothesis.ID
}

// extend continues the beams of a pass, given each one's logits [1, vocab]: the
// best continuations become the sequences of the next pass. They share the
// blocks of what they have in common.
func (e *engine) extend(steps []*sim.Step, logits []mat.Matrix) error {
	b, r := e.beams, e.recipe
	if len(b.sums) == 0 {
		b.sums = []float64{0}
	}
	rows := make([][]float32, len(steps))
	for i := range steps {
		if e.live[i].asks == 0 { // the prompt goes on
			e.live[i].cached += e.live[i].fed
			e.over(steps)
			return nil
		}
		if r.MaxNew == 0 { // prefill alone, of the one prompt
			e.live[i].cached += e.live[i].fed
			if err := e.unchosen(steps[i], logits[i].Row(0)); err != nil {
				return err
			}
			e.over(steps)
			return nil
		}
		rows[i] = logits[i].Row(0)
	}
	live, ended, err := sample.Extend(b.sums, rows, r.Sampler.Width, append([]int{e.m.Model.Config.EOS}, e.m.Ends...)...)
	if err != nil {
		return err
	}
	for i, s := range steps {
		h := e.tell(s.X.Rows(s.Rows-1, s.Rows), rows[i])
		if err := h.pick(sim.Sampler{Kind: "greedy"}, 0, nil); err != nil {
			return err
		}
		s.Head = h
		for _, c := range live { // the best continuation of this beam, if it has one
			if c.Parent == i {
				s.Token = c.Token
				break
			}
		}
	}
	for _, c := range ended {
		e.finishBeam(e.live[c.Parent], c, sim.DoneEOS)
	}
	next, live := e.fork(live)
	x := &sim.Beams{Best: -1}
	for i, q := range next {
		x.Live = append(x.Live, sim.Beam{Parent: live[i].Parent, Token: live[i].Token, LogProb: live[i].LogProb, Sum: live[i].Sum, Text: q.written.String()})
	}
	done := e.beamsEnd(next, live)
	for _, q := range next { // each has made room for its token by now
		if q.history != nil {
			x.Copied += q.history.Copies()
		}
	}
	if done != "" {
		x.Best = 0
	}
	for _, h := range b.finished {
		text := b.texts[h.ID]
		text.Score = h.Score
		x.Finished = append(x.Finished, text)
	}
	for i, s := range steps {
		s.Beams, s.Done, s.Over, s.Said = x, done, done, e.live[i].written.String()
		if done != "" && len(x.Finished) > 0 {
			s.Said = x.Finished[0].Text
		}
	}
	e.all = next
	return nil
}

// fork makes a sequence of every continuation and gives back what the old ones
// held alone. A text with a stop string in it is finished instead.
func (e *engine) fork(live []sample.Continuation) (next []*sequence, goOn []sample.Continuation) {
	b := e.beams
	b.sums = b.sums[:0:0]
	for _, c := range live {
		parent := e.live[c.Parent]
		n := parent.cached + parent.fed
		q := &sequence{
			id: len(next), prompt: parent.prompt, maxNew: parent.maxNew, most: parent.most, cached: n,
			tokens:  append(slices.Clone(parent.tokens[:n]), c.Token),
			started: parent.started, first: parent.first, ended: -1,
		}
		if parent.cache != nil {
			q.hold(parent.cache.Fork(n), parent.history.First(n))
		}
		q.hear(e.m.Tokenizer)
		for _, id := range q.tokens[q.prompt:] {
			q.write(id)
		}
		if containsAny(q.written.String(), e.recipe.Stop) {
			e.finishBeam(q, c, sim.DoneStop)
			q.free()
			continue
		}
		b.sums = append(b.sums, c.Sum)
		next, goOn = append(next, q), append(goOn, c)
	}
	for _, q := range e.live {
		q.free()
	}
	return next, goOn
}

// finishBeam takes a continuation among the finished texts; q has its tokens,
// perhaps without the last.
func (e *engine) finishBeam(q *sequence, c sample.Continuation, why string) {
	b, ids := e.beams, slices.Clone(q.tokens[q.prompt:])
	if why == sim.DoneEOS {
		ids = append(ids, c.Token)
	}
	b.texts = append(b.texts, sim.Finished{Tokens: ids, Text: q.written.String(), Sum: c.Sum, Done: why})
	b.finished = sample.Finish(b.finished, sample.Hypothesis{ID: len(b.texts) - 1, Sum: c.Sum, Length: len(ids)}, e.recipe.Sampler.Length, e.recipe.Sampler.Width)
}

// beamsEnd says why the search is over after this pass, or "". What is live then
// is finished as it stands.
func (e *engine) beamsEnd(next []*sequence, live []sample.Continuation) string {
	r, why := e.recipe, ""
	switch {
	case len(next) == 0:
		return sim.DoneEOS
	case sample.Settled(e.beams.finished, r.Sampler.Width, live[0].Sum, next[0].chosen, r.MaxNew, r.Sampler.Length):
		return sim.DoneEOS
	case next[0].chosen == r.MaxNew:
		why = sim.DoneMaxNew
	default:
		for _, q := range next {
			if q.cache == nil {
				continue
			}
			if room, _ := q.cache.Reserve(1); room == 0 {
				why = sim.DoneMemory
			}
		}
	}
	if why != "" {
		for i, q := range next {
			e.finishBeam(q, live[i], why)
		}
	}
	return why
}
