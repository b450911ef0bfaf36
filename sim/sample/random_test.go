package sample

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
)

// TestSplitMix64 has the published first outputs of the generator: its state
// after one step is the seed plus the step, which mix turns into the output.
func TestSplitMix64(t *testing.T) {
	const step = 0x9E3779B97F4A7C15
	if got := mix(step); got != 0xE220A8397B1DCDAF { // seed 0
		t.Errorf("%#x", got)
	}
	if got := mix(1234567 + step); got != 6457827717110365317 {
		t.Errorf("%d", got)
	}
}

// chiSquare is the sum of (seen-expected)^2 / expected.
func chiSquare(seen []int, expected []float64) float64 {
	sum := 0.0
	for i, e := range expected {
		d := float64(seen[i]) - e
		sum += d * d / e
	}
	return sum
}

// limit is where chi-square of so many degrees of freedom is passed once in a
// million (Wilson and Hilferty, 1931). Seeds are fixed: no test here is random.
func limit(freedom int) float64 {
	k, z := float64(freedom), 4.7534
	return k * math.Pow(1-2/(9*k)+z*math.Sqrt(2/(9*k)), 3)
}

// TestRandomIsUniform: along the draws of a seed, across seeds at one draw,
// and pairs of neighbours either way.
func TestRandomIsUniform(t *testing.T) {
	const n, side = 200_000, 16
	sequences := map[string]func(i uint64) float64{
		"draws of seed 0": func(i uint64) float64 { return uniform(0, i) },
		"draws of seed 7": func(i uint64) float64 { return uniform(7, i) },
		"seeds, draw 0":   func(i uint64) float64 { return uniform(i, 0) },
		"seeds, draw 9":   func(i uint64) float64 { return uniform(i, 9) },
		"both":            func(i uint64) float64 { return uniform(i, i) },
	}
	for name, at := range sequences {
		cells := make([]int, side*side)
		for i := range uint64(n) {
			x, y := at(i), at(i+1)
			if !(x >= 0 && x < 1) {
				t.Fatalf("%s: %v", name, x)
			}
			cells[int(x*side)*side+int(y*side)]++
		}
		if got, most := chiSquare(cells, slices.Repeat([]float64{n / side / side}, side*side)), limit(side*side-1); got > most {
			t.Errorf("%s: chi-square %.1f, at most %.1f", name, got, most)
		}
	}
}

// TestDistribution: tokens come as often as their probabilities say, for
// several settings, and those that are filtered out never.
func TestDistribution(t *testing.T) {
	logits := []float32{0.3, 2, -1, 1.2, 1.2, -4, 0.9, 2.4, -inf, 0}
	past := []int{1, 2, 7}
	for _, s := range []sim.Sampler{
		{Temperature: 1, TopP: 1, Seed: 1},
		{Temperature: 0.7, TopP: 1, Seed: 2},
		{Temperature: 2, TopK: 5, TopP: 1, Seed: 3},
		{Temperature: 1, TopP: 0.8, Seed: 4},
		{Temperature: 1.3, TopK: 6, TopP: 0.9, Seed: 5},
		{Temperature: 1.5, TopP: 1, MinP: 0.2, Seed: 6},
		{Temperature: 1, TopP: 0.95, MinP: 0.05, RepetitionPenalty: 1.5, Seed: 7},
		{Temperature: 1, TopP: 1, Seed: 8, More: map[string]float64{"typical_p": 0.5}},
	} {
		s.Kind = "sample"
		const draws = 30_000
		seen := make([]int, len(logits))
		for i := range uint64(draws) {
			c, err := Choose(logits, s, i, past)
			if err != nil {
				t.Fatal(err)
			}
			seen[c.Token]++
		}
		probs, err := Probs(logits, s, past) // TestAgainstReference has checked it
		if err != nil {
			t.Fatal(err)
		}
		var counts []int
		var expected []float64
		for id, p := range probs {
			if p == 0 {
				if seen[id] > 0 {
					t.Errorf("%+v: token %d is filtered out, yet came %d times", s, id, seen[id])
				}
				continue
			}
			counts, expected = append(counts, seen[id]), append(expected, draws*p)
		}
		if got, most := chiSquare(counts, expected), limit(len(counts)-1); got > most {
			t.Errorf("%+v: chi-square %.1f, at most %.1f: %v, want %.0f", s, got, most, counts, expected)
		}
	}
}

// TestSameEverywhere: the tokens and the bits of the probabilities that these
// seeds give are written down here, so that any machine can be held to them.
func TestSameEverywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(r.IntN(4000))/200 - 10 // exact steps, with ties
	}
	hash := fnv.New64a()
	var first []int
	for draw := range uint64(600) {
		s := sim.Sampler{Kind: "sample", Temperature: 0.5 + float64(draw%7)/4, TopK: int(draw%5) * 50, TopP: 1 - float64(draw%3)/8, Seed: draw % 11}
		c, err := Choose(logits, s, draw, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Choose(logits, s, draw, nil)
		if again.Token != c.Token || again.Random != c.Random {
			t.Fatalf("draw %d is not the same twice", draw)
		}
		fmt.Fprintf(hash, "%d %d %x\n", c.Token, possible(c), math.Float64bits(c.Random))
		for _, top := range c.Top {
			fmt.Fprintf(hash, "%d %x %v\n", top.ID, math.Float32bits(top.Prob), top.Kept)
		}
		if len(first) < 8 {
			first = append(first, c.Token)
		}
	}
	if want := []int{447, 394, 210, 239, 92, 936, 803, 179}; !slices.Equal(first, want) {
		t.Errorf("first tokens %v, want %v", first, want)
	}
	if got, want := hash.Sum64(), uint64(0x65f6d9651d60eaba); got != want {
		t.Errorf("hash %#x, want %#x", got, want)
	}
}

// vocabulary is logits of so many tokens.
func vocabulary(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, n)
	for i := range logits {
		logits[i] = float32(r.NormFloat64()) * 3
	}
	return logits
}

func BenchmarkSample50257(b *testing.B) {
	logits := vocabulary(50257) // GPT-2's
	for _, s := range []sim.Sampler{{Kind: "greedy"}, {Kind: "sample", Temperature: 0.8, TopP: 0.9}} {
		b.Run(s.Kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Choose(logits, s, 1, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
