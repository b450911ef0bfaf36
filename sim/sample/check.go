package sample

import (
	"math"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// MaxWidth is how many texts beam search may follow at a time.
const MaxWidth = 8

// Check refuses settings without a meaning, naming the field: Problem
// "recipe.choice" for the kind, "sampler.range" for a number.
func Check(s sim.Sampler) error {
	kinds := []string{"greedy", "sample", "beam"}
	if !slices.Contains(kinds, s.Kind) {
		return sim.NewProblem("recipe.choice", "Field", "sampler", "Have", s.Kind, "Allowed", kinds)
	}
	if s.Kind == "beam" {
		switch x := s.Length; {
		case s.Width < 2 || s.Width > MaxWidth:
			return outOfRange("width", float64(s.Width), ">= 2, <= 8")
		case !(math.Abs(x) <= 10): // beyond, sum / length^x has no meaning left
			return outOfRange("length_penalty", x, ">= -10, <= 10")
		}
	}
	// Only sampling uses temperature and top-p; else 0 may stand for "not given".
	missing := func(x float64) bool { return s.Kind != "sample" && x == 0 }
	switch t, p := s.Temperature, s.TopP; { // NaN fails every comparison
	case !missing(t) && !(t > 0 && t <= math.MaxFloat64):
		return outOfRange("temperature", t, "> 0")
	case s.TopK < 0:
		return outOfRange("top_k", float64(s.TopK), ">= 0")
	case !missing(p) && !(p > 0 && p <= 1):
		return outOfRange("top_p", p, "> 0, <= 1")
	case !(s.MinP >= 0 && s.MinP <= 1):
		return outOfRange("min_p", s.MinP, ">= 0, <= 1")
	case !(s.RepetitionPenalty >= 0 && s.RepetitionPenalty <= math.MaxFloat64):
		return outOfRange("repetition_penalty", s.RepetitionPenalty, ">= 0")
	}
	return nil
}

func outOfRange(field string, have float64, allowed string) error {
	return sim.NewProblem("sampler.range", "Field", field,
		"Have", strconv.FormatFloat(have, 'g', -1, 64), "Allowed", allowed)
}

// checkLogits: a logit may be -Inf, which rules its token out. NaN, +Inf and a
// row of nothing but -Inf are Problems "logits.value" and "logits.none".
func checkLogits(logits []float32) error {
	if squares := mat.Dot(logits, logits); len(logits) > 0 && squares <= math.MaxFloat32 {
		return nil // finite, each of them: a vocabulary is long, and this is quick
	}
	possible := false
	for i, x := range logits {
		if !(x <= math.MaxFloat32) { // a NaN is not
			return sim.NewProblem("logits.value", "Index", i, "Have", strconv.FormatFloat(float64(x), 'g', -1, 32))
		}
		possible = possible || x >= -math.MaxFloat32
	}
	if !possible { // -Inf everywhere, or no logits at all
		return sim.NewProblem("logits.none", "Vocab", len(logits))
	}
	return nil
}
