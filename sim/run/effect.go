package run

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// effect compares the logits that a cached lane which is not exact led to, ours,
// with those of the uncached lane, which are exact. chosen is what the former
// led to, past the text that both stand after. It is nil where the policy is exact.
func (e *engine) effect(q *sequence, chosen int, past []int, ours, exact []float32) (*sim.Effect, error) {
	if e.recipe.Cache.Exact() {
		return nil, nil
	}
	n := q.chosen
	other, err := sample.Pick(exact, e.recipe.Sampler, uint64(n), past, nil)
	if err != nil {
		return nil, err
	}
	x := &sim.Effect{Token: other.Token, KL: divergence(exact, ours)}
	for i, v := range ours {
		x.MaxDelta = max(x.MaxDelta, v-exact[i], exact[i]-v)
	}
	if q.changed == nil && other.Token != chosen {
		q.changed = &n
	}
	x.Changed = q.changed
	return x, nil
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
