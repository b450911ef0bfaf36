package model

import (
	"math"

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
	var entropy float64
	var previous, first, self, copies mean
	for i := range probs.NumRows() {
		p, at := probs.Row(i), cached+i
		entropy += bits(p)
		if at >= 2 {
			previous.add(p[at-1])
			first.add(p[0])
			self.add(p[at])
		}
		if next := followed(tokens, at); next > 0 {
			copies.add(p[next])
		}
	}
	return Hint{float32(entropy / float64(max(probs.NumRows(), 1))), previous.of(), first.of(), self.of(), copies.of()}
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

// followed returns the position after the last earlier occurrence of the token at
// position at, or -1. What followed must be earlier than the query too.
func followed(tokens []int, at int) int {
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
