package sample

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRanked: both ways of ranking give what a sort by comparison gives, with ties,
// both zeros, subnormal and infinite numbers.
func TestRanked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	odd := []float32{0, float32(math.Copysign(0, -1)), -inf, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1, -1}
	for range 200 {
		logits := make([]float32, 1+r.IntN(3000))
		for i := range logits {
			switch r.IntN(3) {
			case 0:
				logits[i] = odd[r.IntN(len(odd))]
			case 1:
				logits[i] = float32(r.IntN(9) - 4)
			default:
				logits[i] = float32(r.NormFloat64())
			}
		}
		want := make([]int, len(logits))
		for id := range want {
			want[id] = id
		}
		slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
		for _, n := range []int{1, min(shown, len(logits)), len(logits)} {
			if got := ranked(logits, n); !slices.Equal(got, want[:n]) {
				t.Fatalf("the first %d of %d: %v, want %v", n, len(logits), got, want[:n])
			}
		}
	}
}

// BenchmarkNucleus is a draw by top-p from GPT-2's vocabulary, all of which is ranked.
func BenchmarkNucleus(b *testing.B) {
	logits := make([]float32, 50257)
	for i := range logits {
		logits[i] = float32(rand.NormFloat64()) * 3
	}
	for b.Loop() {
		ranked(logits, len(logits))
	}
}
