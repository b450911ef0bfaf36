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

// The numbers of beam search; those of filters stand with each of them.
var (
	Width  = sim.Number{Name: "width", Least: 2, Most: MaxWidth, Whole: true, Step: 1}
	Length = sim.Number{Name: "length_penalty", Least: -10, Most: 10, Step: 0.1} // beyond, sum / length^x has no meaning left
)

// Kinds are the samplers.
var Kinds = []string{"greedy", "sample", "beam"}

// Check refuses settings without a meaning, naming the field: Problem
// "recipe.choice" for the kind, "recipe.range" or "recipe.whole" for a number. Temperature 0 is written
// as the greedy sampler, so sampling has a positive one.
func Check(s sim.Sampler) error { return checkSettings(&s) }

func checkSettings(s *sim.Sampler) error {
	if !slices.Contains(Kinds, s.Kind) {
		return sim.NewProblem("recipe.choice", "Field", "sampler", "Have", s.Kind, "Allowed", Kinds)
	}
	if s.Kind == "beam" {
		return cmp.Or(Width.Check(float64(s.Width)), Length.Check(s.Length))
	}
	for _, f := range Filters {
		// A setting that Go code left out stands at 0 and is off; what a person leaves out
		// has its default (sim/recipe).
		x := f.In(s).Get()
		if x == 0 && f.own != nil && (s.Kind != "sample" || f.Greedy) {
			continue
		}
		if err := f.Check(x); err != nil {
			return err
		}
	}
	if s.Kind == "sample" && s.Temperature == 0 {
		return temperature.Refuse("0")
	}
	for name := range s.More {
		if f := Find(name); f == nil || f.own != nil {
			return sim.NewProblem("recipe.json", "Key", "sampler."+name, "Why", "unknown")
		}
	}
	return nil
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
