package run

import (
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// choose picks the next token of a sequence from its logits and says whether it
// goes on. Of the rows of proposals those are kept that are accepted.
func (e *engine) choose(q *sequence, s *sim.Step, logits [2]mat.Matrix) error {
	ours := chooser(logits)
	if q.asks == 0 { // the prompt goes on
		q.cached += q.fed
		return nil
	}
	if q.maxNew == 0 { // prefill alone
		q.cached += q.fed
		return e.unchosen(s, ours.Row(0))
	}
	if err := e.verify(q, s, ours); err != nil {
		return err
	}
	row := 0 // whose logits gave the token
	if s.Speculation != nil {
		row = s.Speculation.Accepted
	}
	past := s.Tokens[:len(s.Tokens)-q.asks+1+row]
	at := s.Rows - q.asks + row
	h := e.tell(s.X.Rows(at, at+1), ours.Row(row))
	if err := h.pick(e.recipe.Sampler, uint64(q.chosen+row), past); err != nil {
		return err
	}
	if s.Head = h; s.Speculation == nil {
		s.Token, h.sampled = h.picked.Token, true
	}
	if e.lanes[0] != nil && e.lanes[1] != nil {
		var err error
		if s.Effect, err = e.effect(q, s, row, past, logits[sim.Cached].Row(row), logits[sim.Uncached].Row(row)); err != nil {
			return err
		}
	}
	for _, f := range e.recipe.Forced {
		if f.Pass == e.pass && q.id == 0 {
			s.Token = f.Token
		}
	}
	e.write(q, s)
	return nil
}

// unchosen ends a sequence after its prompt: its logits are told, and nobody chooses.
func (e *engine) unchosen(s *sim.Step, logits []float32) error {
	h := e.tell(s.X.Rows(s.Rows-1, s.Rows), logits)
	s.Head, s.Over = h, sim.DoneMaxNew
	return h.pick(e.recipe.Sampler, 0, s.Tokens)
}

// write adds what was chosen to the text, up to where the sequence ends, and
// takes out of the cache what does not stay.
func (e *engine) write(q *sequence, s *sim.Step) {
	for i, id := range s.Chosen() {
		s.Text += q.write(id)
		if s.Over = e.done(q, id); s.Over != "" {
			if s.Token = id; s.Speculation != nil { // later ones are never said
				s.Speculation.Accepted = i
			}
			break
		}
	}
	q.cached += s.Kept()
	if q.tokens = q.tokens[:q.cached]; s.Kept() < s.Rows {
		q.tokens = slices.Clone(q.tokens) // steps remember the rejected ones behind these
		if q.cache != nil {
			q.cache.Truncate(q.cached)
			q.hold(q.cache, q.history.First(q.cached))
		}
	}
	q.tokens = append(q.tokens, s.Token) // fed in the next pass; the last one never is
}

// done says why a sequence ends after this token, or "".
func (e *engine) done(q *sequence, id int) string {
	switch {
	case id == e.m.Model.Config.EOS, slices.Contains(e.m.Ends, id):
		return sim.DoneEOS
	case containsAny(q.written.String(), e.recipe.Stop):
		return sim.DoneStop
	case q.chosen == q.maxNew:
		return sim.DoneMaxNew
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

// over ends sequences that are done, and the run with the last of them.
func (e *engine) over(steps []*sim.Step) {
	for i, q := range e.live {
		q.end(steps[i].Over, e.pass)
		if steps[i].Token >= 0 && q.first < 0 {
			if q.first = e.pass; e.prompts != nil {
				e.prompts.learn(q)
			}
		}
	}
	e.leave()
	for ; e.stuck(); e.leave() { // who came last gives up, until somebody can go on
		if e.prompts.forget() {
			continue
		}
		last := e.all[0]
		for _, q := range e.all {
			if q.running() {
				last = q
			}
		}
		last.end(sim.DoneMemory, e.pass)
	}
	done := ""
	for _, q := range e.all {
		if q.over == "" {
			done = ""
			break
		}
		done = q.over
	}
	for i, q := range e.live {
		s := steps[i]
		if s.Over, s.Done = q.over, done; s.Over != "" {
			s.Text += q.flush() // bytes of a character that will never be whole
		}
		s.Said = q.written.String()
	}
}

// stuck tells whether sequences are running, and for none of them there is
// memory for one more token.
func (e *engine) stuck() bool {
	running := false
	for _, q := range e.all {
		if !q.running() {
			continue
		}
		if q.cache == nil {
			return false
		}
		e.looked++
		if room, _ := q.cache.Reserve(1); room > 0 {
			return false
		}
		running = true
	}
	return running
}
