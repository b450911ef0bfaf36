// Package sample chooses the next token from a row of logits: greedily, or by
// temperature, top-k, top-p and one random number.
//
// A choice is the same on every machine. Probabilities come from mat.Exp,
// sums run in one fixed order, and the random number is a function of the seed
// and of which choice this is; there is no state, so that going back, seeking
// and forking need none either.
package sample

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Choice is what was chosen, and among what.
type Choice struct {
	Token    int             // the id chosen
	Top      []sim.Candidate // the ten likeliest, highest logit first, ties by lower id
	Possible int             // tokens left by temperature, top-k and top-p; 1 when greedy
	Random   float64         // the random number in [0, 1) that chose; 0 when greedy
}

// shown is how many candidates a Choice lists.
const shown = 10

// Check refuses settings without a meaning, naming the field: Problem
// "recipe.choice" for the kind, "sampler.range" for a number.
func Check(s sim.Sampler) error {
	if s.Kind != "greedy" && s.Kind != "sample" {
		return sim.NewProblem("recipe.choice", "Field", "sampler", "Have", s.Kind, "Allowed", []string{"greedy", "sample"})
	}
	// Greedy uses none of the numbers, so there 0 may stand for "not given".
	missing := func(x float64) bool { return s.Kind == "greedy" && x == 0 }
	switch t, p := s.Temperature, s.TopP; {
	case !missing(t) && !(t > 0 && t <= math.MaxFloat64): // NaN fails every comparison
		return outOfRange("temperature", t, "> 0")
	case s.TopK < 0:
		return outOfRange("top_k", float64(s.TopK), ">= 0")
	case !missing(p) && !(p > 0 && p <= 1):
		return outOfRange("top_p", p, "> 0, <= 1")
	}
	return nil
}

func outOfRange(field string, have float64, allowed string) error {
	return sim.NewProblem("sampler.range", "Field", field,
		"Have", strconv.FormatFloat(have, 'g', -1, 64), "Allowed", allowed)
}

// Choose picks a token from logits [vocab]. draw is the index of the choice in
// its run (the pass). A logit may be -Inf, which rules its token out; NaN,
// +Inf and a row of nothing but -Inf are Problems "logits.value" and
// "logits.none".
func Choose(logits []float32, s sim.Sampler, draw uint64) (Choice, error) {
	if err := Check(s); err != nil {
		return Choice{}, err
	}
	if err := checkLogits(logits); err != nil {
		return Choice{}, err
	}
	order := ranked(logits, needed(s, len(logits)))
	c := Choice{Token: order[0], Possible: 1}
	if s.Kind == "sample" {
		weights := keep(logits, order, s)
		c.Possible = len(weights)
		c.Random = random(s.Seed, draw)
		c.Token = order[pick(weights, c.Random)]
	}
	probs := make([]float32, len(logits))
	mat.Softmax(probs, logits, nil)
	for rank, id := range order[:min(shown, len(order))] {
		c.Top = append(c.Top, sim.Candidate{ID: id, Logit: logits[id], Prob: probs[id], Kept: rank < c.Possible})
	}
	return c, nil
}

func checkLogits(logits []float32) error {
	possible := false
	for i, x := range logits {
		if x != x || x > math.MaxFloat32 {
			return sim.NewProblem("logits.value", "Index", i, "Have", strconv.FormatFloat(float64(x), 'g', -1, 32))
		}
		possible = possible || x >= -math.MaxFloat32
	}
	if !possible { // -Inf everywhere, or no logits at all
		return sim.NewProblem("logits.none", "Vocab", len(logits))
	}
	return nil
}

// needed is how many of the likeliest tokens a choice looks at.
func needed(s sim.Sampler, vocab int) int {
	switch {
	case s.Kind == "greedy":
		return min(shown, vocab)
	case s.TopK > 0:
		return min(max(shown, s.TopK), vocab)
	}
	return vocab
}

// ranked is the n ids with the highest logits, highest first, ties by lower id.
func ranked(logits []float32, n int) []int {
	order := func(a, b int) int {
		return cmp.Or(cmp.Compare(logits[b], logits[a]), a-b)
	}
	if n > few {
		ids := make([]int, len(logits))
		for id := range ids {
			ids[id] = id
		}
		slices.SortFunc(ids, order)
		return ids[:n]
	}
	best := make([]int, 0, n+1)
	for id, x := range logits {
		if len(best) == n && x <= logits[best[n-1]] {
			continue // an equal logit with a higher id comes later
		}
		at, _ := slices.BinarySearchFunc(best, id, order)
		best = slices.Insert(best, at, id)
		best = best[:min(n, len(best))]
	}
	return best
}

// few is up to where keeping a short list is faster than sorting all.
const few = 64

// keep is the weights of the tokens that may be chosen, likeliest first: a
// prefix of order. The filters apply in the order of Hugging Face:
//
//	temperature  w = exp((logit - highest) / T)           so the largest w is 1
//	top-k        the K likeliest
//	top-p        of those, the fewest whose share of the sum reaches p
func keep(logits []float32, order []int, s sim.Sampler) []float32 {
	if s.TopK > 0 && s.TopK < len(order) {
		order = order[:s.TopK]
	}
	highest := float64(logits[order[0]])
	var weights []float32
	sum := 0.0
	for _, id := range order {
		// The difference and the quotient are float64: no overflow at any T.
		w := mat.Exp(float32((float64(logits[id]) - highest) / s.Temperature))
		if w == 0 {
			break // impossible, and so is everything after it
		}
		weights = append(weights, w)
		sum += float64(w)
	}
	if s.TopP == 1 {
		return weights
	}
	reached, enough := 0.0, s.TopP*sum
	for n, w := range weights {
		reached += float64(w)
		if reached >= enough {
			return weights[:n+1]
		}
	}
	return weights
}

// pick is the rank at which the running sum of weights passes the share r of
// their total, 0 <= r < 1: the inverse of the distribution function.
func pick(weights []float32, r float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += float64(w)
	}
	at, seen := r*sum, 0.0
	for rank, w := range weights {
		seen += float64(w)
		if seen > at {
			return rank
		}
	}
	return len(weights) - 1
}
