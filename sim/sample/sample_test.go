package sample

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

var inf = float32(math.Inf(1))

// slow is the same choice written down literally, in float64: the ids in
// order, and the probability of each after temperature and top-k.
func slow(logits []float32, s sim.Sampler) (order []int, probs []float64) {
	left := make([]bool, len(logits))
	for i := range left {
		left[i] = true
	}
	for range logits { // selection sort: the highest, then the highest of the rest
		best := -1
		for i, x := range logits {
			if left[i] && (best < 0 || x > logits[best]) {
				best = i
			}
		}
		left[best] = false
		order = append(order, best)
	}
	probs = make([]float64, len(order))
	for i, id := range order {
		if s.TopK == 0 || i < s.TopK {
			probs[i] = math.Exp((float64(logits[id]) - float64(logits[order[0]])) / s.Temperature)
		}
	}
	return order, share(probs)
}

// share divides by the sum.
func share(p []float64) []float64 {
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// reach is how many of the likeliest together have probability p.
func reach(probs []float64, p float64) int {
	sum := 0.0
	for i, x := range probs {
		if sum += x; sum >= p {
			return i + 1
		}
	}
	return len(probs)
}

// anyLogits mixes ordinary numbers with the worst: ties, both zeros, -Inf, the
// largest, the smallest, and differences at which exp underflows.
func anyLogits(t *rapid.T) []float32 {
	nasty := []float32{0, float32(math.Copysign(0, -1)), 1, 1, -inf, math.MaxFloat32, -math.MaxFloat32,
		1e-45, 88.7, -88.7, -103.9, -104, 5, 5.000001, 1e20}
	logits := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom(nasty), rapid.Float32Range(-20, 20), rapid.SampledFrom([]float32{2, 3, 4}),
	), 1, 60).Draw(t, "logits")
	if slices.Max(logits) == -inf {
		logits[len(logits)/2] = 0
	}
	return logits
}

func anySampler(t *rapid.T) sim.Sampler {
	return sim.Sampler{
		Kind:        "sample",
		Temperature: rapid.SampledFrom([]float64{1e-300, 1e-3, 0.1, 0.7, 1, 1.5, 10, 1e30}).Draw(t, "temperature"),
		TopK:        rapid.SampledFrom([]int{0, 0, 1, 2, 5, 40, 1000}).Draw(t, "top_k"),
		TopP:        rapid.SampledFrom([]float64{1, 1, 0.95, 0.9, 0.5, 0.1, 1e-9}).Draw(t, "top_p"),
		Seed:        rapid.Uint64().Draw(t, "seed"),
	}
}

// TestAgainstSlow: order, probabilities, what is kept, and that the token
// chosen is the one whose stretch of [0, 1) holds the random number.
func TestAgainstSlow(t *testing.T) {
	const slack = 1e-5 // float32 weights against float64
	rapid.Check(t, func(t *rapid.T) {
		logits, s, draw := anyLogits(t), anySampler(t), rapid.Uint64Range(0, 1000).Draw(t, "draw")
		c, err := Choose(logits, s, draw)
		if err != nil {
			t.Fatal(err)
		}
		order, probs := slow(logits, s)
		_, plain := slow(logits, sim.Sampler{Temperature: 1, TopP: 1})
		for i, top := range c.Top {
			if top.ID != order[i] || top.Logit != logits[order[i]] {
				t.Fatalf("rank %d is %+v, want id %d", i, top, order[i])
			}
			if math.Abs(float64(top.Prob)-plain[i]) > slack {
				t.Fatalf("rank %d has probability %v, want %v", i, top.Prob, plain[i])
			}
			if top.Kept != (i < c.Possible) {
				t.Fatalf("rank %d kept %v of %d", i, top.Kept, c.Possible)
			}
		}
		if len(c.Top) != min(10, len(logits)) {
			t.Fatalf("%d candidates of %d", len(c.Top), len(logits))
		}
		// What is kept: a cut by p may lie anywhere within slack of p. Without
		// one, only what float32 rounds to nothing may be missing.
		possible := probs[:c.Possible]
		missing := 1.0
		for _, p := range possible {
			missing -= p
		}
		switch {
		case s.TopP < 1 && (c.Possible < reach(probs, s.TopP-slack) || c.Possible > reach(probs, s.TopP+slack)):
			t.Fatalf("%d possible at top_p %v of %v", c.Possible, s.TopP, probs)
		case s.TopP == 1 && missing > slack:
			t.Fatalf("%d possible of %v", c.Possible, probs)
		case s.TopK > 0 && c.Possible > s.TopK:
			t.Fatalf("%d possible, top_k %d", c.Possible, s.TopK)
		}
		rank := slices.Index(order[:c.Possible], c.Token)
		if rank < 0 {
			t.Fatalf("chose %d, not one of %v", c.Token, order[:c.Possible])
		}
		before := 0.0
		for _, p := range share(possible)[:rank] {
			before += p
		}
		if c.Random < before-slack || c.Random > before+possible[rank]+slack {
			t.Fatalf("rank %d chosen by %v, its stretch is %v..%v", rank, c.Random, before, before+possible[rank])
		}
	})
}

// TestShortListIsTheSort: keeping the n highest finds what sorting all finds.
func TestShortListIsTheSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SampledFrom([]float32{-inf, -3, 0, 0.5, 0.5, 2, 9})
		logits := rapid.SliceOfN(values, few+1, 3*few).Draw(t, "logits")
		n := rapid.IntRange(1, few).Draw(t, "n")
		if list, sorted := ranked(logits, n), ranked(logits, few+1); !slices.Equal(list, sorted[:n]) {
			t.Fatalf("list %v, sorted %v", list, sorted[:n])
		}
	})
}

func TestGreedy(t *testing.T) {
	for _, row := range []struct {
		logits []float32
		want   int
	}{
		{[]float32{1, 3, 2}, 1},
		{[]float32{7, 7, 7, 7}, 0}, // ties: the lower id
		{[]float32{-inf, -1, -1}, 1},
		{[]float32{-math.MaxFloat32, math.MaxFloat32}, 1},
		{[]float32{float32(math.Copysign(0, -1)), 0}, 0}, // -0 equals 0
		{[]float32{-inf, -math.MaxFloat32}, 1},
	} {
		c, err := Choose(row.logits, sim.Sampler{Kind: "greedy"}, 0)
		if err != nil || c.Token != row.want || c.Possible != 1 {
			t.Errorf("%v: %+v %v, want %d", row.logits, c, err, row.want)
		}
		for i, top := range c.Top {
			if top.Kept != (i == 0) {
				t.Errorf("%v: rank %d kept %v", row.logits, i, top.Kept)
			}
		}
	}
}

// TestFilters works the order of the filters out by hand. The probabilities
// are 1/2, 1/4, 1/8, 1/16, 1/16; at T = 1/2 they are squared.
func TestFilters(t *testing.T) {
	ln2 := float32(math.Ln2)
	logits := []float32{-4 * ln2, -ln2, -2 * ln2, -4 * ln2, -3 * ln2}
	for _, row := range []struct {
		temperature float64
		k           int
		p           float64
		possible    int
	}{
		{1, 0, 1, 5},
		{1, 3, 1, 3},
		{1, 4, 1, 4}, // ids 0 and 3 tie for the fourth place: one of them
		{1, 0, 0.49, 1},
		{1, 0, 0.51, 2},
		{1, 0, 0.74, 2},
		{1, 0, 0.76, 3},
		{1, 2, 0.66, 1}, // of the two left, the first has 2/3
		{1, 2, 0.67, 2},
		{0.5, 0, 0.74, 1}, // (1/4) / (1/4 + 1/16 + 1/64 + 2/256) = 0.744
		{0.5, 0, 0.75, 2},
		{1, 0, 1e-12, 1}, // never none
	} {
		c, err := Choose(logits, sim.Sampler{Kind: "sample", Temperature: row.temperature, TopK: row.k, TopP: row.p}, 0)
		if err != nil || c.Possible != row.possible {
			t.Errorf("%+v: %d possible (%v)", row, c.Possible, err)
		}
		ids := []int{}
		for _, top := range c.Top {
			ids = append(ids, top.ID)
		}
		if !slices.Equal(ids, []int{1, 2, 4, 0, 3}) {
			t.Errorf("order %v", ids)
		}
	}
}

func TestProblems(t *testing.T) {
	good := sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1}
	nan := math.NaN()
	for _, row := range []struct {
		change func(*sim.Sampler)
		logits []float32
		want   string
	}{
		{func(s *sim.Sampler) { s.Kind = "beam" }, nil, "recipe.choice: Allowed=[greedy sample] Field=sampler Have=beam"},
		{func(s *sim.Sampler) { s.Temperature = 0 }, nil, "sampler.range: Allowed=> 0 Field=temperature Have=0"},
		{func(s *sim.Sampler) { s.Temperature = -1 }, nil, "Field=temperature Have=-1"},
		{func(s *sim.Sampler) { s.Temperature = nan }, nil, "Field=temperature Have=NaN"},
		{func(s *sim.Sampler) { s.Temperature = math.Inf(1) }, nil, "Field=temperature Have=+Inf"},
		{func(s *sim.Sampler) { s.Kind, s.Temperature = "greedy", -1 }, nil, "Field=temperature"},
		{func(s *sim.Sampler) { s.TopK = -3 }, nil, "Field=top_k Have=-3"},
		{func(s *sim.Sampler) { s.TopP = 0 }, nil, "Field=top_p Have=0"},
		{func(s *sim.Sampler) { s.TopP = 1.01 }, nil, "Field=top_p Have=1.01"},
		{func(s *sim.Sampler) { s.TopP = nan }, nil, "Field=top_p Have=NaN"},
		{func(s *sim.Sampler) {}, []float32{0, 1, float32(nan), float32(nan)}, "logits.value: Have=NaN Index=2"},
		{func(s *sim.Sampler) {}, []float32{inf}, "logits.value: Have=+Inf Index=0"},
		{func(s *sim.Sampler) {}, []float32{-inf, -inf}, "logits.none: Vocab=2"},
		{func(s *sim.Sampler) {}, []float32{}, "logits.none: Vocab=0"},
	} {
		s := good
		row.change(&s)
		_, err := Choose(row.logits, s, 0)
		var p *sim.Problem
		if !errors.As(err, &p) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
	if err := Check(good); err != nil {
		t.Error(err)
	}
	if err := Check(sim.Sampler{Kind: "greedy"}); err != nil {
		t.Error(err)
	}
}

// FuzzChoose: whatever the bits of the logits, a token that is possible or a Problem.
func FuzzChoose(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 0, 0, 128, 127, 0, 0, 192, 127}, 0.5, 3, 0.9, uint64(1))
	f.Add([]byte{1, 0, 0, 0, 255, 255, 127, 127, 0, 0, 128, 255}, 1e-310, 0, 1.0, uint64(1))
	f.Fuzz(func(t *testing.T, bits []byte, temperature float64, k int, p float64, seed uint64) {
		logits := make([]float32, len(bits)/4)
		for i := range logits {
			b := bits[4*i:]
			logits[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		}
		c, err := Choose(logits, sim.Sampler{Kind: "sample", Temperature: temperature, TopK: k, TopP: p, Seed: seed}, seed)
		var problem *sim.Problem
		switch {
		case err != nil && !errors.As(err, &problem):
			t.Fatal(err)
		case err == nil && (c.Token < 0 || c.Token >= len(logits) || logits[c.Token] == -inf):
			t.Fatalf("chose %d of %v", c.Token, logits)
		case err == nil && (c.Possible < 1 || c.Possible > len(logits) || k > 0 && c.Possible > k):
			t.Fatalf("%d possible", c.Possible)
		}
	})
}
