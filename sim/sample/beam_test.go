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

// language is a model for tests: logits that depend on the whole text, with ties.
func language(seed uint64, vocab int) func(text []int) []float32 {
	return func(text []int) []float32 {
		h := fnv.New64a()
		fmt.Fprint(h, seed, text)
		r := rand.New(rand.NewPCG(seed, h.Sum64()))
		logits := make([]float32, vocab)
		for i := range logits {
			logits[i] = float32(r.IntN(40))/8 - 2.5
		}
		return logits
	}
}

// search is the loop that a caller of Extend writes.
func search(t *testing.T, model func([]int) []float32, width, eos, most int, penalty float64, settled bool) (texts [][]int, list []Hypothesis) {
	t.Helper()
	beams, sums := [][]int{{}}, []float64{0}
	finish := func(text []int, sum float64) {
		texts = append(texts, text)
		list = Finish(list, Hypothesis{ID: len(texts) - 1, Sum: sum, Length: len(text)}, penalty, width)
	}
	for length := 1; length <= most && len(beams) > 0; length++ {
		var logits [][]float32
		for _, b := range beams {
			logits = append(logits, model(b))
		}
		live, ended, err := Extend(sums, logits, width, eos)
		if err != nil {
			t.Fatal(err)
		}
		grow := func(c Continuation) []int { return append(slices.Clone(beams[c.Parent]), c.Token) }
		for _, c := range ended {
			finish(grow(c), c.Sum)
		}
		var next [][]int
		sums = nil
		for _, c := range live {
			next, sums = append(next, grow(c)), append(sums, c.Sum)
		}
		beams = next
		if settled && len(sums) > 0 && Finished(list, width, sums[0], length, most, penalty) {
			return texts, list
		}
	}
	for i, b := range beams {
		finish(b, sums[i])
	}
	return texts, list
}

// best is the text of the highest score of all: every text is written down.
func best(model func([]int) []float32, eos, most int, penalty float64) (text []int, score float64) {
	score = math.Inf(-1)
	var walk func(prefix []int, sum float64)
	walk = func(prefix []int, sum float64) {
		n := len(prefix)
		if n > 0 && (prefix[n-1] == eos || n == most) {
			if s := sum / math.Pow(float64(n), penalty); s > score {
				text, score = slices.Clone(prefix), s
			}
			return
		}
		logits := model(prefix)
		total := 0.0
		for _, x := range logits {
			total += math.Exp(float64(x))
		}
		for id, x := range logits {
			walk(append(prefix, id), sum+float64(x)-math.Log(total))
		}
	}
	walk(nil, 0)
	return text, score
}

// sumOf is the log-probability of one text.
func sumOf(model func([]int) []float32, text []int) float64 {
	sum := 0.0
	for i, id := range text {
		sum += math.Log(newReference(model(text[:i])).probs()[id])
	}
	return sum
}

// TestBeamFindsTheBest: wide enough to leave nothing out, beam search is the
// search through all texts.
func TestBeamFindsTheBest(t *testing.T) {
	const most = 4
	for seed := range uint64(60) {
		vocab := 2 + int(seed%3)
		width := vocab * vocab * vocab
		for _, penalty := range []float64{0, 0.6, 1, 2, -1} {
			model := language(seed, vocab)
			_, want := best(model, 0, most, penalty)
			for _, settled := range []bool{false, true} {
				texts, list := search(t, model, width, 0, most, penalty, settled)
				// Several texts may have the best score: the score decides.
				first := list[0]
				if math.Abs(first.Score-want) > 1e-6*(1+math.Abs(want)) {
					t.Fatalf("seed %d, penalty %v: %v has %v, the best %v", seed, penalty, texts[first.ID], first.Score, want)
				}
				if sum := sumOf(model, texts[first.ID]); math.Abs(sum-first.Sum) > 1e-6 {
					t.Fatalf("%v has the sum %v, want %v", texts[first.ID], first.Sum, sum)
				}
			}
		}
	}
}

// TestBeamOfOneIsGreedy, up to the end of the text.
func TestBeamOfOneIsGreedy(t *testing.T) {
	for seed := range uint64(50) {
		model := language(seed, 20)
		texts, _ := search(t, model, 1, 0, 12, 1, false)
		var text []int
		for len(text) < 12 {
			c, err := Choose(model(text), sim.Sampler{Kind: "greedy"}, 0, text)
			if err != nil {
				t.Fatal(err)
			}
			if text = append(text, c.Token); c.Token == 0 {
				break
			}
		}
		if !slices.Equal(texts[0], text) {
			t.Errorf("seed %d: beam %v, greedy %v", seed, texts[0], text)
		}
	}
}

// TestExtendByHand has ties and an end that ranks too low.
func TestExtendByHand(t *testing.T) {
	ln2 := float32(math.Ln2)
	half, quarter := -ln2, -2*ln2
	logits := [][]float32{{quarter, half, quarter, -inf}, {-inf, half, half, -inf}}
	live, ended, err := Extend([]float64{-1, -1}, logits, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int
	for _, c := range live {
		got = append(got, [2]int{c.Parent, c.Token})
		if math.Abs(c.Sum-(-1-math.Ln2)) > 1e-7 || c.Sum != -1+c.LogProb {
			t.Errorf("%+v", c)
		}
	}
	if want := [][2]int{{0, 1}, {1, 1}, {1, 2}}; !slices.Equal(got, want) || len(ended) != 0 {
		t.Errorf("live %v, want %v; ended %v", got, want, ended)
	}
	if live, ended, _ = Extend([]float64{0}, [][]float32{{0, -inf}}, 2, 0); len(live) != 0 || len(ended) != 1 || ended[0].Sum != 0 {
		t.Errorf("certain end: %v, %v", live, ended)
	}
	if _, _, err := Extend([]float64{0}, [][]float32{{inf}}, 2, 0); err == nil {
		t.Error("+Inf was taken")
	}
}

func TestLogProbs(t *testing.T) {
	for seed := range uint64(20) {
		logits := language(seed, 300)(nil)
		probs := newReference(logits).probs()
		for id, x := range LogProbs(logits) {
			if math.Abs(x-math.Log(probs[id])) > 1e-6 {
				t.Fatalf("token %d: %v, want %v", id, x, math.Log(probs[id]))
			}
		}
	}
}
