package sample

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// MaxWidth is how many texts beam search may follow at a time.
const MaxWidth = 8

// The numbers of a sampler. Where 0 (of the repetition penalty and top-p: 1) turns a
// filter off, the range has it.
var (
	Temperature       = sim.Number{Name: "temperature", Least: 0, Most: 100, Step: 0.05} // 0: greedy
	TopK              = sim.Number{Name: "top_k", Least: 0, Most: 1 << 20, Whole: true, Step: 1}
	TopP              = sim.Number{Name: "top_p", Least: 0.0001, Most: 1, Step: 0.05}
	MinP              = sim.Number{Name: "min_p", Least: 0, Most: 1, Step: 0.01}
	RepetitionPenalty = sim.Number{Name: "repetition_penalty", Least: 0.01, Most: 100, Step: 0.05}
	Width             = sim.Number{Name: "width", Least: 2, Most: MaxWidth, Whole: true, Step: 1}
	Length            = sim.Number{Name: "length_penalty", Least: -10, Most: 10, Step: 0.1} // beyond, sum / length^x has no meaning left
)

// Kinds are the samplers.
var Kinds = []string{"greedy", "sample", "beam"}

// Check refuses settings without a meaning, naming the field: Problem
// "recipe.choice" for the kind, "recipe.range" or "recipe.whole" for a number. Temperature 0 is written
// as the greedy sampler, so sampling has a positive one.
func Check(s sim.Sampler) error {
	if !slices.Contains(Kinds, s.Kind) {
		return sim.NewProblem("recipe.choice", "Field", "sampler", "Have", s.Kind, "Allowed", Kinds)
	}
	if s.Kind == "beam" {
		return cmp.Or(Width.Check(float64(s.Width)), Length.Check(s.Length))
	}
	// A field that Go code left out stands at 0 and is off; what a person leaves out
	// has its default (sim/recipe).
	off := func(x float64, n sim.Number) error {
		if x == 0 && s.Kind != "sample" {
			return nil
		}
		return n.Check(x)
	}
	penalty := RepetitionPenalty.Check(s.RepetitionPenalty)
	if s.RepetitionPenalty == 0 {
		penalty = nil
	}
	if s.Kind == "sample" && s.Temperature == 0 {
		return Temperature.Refuse("0")
	}
	return cmp.Or(off(s.Temperature, Temperature), TopK.Check(float64(s.TopK)), off(s.TopP, TopP), MinP.Check(s.MinP), penalty)
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
