package sample

import (
	"cmp"
	"math"
	"slices"

	"kvstep/sim/mat"
)

// Beam search as Hugging Face's generate does it. Live beams all have the same
// length, so they are compared by their sums of log-probabilities as they are.
// A beam whose next token is the end of the text leaves the live ones and
// becomes a Hypothesis. Those differ in length, and every token lowers the sum,
// so they are compared by sum / length^penalty: 0 favours short texts, 1 takes
// the mean, more than 1 favours long ones. When the run is out of tokens, the
// live beams become hypotheses too, and the best one is the answer.

// Continuation is one live beam with one more token.
type Continuation struct {
	Parent  int     // index of the beam
	Token   int     // the token added
	LogProb float64 // of the token after its beam, natural logarithm
	Sum     float64 // of the beam's log-probabilities, this one included
}

// Extend continues live beams, given the sum [beams] and the next logits
// [beams][vocab] of each, and returns two lists, best first: live, the width
// best that go on, and ended, those that end with one of the ids that end a text
// (negative ones do not count) and rank among the first width of all. Equal sums
// come in the order of beams, then of ids.
func Extend(sums []float64, logits [][]float32, width int, ends ...int) (live, ended []Continuation, err error) {
	var all []Continuation
	for parent, row := range logits {
		if err := checkLogits(row); err != nil {
			return nil, nil, err
		}
		logProbs := LogProbs(row)
		// Any beam may give all of the best; as many more make up for the ends among them.
		for _, id := range ranked(logProbs, min(width+len(ends), len(row))) {
			if x := logProbs[id]; !math.IsInf(x, -1) {
				all = append(all, Continuation{parent, id, x, sums[parent] + x})
			}
		}
	}
	slices.SortFunc(all, func(a, b Continuation) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), a.Parent-b.Parent, a.Token-b.Token)
	})
	for rank, c := range all {
		switch over := slices.Contains(ends, c.Token); {
		case !over && len(live) < width:
			live = append(live, c)
		case over && rank < width:
			ended = append(ended, c)
		}
	}
	return live, ended, nil
}

// LogProbs is the logarithm of softmax(logits), the same bits everywhere:
//
//	log p = (logit - highest) - ln of the sum of exp(logit - highest)
func LogProbs(logits []float32) []float64 {
	weights := make([]float32, len(logits))
	mat.Exps(weights, logits, nil)
	highest, sum := float64(mat.Max(logits)), total(weights)
	lnSum := 0.0
	if sum != 1 { // a certain token has 0 exactly
		lnSum = mat.Ln(sum)
	}
	out := make([]float64, len(logits))
	for i, x := range logits {
		out[i] = min(0, float64(x)-highest-lnSum) // no probability is above 1, whatever the last bit says
	}
	return out
}

// Hypothesis is a text that beam search has finished.
type Hypothesis struct {
	ID     int     // the caller's
	Sum    float64 // of its log-probabilities
	Length int     // generated tokens, the end of the text included
	Score  float64 // what it is compared by
}

// Finish puts a text among the finished ones, best first, and keeps width of
// them. Of equal scores the earlier stays in front.
func Finish(list []Hypothesis, h Hypothesis, penalty float64, width int) []Hypothesis {
	h.Score = Score(h.Sum, h.Length, penalty)
	at := len(list)
	for at > 0 && list[at-1].Score < h.Score {
		at--
	}
	list = slices.Insert(slices.Clone(list), at, h)
	return list[:min(len(list), width)]
}

// Score is sum / length^penalty.
func Score(sum float64, length int, penalty float64) float64 {
	return sum / mat.Exp64(float64(penalty*mat.Ln(float64(length))))
}

// Finished tells whether no live beam can still get among the width best
// finished ones: best is the largest live sum, of length tokens that may become
// most. Sums only fall, so the best that can come of it is best at the length
// that suits the penalty. (Hugging Face's early_stopping="never" is this;
// early_stopping=True stops as soon as there are width finished texts, which
// with width 1 is greedy decoding.)
func Finished(finished []Hypothesis, width int, best float64, length, most int, penalty float64) bool {
	if len(finished) < width {
		return false
	}
	attainable := Score(best, length, penalty)
	if penalty > 0 {
		attainable = Score(best, most, penalty)
	}
	return finished[width-1].Score >= attainable
}
