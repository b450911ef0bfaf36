package sample

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// possible is how many tokens the last filter left.
func possible(c Choice) int { return c.Stages[len(c.Stages)-1].Possible }

var inf = float32(math.Inf(1))

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
		c, err := Choose(row.logits, sim.Sampler{Kind: "greedy"}, 0, nil)
		if err != nil || c.Token != row.want || possible(c) != 1 {
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
		{1, 0, 0.0001, 1}, // never none
	} {
		c, err := Choose(logits, sim.Sampler{Kind: "sample", Temperature: row.temperature, TopK: row.k, TopP: row.p}, 0, nil)
		if err != nil || possible(c) != row.possible {
			t.Errorf("%+v: %d possible (%v)", row, possible(c), err)
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
		{func(s *sim.Sampler) { s.Kind = "lottery" }, nil, "recipe.choice: Allowed=[greedy sample beam] Field=sampler Have=lottery"},
		{func(s *sim.Sampler) { s.Temperature = 0 }, nil, "recipe.range: Field=temperature Have=0 Least=0 Most=100"},
		{func(s *sim.Sampler) { s.Temperature = -1 }, nil, "Field=temperature Have=-1"},
		{func(s *sim.Sampler) { s.Temperature = nan }, nil, "Field=temperature Have=NaN"},
		{func(s *sim.Sampler) { s.Temperature = math.Inf(1) }, nil, "Field=temperature Have=+Inf"},
		{func(s *sim.Sampler) { s.Kind, s.Temperature = "greedy", -1 }, nil, "Field=temperature"},
		{func(s *sim.Sampler) { s.TopK = -3 }, nil, "Field=top_k Have=-3"},
		{func(s *sim.Sampler) { s.TopP = 0 }, nil, "Field=top_p Have=0"},
		{func(s *sim.Sampler) { s.TopP = 1.01 }, nil, "Field=top_p Have=1.01"},
		{func(s *sim.Sampler) { s.TopP = nan }, nil, "Field=top_p Have=NaN"},
		{func(s *sim.Sampler) { s.MinP = -0.1 }, nil, "recipe.range: Field=min_p Have=-0.1 Least=0 Most=1"},
		{func(s *sim.Sampler) { s.Kind, s.MinP = "greedy", 1.5 }, nil, "Field=min_p Have=1.5"},
		{func(s *sim.Sampler) { s.MinP = nan }, nil, "Field=min_p Have=NaN"},
		{func(s *sim.Sampler) { s.RepetitionPenalty = -2 }, nil, "Field=repetition_penalty Have=-2"},
		{func(s *sim.Sampler) { s.RepetitionPenalty = math.Inf(1) }, nil, "Field=repetition_penalty Have=+Inf"},
		{func(s *sim.Sampler) { s.Kind, s.RepetitionPenalty = "greedy", nan }, nil, "Field=repetition_penalty Have=NaN"},
		{func(s *sim.Sampler) {}, []float32{0, 1, float32(nan), float32(nan)}, "logits.value: Have=NaN Index=2"},
		{func(s *sim.Sampler) { s.Kind = "beam" }, nil, "recipe.whole: Field=width Have=0 Least=2 Most=8"},
		{func(s *sim.Sampler) { s.Kind, s.Width, s.Length = "beam", 2, nan }, nil, "recipe.range: Field=length_penalty Have=NaN Least=-10 Most=10"},
		{func(s *sim.Sampler) {}, []float32{inf}, "logits.value: Have=+Inf Index=0"},
		{func(s *sim.Sampler) {}, []float32{-inf, -inf}, "logits.none: Vocab=2"},
		{func(s *sim.Sampler) {}, []float32{}, "logits.none: Vocab=0"},
	} {
		s := good
		row.change(&s)
		_, err := Choose(row.logits, s, 0, nil)
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
	f.Add([]byte{0, 0, 128, 63, 0, 0, 128, 127, 0, 0, 192, 127}, 0.5, 3, 0.9, 0.1, 0.6, 1.2, uint64(1))
	f.Add([]byte{1, 0, 0, 0, 255, 255, 127, 127, 0, 0, 128, 255}, 1e-310, 0, 1.0, 0.0, 0.0001, 0.0, uint64(1))
	f.Add([]byte{255, 255, 127, 127, 255, 255, 127, 255, 0, 0, 0, 128}, 1e300, 2, 0.5, 1.0, 1.0, 1e300, uint64(3))
	f.Add([]byte{255, 255, 127, 127, 255, 255, 127, 255, 0, 0, 0, 0}, 1.0, 0, 1e-300, 1e-300, 0.9, 1e-300, uint64(6))
	f.Fuzz(func(t *testing.T, bits []byte, temperature float64, k int, p, minP, typ, penalty float64, seed uint64) {
		logits := make([]float32, len(bits)/4)
		for i := range logits {
			b := bits[4*i:]
			logits[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		}
		var past []int // which tokens the text has: the bits of the seed
		for id := range logits {
			if seed>>(id%64)&1 == 1 {
				past = append(past, id)
			}
		}
		s := sim.Sampler{Kind: "sample", Temperature: temperature, TopK: k, TopP: p, MinP: minP, RepetitionPenalty: penalty, Seed: seed}
		typical.In(&s).Set(typ)
		c, err := Choose(logits, s, seed, past)
		checkPick(t, logits, s, seed, past)
		checkPick(t, logits, sim.Sampler{Kind: "greedy"}, seed, past)
		var problem *sim.Problem
		switch {
		case err != nil && !errors.As(err, &problem):
			t.Fatal(err)
		case err != nil:
		case c.Token < 0 || c.Token >= len(logits) || logits[c.Token] == -inf:
			t.Fatalf("chose %d of %v", c.Token, logits)
		case possible(c) < 1 || possible(c) > len(logits) || k > 0 && possible(c) > k:
			t.Fatalf("%d possible", possible(c))
		default:
			checkOptions(t, c)
		}
	})
}

// checkPick: Pick is Choose, and tells the same when it is asked.
func checkPick(t interface {
	Helper()
	Fatalf(string, ...any)
}, logits []float32, s sim.Sampler, draw uint64, past []int) {
	t.Helper()
	c, err := Choose(logits, s, draw, past)
	p, err2 := Pick(logits, s, draw, past, func() []float32 { return logits })
	if err != nil || err2 != nil {
		if err == nil || err2 == nil || err.Error() != err2.Error() {
			t.Fatalf("Choose says %v, Pick %v", err, err2)
		}
		return
	}
	if p.Token != c.Token || !reflect.DeepEqual(p.Top(), c.Top) || !reflect.DeepEqual(*p.Choice(), c.Choice) {
		t.Fatalf("picked %d of %+v, chose %d of %+v", p.Token, p.Top(), c.Token, c.Top)
	}
}
