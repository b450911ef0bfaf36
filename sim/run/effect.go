package run

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// effect compares the logits that a cached lane which is not exact led to, ours,
// with those of the uncached lane, which are exact. They stand after past, where row
// proposals stay. It is nil where the policy is exact.
func (e *engine) effect(q *sequence, s *sim.Step, row int, past []int, ours, exact []float32) (*sim.Effect, error) {
	if e.recipe.Cache.Exact() {
		return nil, nil
	}
	n := q.chosen + row
	other, err := e.instead(q, s, row, past, exact)
	if err != nil {
		return nil, err
	}
	x := &sim.Effect{Token: other, KL: divergence(exact, ours)}
	for i, v := range ours {
		x.MaxDelta = max(x.MaxDelta, v-exact[i], exact[i]-v)
	}
	if q.changed == nil && other != s.Token {
		q.changed = &n
	}
	x.Changed = q.changed
	return x, nil
}

// instead is the token that the same choice gives by other logits: the same random number
// falls on their distribution, or after a rejection on what they owe after the draft's.
func (e *engine) instead(q *sequence, s *sim.Step, row int, past []int, logits []float32) (int, error) {
	x := s.Speculation
	if x == nil {
		other, err := sample.Pick(logits, e.recipe.Sampler, uint64(q.chosen), past, nil)
		if err != nil {
			return 0, err
		}
		return other.Token, nil
	}
	probs, err := sample.Probs(logits, e.recipe.Sampler, past)
	if err != nil {
		return 0, err
	}
	if row < len(x.Proposed) {
		probs = sample.Residual(probs, q.dists[row])
	}
	return sample.Draw(probs, x.Random), nil
}

// divergence is the Kullback-Leibler divergence of softmax(q) from softmax(p),
// the sum of p (ln p - ln q), in nats.
func divergence(p, q []float32) float64 {
	lp, lq := sample.LogProbs(p), sample.LogProbs(q)
	probs := make([]float32, len(p))
	mat.Softmax(probs, p, nil)
	kl := 0.0
	for i, w := range probs {
		if w > 0 { // an impossible token adds nothing
			kl += float64(float64(w) * (lp[i] - lq[i]))
		}
	}
	return max(0, kl)
}
