package sample

import "kvstep/sim"

// Dist is the distribution [vocab] that a token is drawn from after logits: the
// last stage of Choose, of every token. Greedy has all of it on one token.
func Dist(logits []float32, s sim.Sampler, past []int) ([]float64, error) {
	f, err := filter(logits, s, past)
	if err != nil {
		return nil, err
	}
	probs := make([]float64, len(logits))
	sum := total(f.possible())
	for rank, w := range f.possible() {
		probs[f.order[rank]] = float64(w) / sum
	}
	return probs, nil
}
