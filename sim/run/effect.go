package run

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// effect compares the logits of a cached lane that is not exact with those of
// the uncached lane, which are. chosen is what the former led to. It is nil
// where the policy is exact or one of the lanes did not run.
func (e *engine) effect(chosen int, logits [2][]float32) (*sim.Effect, error) {
	ours, exact := logits[sim.Cached], logits[sim.Uncached]
	if e.recipe.Cache.Exact() || ours == nil || exact == nil {
		return nil, nil
	}
	q := e.seq
	other, err := sample.Choose(exact, e.recipe.Sampler, uint64(q.chosen), q.tokens)
	if err != nil {
		return nil, err
	}
	x := &sim.Effect{Token: other.Token, KL: divergence(exact, ours)}
	for i, v := range ours {
		x.MaxDelta = max(x.MaxDelta, v-exact[i], exact[i]-v)
	}
	if e.changed == nil && other.Token != chosen {
		n := q.chosen
		e.changed = &n
	}
	x.Changed = e.changed
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
