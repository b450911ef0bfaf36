package sample

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// filtered is a row of logits and what the sampler's filters made of it.
type filtered struct {
	sampler sim.Sampler
	logits  []float32 // [vocab], as the model gave them
	scores  []float64 // [vocab], after the repetition penalty; nil without one: the logits
	order   []int     // ids, highest score first, ties by lower id: as many as are looked at

	// Every filter leaves the first few of order: topK of them, of those topP,
	// of those minP. weights are those that top-k left, the largest is 1.
	weights          []float32
	topK, topP, minP int

	// Softmax of the logits before its division, which only Choose asks for (weigh).
	highest  float32 // logit
	sum      float32 // of exp(logit - highest)
	mass     float64 // the same sum in float64
	positive int     // how many of them are above 0
}

// weigh prepares exp.
func (f *filtered) weigh() {
	f.highest = mat.Max(f.logits)
	f.sum, f.mass, f.positive = mat.Partition(f.logits, f.highest)
}

// exp is a token's exp(logit - highest).
func (f *filtered) exp(id int) float32 { return mat.Exp(f.logits[id] - f.highest) }

// score is a token's logit after the repetition penalty.
func (f *filtered) score(id int) float64 {
	if f.scores == nil {
		return float64(f.logits[id])
	}
	return f.scores[id]
}

// possible is the weights of the tokens that may be chosen.
func (f *filtered) possible() []float32 { return f.weights[:f.minP] }

// filter applies the filters in the order of Hugging Face's generate:
//
//	penalty      score = logit / penalty, or * penalty below 0, where the text has the token
//	temperature  w = exp((score - highest) / T)           so the largest w is 1
//	top-k        the K likeliest
//	top-p        of those, the fewest whose share of the sum reaches p
//	min-p        of those, the ones with w >= p           w is the share of the likeliest's
//
// Where scores tie for the last place, the lower ids stay: exactly K, and the
// fewest that reach p. (Hugging Face's top-k keeps all that tie.) Greedy knows
// the penalty only and leaves one token.
func filter(logits []float32, s sim.Sampler, past []int) (*filtered, error) {
	if err := Check(s); err != nil {
		return nil, err
	}
	if err := checkLogits(logits); err != nil {
		return nil, err
	}
	f := &filtered{sampler: s, logits: logits}
	if n := needed(s, len(logits)); penalises(s) {
		f.scores = penalised(logits, s, past)
		f.order = ranked(f.scores, n)
	} else {
		f.order = ranked(logits, n)
	}
	if s.Kind == "greedy" {
		f.weights, f.topK, f.topP, f.minP = []float32{1}, 1, 1, 1
		return f, nil
	}
	left := f.order
	if s.TopK > 0 && s.TopK < len(left) {
		left = left[:s.TopK]
	}
	for _, id := range left {
		w := weight(f.score(id), f.score(f.order[0]), s.Temperature)
		if w == 0 {
			break // impossible, and so is everything after it
		}
		f.weights = append(f.weights, w)
	}
	f.topK = len(f.weights)
	f.topP = reaches(f.weights, s.TopP)
	f.minP = f.topP
	for float64(f.weights[f.minP-1]) < s.MinP { // ends at the first, whose weight is 1
		f.minP--
	}
	return f, nil
}

// penalises tells whether the repetition penalty is on.
func penalises(s sim.Sampler) bool { return s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1 }

// penalised is the logits after the repetition penalty. A token that comes
// several times in the text is penalised once.
func penalised(logits []float32, s sim.Sampler, past []int) []float64 {
	scores := make([]float64, len(logits))
	for id, x := range logits {
		scores[id] = float64(x)
	}
	for _, id := range past {
		x := float64(logits[id])
		if x > 0 {
			x /= s.RepetitionPenalty
		} else {
			x *= s.RepetitionPenalty
		}
		if logits[id] >= -math.MaxFloat32 { // a penalty alone rules no token out
			x = min(max(x, -math.MaxFloat64), math.MaxFloat64)
		}
		scores[id] = x
	}
	return scores
}

// weight is exp((x - highest) / t). The difference and the quotient are
// float64: no overflow to NaN at any t.
func weight(x, highest, t float64) float32 { return mat.Exp(float32((x - highest) / t)) }

// reaches is how many of the first weights have the share p of all.
func reaches(weights []float32, p float64) int {
	if p == 1 {
		return len(weights)
	}
	reached, enough := 0.0, p*total(weights)
	for n, w := range weights {
		reached += float64(w)
		if reached >= enough {
			return n + 1
		}
	}
	return len(weights)
}
