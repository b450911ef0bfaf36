package sample

import (
	"iter"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Scores are what tokens are ranked and weighed by.
type Scores struct {
	Logits  []float32 // [vocab] as the model gave them; nobody changes them
	Past    []int     // ids of the text so far
	Changed []float64 // [vocab] what a filter made of the logits; nil: the logits
	T       float64   // what differences of scores are divided by
}

// Of returns the score of a token.
func (s *Scores) Of(id int) float64 {
	if s.Changed == nil {
		return float64(s.Logits[id])
	}
	return s.Changed[id]
}

// weight returns exp((x - highest) / T). The difference and the quotient are float64: no
// overflow to NaN at any T.
func (s *Scores) weight(x, highest float64) float32 { return mat.Exp(float32((x - highest) / s.T)) }

// rank returns the n ids with the highest scores, highest first, ties by lower id.
func (s *Scores) rank(n int) []int {
	if s.Changed == nil {
		return ranked(s.Logits, n)
	}
	return ranked(s.Changed, n)
}

// Dist is what filters drop tokens from: ranks, what each weighs, and which are left.
// At least one always is. The sums of weights run in the order of ranks.
type Dist struct {
	Scores  Scores
	Order   []int     // ids, highest score first, ties by lower id: as many as are looked at
	Weights []float32 // of the first of Order, those that are possible: exp((score - highest) / T), so the first is 1

	dropped []uint8 // [len(Weights)] the filter that dropped a rank, from 1; 0: it is left
	end     int     // behind the last rank that is left
	turn    uint8   // the filter that applies
}

// newDist ranks the n highest scores, and weighs those that are possible.
func newDist(s Scores, n int) *Dist {
	d := &Dist{Scores: s, Order: s.rank(n)}
	d.Weights = make([]float32, 0, len(d.Order))
	highest := s.Of(d.Order[0])
	for _, id := range d.Order {
		w := s.weight(s.Of(id), highest)
		if w == 0 {
			break // impossible, and so is everything after it
		}
		d.Weights = append(d.Weights, w)
	}
	return d.all()
}

// all marks nothing as dropped.
func (d *Dist) all() *Dist {
	d.dropped, d.end = make([]uint8, len(d.Weights)), len(d.Weights)
	return d
}

// Left iterates over the ranks that are left, with their weights.
func (d *Dist) Left() iter.Seq2[int, float32] {
	return func(yield func(int, float32) bool) {
		for rank, by := range d.dropped[:d.end] {
			if by == 0 && !yield(rank, d.Weights[rank]) {
				return
			}
		}
	}
}

// Keep drops the ranks of which keep, asked in their order, says false. If that is all,
// the likeliest stays.
func (d *Dist) Keep(keep func(rank int, weight float32) bool) {
	first, end := -1, 0
	for rank, by := range d.dropped[:d.end] {
		if by != 0 {
			continue
		}
		if first < 0 {
			first = rank
		}
		if keep(rank, d.Weights[rank]) {
			end = rank + 1
		} else {
			d.dropped[rank] = d.turn
		}
	}
	if end == 0 {
		d.dropped[first], end = 0, first+1
	}
	d.end = end
}

// Has reports whether a rank is left.
func (d *Dist) Has(rank int) bool { return rank < d.end && d.dropped[rank] == 0 }

// Total sums the weights that are left.
func (d *Dist) Total() float64 {
	sum := 0.0
	for rank, by := range d.dropped[:d.end] {
		if by == 0 {
			sum += float64(d.Weights[rank])
		}
	}
	return sum
}

// sum sums and counts the weights that filter number n and those before it
// have left.
func (d *Dist) sum(n uint8) (sum float64, left int) {
	end := d.end
	if n < d.turn {
		end = len(d.Weights)
	}
	for rank := range end {
		if d.had(rank, n) {
			sum += float64(d.Weights[rank])
			left++
		}
	}
	return sum, left
}

// had reports whether filter number n and those before it have left a rank.
func (d *Dist) had(rank int, n uint8) bool { return d.dropped[rank]-1 >= n } // 0 - 1 is the highest

// LogWeight returns the natural logarithm of a weight, before its rounding to float32.
func (d *Dist) LogWeight(rank int) float64 {
	return (d.Scores.Of(d.Order[rank]) - d.Scores.Of(d.Order[0])) / d.Scores.T
}

// draw returns the rank at which the running sum of the weights that are left passes the share
// r of their total, 0 <= r < 1: the inverse of the distribution function.
func (d *Dist) draw(r float64) int {
	at, seen := r*d.Total(), 0.0
	for rank, by := range d.dropped[:d.end] {
		if by == 0 {
			if seen += float64(d.Weights[rank]); seen > at {
				return rank
			}
		}
	}
	return d.end - 1
}

// Probs returns the distribution [vocab] that a token is drawn from after logits: the last
// stage of Choose, of every token. Greedy has all of it on one token.
func Probs(logits []float32, s sim.Sampler, past []int) ([]float64, error) {
	f, err := applyFilters(logits, s, past)
	if err != nil {
		return nil, err
	}
	probs := make([]float64, len(logits))
	sum := f.Total()
	for rank, w := range f.Left() {
		probs[f.Order[rank]] = float64(w) / sum
	}
	return probs, nil
}
