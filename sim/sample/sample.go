// Package sample chooses the next token from a row of logits: greedily, or by
// a draw from what filters leave. One file is one filter, in the list Filters.
//
// A choice is the same on every machine. Probabilities come from mat.Exp,
// sums run in one fixed order, and the random number is a function of the seed
// and of which choice this is; there is no state, so that going back, seeking
// and forking need none either.
package sample

import (
	"math"
	"sync"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Choice is what was chosen, among what, and how.
type Choice struct {
	sim.Choice
	Top []sim.Candidate // the ten likeliest, highest logit first, ties by lower id
}

// shown is how many candidates a Choice lists.
const shown = 10

// Choose picks a token from logits [vocab]. draw is the index of the choice in
// its run (the pass), past holds every id of the text so far, which the
// repetition penalty asks for. What it cannot choose from is a Problem, see
// Check and checkLogits.
func Choose(logits []float32, s sim.Sampler, draw uint64, past []int) (Choice, error) {
	f, err := applyFilters(logits, s, past)
	if err != nil {
		return Choice{}, err
	}
	var c Choice
	c.Random = f.random(draw)
	rank := f.draw(c.Random)
	c.Token = f.Order[rank]
	f.describe(&c, rank)
	return c, nil
}

// Picked is a token, and how it was chosen for whoever asks.
type Picked struct {
	Token    int
	describe func() *Choice
}

// Top is the ten likeliest, as Choose gives them.
func (p *Picked) Top() []sim.Candidate { return p.describe().Top }

// Choice is how the token was chosen.
func (p *Picked) Choice() *sim.Choice { return &p.describe().Choice }

// Pick is Choose for a run that goes on: it does what choosing needs and leaves the
// description for when it is asked for the first time. again gives the same logits
// then; past may not change.
func Pick(logits []float32, s sim.Sampler, draw uint64, past []int, again func() []float32) (*Picked, error) {
	token, err := pickToken(logits, s, draw, past)
	if err != nil {
		return nil, err
	}
	return &Picked{token, sync.OnceValue(func() *Choice {
		c, err := Choose(again(), s, draw, past)
		if err != nil { // what could be picked from can be described
			panic("sample: " + err.Error())
		}
		return &c
	})}, nil
}

func pickToken(logits []float32, s sim.Sampler, draw uint64, past []int) (int, error) {
	if s.Kind == "greedy" && len(active(&s)) == 0 {
		if err := checkSettings(&s); err != nil {
			return 0, err
		}
		return likeliest(logits)
	}
	f, err := applyFilters(logits, s, past)
	if err != nil {
		return 0, err
	}
	return f.Order[f.draw(f.random(draw))], nil
}

// likeliest is the id of the highest logit, of those that tie the lowest. It goes once
// through memory: the vocabulary is long.
func likeliest(logits []float32) (int, error) {
	squares, high, at := float32(0), float32(math.Inf(-1)), 0
	for from := 0; from < len(logits); from += block {
		x := logits[from:min(from+block, len(logits))]
		squares += mat.Dot(x, x)
		if h := mat.Max(x); h > high {
			high, at = h, from
		}
	}
	if len(logits) == 0 || !(squares <= math.MaxFloat32) { // else they are finite
		if err := checkLogits(logits); err != nil {
			return 0, err
		}
	}
	for logits[at] != high {
		at++
	}
	return at, nil
}

// pickByWeight is the rank at which the running sum of weights passes the share r of
// their total, 0 <= r < 1: the inverse of the distribution function.
func pickByWeight[F float32 | float64](weights []F, r float64) int {
	at, seen := r*total(weights), 0.0
	for rank, w := range weights {
		seen += float64(w)
		if seen > at {
			return rank
		}
	}
	return len(weights) - 1
}

// total sums weights in their order.
func total[F float32 | float64](weights []F) float64 {
	sum := 0.0
	for _, w := range weights {
		sum += float64(w)
	}
	return sum
}
