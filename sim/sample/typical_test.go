package sample

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

func init() { references["typical_p"] = typicalReference }

// typicalReference is Hugging Face's TypicalLogitsWarper: it sorts all tokens by
// |-log p - H| and removes those behind the first whose running sum of probabilities
// reaches the mass. Rows are left out where two scores lie equally far for float32.
func typicalReference(t *rapid.T, r *reference, mass float64, _ []int, stage sim.Stage) {
	probs, entropy := r.probs(), 0.0
	for _, p := range probs {
		if p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	distance := make([]float64, len(probs))
	for id, p := range probs {
		distance[id] = math.Abs(-math.Log(p) - entropy)
	}
	order := slices.Clone(r.order)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(distance[a], distance[b]) })
	enough := func(mass float64) int {
		sum := 0.0
		for n, id := range order {
			if sum += probs[id]; sum >= mass {
				return n + 1
			}
		}
		return len(order)
	}
	r.between(t, stage, min(enough(mass-slack), r.minP(1e-45)), enough(mass+slack))
	if n := stage.Possible; n < len(order) {
		last, next := order[n-1], order[n]
		if r.scores[last] != r.scores[next] && distance[next]-distance[last] < slack*(1+distance[last]) {
			t.Skip("two are equally far")
		}
	}
	for _, id := range order[stage.Possible:] {
		r.scores[id] = math.Inf(-1)
	}
}

// TestTypicalByHand: in the first row probabilities are 4/10 and 1/20 (twelve times); the
// surprise of the likeliest is 0.9 nats, of the others 3, the entropy 2.2.
func TestTypicalByHand(t *testing.T) {
	ln2 := float32(math.Ln2)
	for _, row := range []struct {
		name   string
		logits []float32
		mass   float64
		want   []int // ids left
	}{
		{"the likeliest is not typical", []float32{0, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2, -3 * ln2}, 0.3, []int{1, 2, 3, 4, 5, 6}},
		{"one is certain", []float32{9, -inf, -inf}, 0.5, []int{0}},
		{"all alike", []float32{1, 1, 1, 1}, 0.5, []int{0, 1}},
		{"the middle one", []float32{0, -0.5, -3}, 0.0001, []int{1}}, // surprises 0.5, 1.0, 3.5, mean 0.8
		{"nearly all", []float32{0, -1, -2}, 0.9999, []int{0, 1, 2}},
	} {
		s := sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1}
		typical.In(&s).Set(row.mass)
		probs, err := Probs(row.logits, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		var left []int
		for id, p := range probs {
			if p > 0 {
				left = append(left, id)
			}
		}
		if !slices.Equal(left, row.want) {
			t.Errorf("%s: left %v of %v, want %v", row.name, left, probs, row.want)
		}
	}
}

// TestTypicalDropsTheLikeliest: what every other part says of a choice whose likeliest
// token has been dropped: it is not kept, has no stretch of the line, and is never drawn.
func TestTypicalDropsTheLikeliest(t *testing.T) {
	logits := []float32{3, 2.2, 2.1, 2, 1.9, 1.8, 1.7, 1.6, -9, 1.5, 1.4, 1.3, 1.2}
	s := sim.Sampler{Kind: "sample", Temperature: 1, TopK: 12, TopP: 0.99, MinP: 0.01}
	typical.In(&s).Set(0.4)
	for draw := range uint64(300) {
		c, err := Choose(logits, s, draw, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkPick(t, logits, s, draw, nil)
		checkOptions(t, c)
		if first := c.Options[0]; c.Token == 0 || c.Top[0].ID != 0 || c.Top[0].Kept || first.From != 0 || first.To != 0 {
			t.Fatalf("chose %d of %+v, top %+v", c.Token, c.Options, c.Top)
		}
		if last := c.Stages[len(c.Stages)-1]; last.Filter != "typical_p" || last.Probs[0] != 0 || last.Kept >= 1 || last.Kept <= 0.4 {
			t.Fatalf("%+v", last)
		}
	}
}
