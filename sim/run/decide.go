package run

import (
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// decideEach lets c choose for every sequence of a pass whose tokens are all fed, adds what
// it chose to their texts, and ends those that are done.
func (e *engine) decideEach(steps []*sim.Step, logits [][2]mat.Matrix, c chooser) error {
	for i, q := range e.live {
		s, deciding := steps[i], decidingLogits(logits[i])
		switch {
		case q.numLogits == 0: // the prompt goes on
			q.cached += q.numScheduled
		case q.maxNew == 0: // prefill alone
			q.cached += q.numScheduled
			if err := e.endPrefill(s, deciding.Row(0)); err != nil {
				return err
			}
		default:
			if err := e.decideOne(q, s, logits[i], c); err != nil {
				return err
			}
		}
		if e.compares(q) {
			q.compared = max(q.compared, q.cached)
		}
	}
	e.endSequences(steps)
	return nil
}

// decidingLogits gives the logits of the lane that tokens are chosen by.
func decidingLogits(logits [2]mat.Matrix) mat.Matrix {
	if logits[sim.Cached].NumRows() > 0 {
		return logits[sim.Cached]
	}
	return logits[sim.Uncached]
}

// decideOne lets c choose the token of one sequence, unless the recipe forces another.
func (e *engine) decideOne(q *sequence, s *sim.Step, logits [2]mat.Matrix, c chooser) error {
	compares := e.compares(q)
	row, err := c.choose(q, s, decidingLogits(logits))
	if err != nil {
		return err
	}
	chosen := s.Token
	for _, f := range e.recipe.Forced {
		if f.Pass == e.pass && q.id == 0 {
			s.Token = f.Token
		}
	}
	e.write(q, s)
	if x := s.Speculation; x != nil && x.Accepted < row { // the text ended at a proposal: later rows left, and their choice
		row, chosen = x.Accepted, s.Token
		if _, err = e.describe(q, s, row, decidingLogits(logits)); err != nil {
			return err
		}
	}
	if compares {
		s.Effect, err = e.effect(q, s, row, chosen, logits, c)
	}
	return err
}

// describe notes what follows a row of logits of s, as the sampler sees it.
func (e *engine) describe(q *sequence, s *sim.Step, row int, logits mat.Matrix) (*lazyOutput, error) {
	at := s.Rows - q.numLogits + row
	out := e.newOutput(s.X.Rows(at, at+1), logits.Row(row))
	s.Output = out
	return out, out.pick(e.recipe.Sampler, uint64(q.number(s, row)), q.before(s, row))
}

// endPrefill ends a sequence after its prompt: its logits are described, and nobody chooses.
func (e *engine) endPrefill(s *sim.Step, logits []float32) error {
	out := e.newOutput(s.X.Rows(s.Rows-1, s.Rows), logits)
	s.Output, s.FinishReason = out, sim.FinishMaxNew
	return out.pick(e.recipe.Sampler, 0, s.Tokens)
}

// write adds what was chosen to the text, up to where the sequence ends, and
// takes out of the cache what does not stay.
func (e *engine) write(q *sequence, s *sim.Step) {
	for i, id := range s.NewTokens() {
		s.Text += q.write(id)
		if s.FinishReason = e.finishReason(q, id); s.FinishReason != "" {
			if s.Token = id; s.Speculation != nil { // later ones are never said
				s.Speculation.Accepted = i
			}
			break
		}
	}
	q.cached += s.Committed()
	if q.tokens = q.tokens[:q.cached]; s.Committed() < s.Rows {
		q.tokens = slices.Clone(q.tokens) // steps remember the rejected ones behind these
		if q.cache != nil {
			q.hold(q.cache, q.history.Cut(q.cached, s.Cached+s.Rows))
			q.cache.Truncate(q.cached) // which blocks go is part of what comes next
		}
	}
	q.tokens = append(q.tokens, s.Token) // fed in the next pass; the last one never is
}

// finishReason says why a sequence ends after this token, or "".
func (e *engine) finishReason(q *sequence, id int) string {
	switch {
	case id == e.m.Model.Config.EOS, slices.Contains(e.m.Ends, id):
		return sim.FinishEOS
	case containsAny(q.written.String(), e.recipe.Stop):
		return sim.FinishStop
	case q.numGenerated == q.maxNew:
		return sim.FinishMaxNew
	}
	return ""
}

func containsAny(text string, stops []string) bool {
	for _, s := range stops {
		if s != "" && strings.Contains(text, s) {
			return true
		}
	}
	return false
}
