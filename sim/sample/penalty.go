package sample

import (
	"math"

	"kvstep/sim"
)

// The repetition penalty (Keskar et al., 2019) divides the positive logits of tokens that
// the text has by its setting and multiplies the negative ones. A token that comes
// several times in the text is penalised once.
var repetitionPenalty = Filter{
	Number: sim.Number{Name: "repetition_penalty", Least: 0.01, Most: 100, Step: 0.05},
	Key:    "rp", Off: 1, Greedy: true,
	own:     func(s *sim.Sampler) any { return &s.RepetitionPenalty },
	Rescore: penalise,
	Says:    func(float64) string { return "penalty" },
}

// penalise replaces the scores by those after the penalty.
func penalise(s *Scores, penalty float64) {
	scores := make([]float64, len(s.Logits))
	for id := range scores {
		scores[id] = s.Of(id)
	}
	for _, id := range s.Past {
		x := s.Of(id)
		if x > 0 {
			x /= penalty
		} else {
			x *= penalty
		}
		if s.Logits[id] >= -math.MaxFloat32 { // a penalty alone rules no token out
			x = min(max(x, -math.MaxFloat64), math.MaxFloat64)
		}
		scores[id] = x
	}
	s.Changed = scores
}
