package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// effect compares the logits of a row of s in a cached lane that is not exact with those
// of the uncached lane, which are, and with the choice of c by them. It is nil where the
// cache policy is exact.
func (e *engine) effect(q *sequence, s *sim.Step, row, chosen int, logits [2]mat.Matrix, c chooser) (*sim.Effect, error) {
	if kv.TraitsOf(e.recipe.Cache).Exact {
		return nil, nil
	}
	cached, exact := logits[sim.Cached].Row(row), logits[sim.Uncached].Row(row)
	n := q.number(s, row)
	other, err := c.instead(q, s, row, q.before(s, row), exact)
	if err != nil {
		return nil, err
	}
	x := &sim.Effect{Token: other, KL: divergence(exact, cached)}
	for i, v := range cached {
		x.MaxDelta = max(x.MaxDelta, v-exact[i], exact[i]-v)
	}
	if q.changed == nil && other != chosen {
		q.changed = &n
	}
	x.Changed = q.changed
	return x, nil
}

// divergence returns the Kullback-Leibler divergence of softmax(q) from softmax(p),
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
