package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// speculative decodes with a draft: a small model proposes tokens, and one pass of the
// model verifies them all. In prefill, and where there are no proposals, it is plain.
type speculative struct {
	plain
	draft *drafter
}

func newSpeculative(e *engine, maxTokens int, count cost.Switches) (*speculative, error) {
	draft, err := e.m.Sibling(e.recipe.Draft)
	if err != nil {
		return nil, err
	}
	d, err := newDrafter(draft.Model, e.held, maxTokens, e.recipe, count, e.clock)
	if err != nil {
		return nil, err
	}
	e.models = append(e.models, draft)
	return &speculative{plain{e}, d}, nil
}

func (d *speculative) proposals() int { return d.e.recipe.Propose }

func (d *speculative) resume(prefix []sim.Step) { d.draft.rebuild(prefix) }

// propose lets the draft propose no more tokens than the run may still generate, since the
// pass itself gives one too, and than there is memory for.
func (d *speculative) propose(q *sequence) (err error) {
	q.proposed, q.dists = nil, nil
	if q.numGenerated == 0 {
		return nil
	}
	n := min(d.e.recipe.Propose, q.maxNew-q.numGenerated-1)
	if q.cache != nil && n > 0 {
		fits, _ := q.cache.Reserve(1 + n)
		n = min(n, fits-1)
	}
	if n <= 0 {
		return nil
	}
	if q.proposed, q.dists, err = d.draft.propose(q.tokens, n, uint64(q.numGenerated)); err != nil {
		return err
	}
	q.tokens = append(q.tokens, q.proposed.Proposed...)
	return nil
}

func (d *speculative) decide(steps []*sim.Step, logits [][2]mat.Matrix) error {
	return d.e.decideEach(steps, logits, d)
}

// choose keeps the proposals that are accepted, by the logits of their rows,
// [proposals+1, vocab], and chooses the token after them.
func (d *speculative) choose(q *sequence, s *sim.Step, logits mat.Matrix) (row int, err error) {
	x := s.Speculation
	if x == nil {
		return d.plain.choose(q, s, logits)
	}
	p := make([][]float64, logits.NumRows())
	for i := range p {
		if p[i], err = sample.Probs(logits.Row(i), d.e.recipe.Sampler, q.before(s, i)); err != nil {
			return 0, err
		}
	}
	v, err := sample.Verify(p, q.dists, x.Proposed, d.e.recipe.Sampler.Seed, uint64(q.numGenerated))
	if err != nil {
		return 0, err
	}
	x.Verdicts, x.Accepted, x.Random, s.Token = v.Verdicts, v.Accepted, v.Random, v.Next
	d.draft.rollBack(s.Cached + s.Committed())
	_, err = d.e.describe(q, s, x.Accepted, logits)
	return x.Accepted, err
}

// instead lets the same random number fall on what other logits owe after the draft's.
func (d *speculative) instead(q *sequence, s *sim.Step, row int, past []int, logits []float32) (int, error) {
	x := s.Speculation
	if x == nil {
		return d.plain.instead(q, s, row, past, logits)
	}
	probs, err := sample.Probs(logits, d.e.recipe.Sampler, past)
	if err != nil {
		return 0, err
	}
	switch {
	case row < len(x.Verdicts) && x.Verdicts[row].Accepted: // the text ended here
		v := x.Verdicts[row]
		if float64(v.Random*v.Q) < probs[v.Token] {
			return v.Token, nil
		}
		probs = sample.Residual(probs, q.dists[row])
		return sample.Draw(probs, sample.Random(d.e.recipe.Sampler.Seed, uint64(q.number(s, row)), sample.ForResidual)), nil
	case row < len(x.Proposed): // after a rejection
		probs = sample.Residual(probs, q.dists[row])
	}
	return sample.Draw(probs, x.Random), nil
}
