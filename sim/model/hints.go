package model

import (
	"math"
	"slices"

	"kvstep/sim/mat"
)

// Hint says what the queries of one head looked at in one pass, read off its
// probabilities. Shares are means over the queries at position 2 and later: at
// earlier ones the first token is also the previous one, or the query itself.
// A share that no query of the pass can have is -1.
type Hint struct {
	Entropy  float32 // bits; mean over all queries. 0: one key, log2(n): n keys alike
	Previous float32 // share given to the token before the query
	First    float32 // to the first token of the sequence
	Self     float32 // to the query itself
	// Copies is the share given to what followed the same token last time, the
	// mark of an induction head, over those queries whose token came before.
	Copies float32
}

// Hints reads probs, [m, positions], whose rows are the queries at positions
// cached, cached+1, ...; tokens are the ids of all positions.
func Hints(probs mat.Matrix, cached int, tokens []int) Hint {
	var sums HintSums
	for i := range probs.NumRows() {
		p, at := probs.Row(i), cached+i
		sums.note(p, at, copiedFrom(tokens, at), bits(p))
	}
	return sums.Hint()
}

// HintSums are the sums of a hint over the queries so far.
type HintSums struct {
	entropy, previous, first, self, copies mean
}

// Add adds the query at position at: its scores and probs over the keys up to itself, and what
// Followed says of it.
func (h *HintSums) Add(at, followed int, scores, probs []float32) {
	h.note(probs, at, followed, entropy(scores, probs))
}

func (h *HintSums) note(p []float32, at, followed int, bits float64) {
	h.entropy.sum, h.entropy.n = h.entropy.sum+bits, h.entropy.n+1
	if at >= 2 {
		h.previous.add(p[at-1])
		h.first.add(p[0])
		h.self.add(p[at])
	}
	if followed > 0 {
		h.copies.add(p[followed])
	}
}

// Hint returns what the queries looked at.
func (h *HintSums) Hint() Hint {
	entropy := float32(h.entropy.sum / float64(max(h.entropy.n, 1)))
	return Hint{entropy, h.previous.of(), h.first.of(), h.self.of(), h.copies.of()}
}

// entropy returns that of a row in bits, of its scores: the logarithm of each p is that of the largest p +
// score - the largest p's score, so that one logarithm is enough for all.
func entropy(scores, probs []float32) float64 {
	top := mat.Max(probs)
	at := slices.Index(probs, top)
	if at < 0 { // not a number
		return bits(probs)
	}
	mean := float64(mat.Dot(probs, scores)) // of p x score; the sum of p is 1 but for rounding
	h := float64(mat.Sum(probs, nil))*(float64(scores[at])-math.Log(float64(top))) - mean
	if h-h != 0 { // a score is not finite
		return bits(probs)
	}
	return max(h/math.Ln2, 0)
}

// bits returns the entropy of a row: -sum p log2 p.
func bits(p []float32) float64 {
	var h float64
	for _, x := range p {
		if x > 0 {
			h -= float64(x) * math.Log2(float64(x))
		}
	}
	return max(h, 0)
}

// Followed returns, of each query from position cached on, the position after the last earlier
// occurrence of its token, or -1.
func Followed(tokens []int, cached int) []int {
	all := make([]int, len(tokens)-cached)
	for i := range all {
		all[i] = copiedFrom(tokens, cached+i)
	}
	return all
}

// copiedFrom returns the position after the last earlier occurrence of the token at
// position at, or -1. What followed must be earlier than the query too.
func copiedFrom(tokens []int, at int) int {
	for j := at - 2; j >= 0; j-- {
		if tokens[j] == tokens[at] {
			return j + 1
		}
	}
	return -1
}

type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float32) { m.sum, m.n = m.sum+float64(x), m.n+1 }

func (m mean) of() float32 {
	if m.n == 0 {
		return -1
	}
	return float32(m.sum / float64(m.n))
}
