package sample

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
)

// speculate writes n tokens as speculative decoding does: the draft proposes
// gamma, the target verifies. p and q give the distribution after a text.
func speculate(t *testing.T, p, q func([]int) []float64, gamma, n int, seed uint64) (text []int, passes int) {
	t.Helper()
	for len(text) < n {
		at := uint64(len(text))
		ahead := slices.Clone(text)
		ps, qs := [][]float64{}, [][]float64{}
		for i := range gamma {
			ps, qs = append(ps, p(ahead)), append(qs, q(ahead))
			ahead = append(ahead, Draw(qs[i], Random(seed, at+uint64(i), ForDraft)))
		}
		ps = append(ps, p(ahead))
		proposed := ahead[len(text):]
		v, err := Verify(ps, qs, proposed, seed, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Verdicts) != min(v.Accepted+1, gamma) {
			t.Fatalf("%d accepted, %d verdicts", v.Accepted, len(v.Verdicts))
		}
		text = append(append(text, proposed[:v.Accepted]...), v.Next)
		passes++
	}
	return text, passes
}

// after is the distribution of a language's model under a sampler.
func after(t *testing.T, model func([]int) []float32, s sim.Sampler) func([]int) []float64 {
	return func(text []int) []float64 {
		p, err := Probs(model(text), s, text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

// TestSpeculativeDistribution: whole texts of three tokens come as often as
// from the target alone, whatever the draft is, across passes too.
func TestSpeculativeDistribution(t *testing.T) {
	const vocab, n, draws = 3, 3, 20_000
	target := language(1, vocab)
	plain := sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1}
	hostile := func(text []int) []float32 { // sure of what the target finds unlikeliest
		logits := slices.Clone(target(text))
		for i := range logits {
			logits[i] *= -3
		}
		return logits
	}
	for _, row := range []struct {
		name  string
		draft func([]int) []float32
		s     sim.Sampler
		gamma int
	}{
		{"another model", language(2, vocab), plain, 1},
		{"another model, three ahead", language(2, vocab), plain, 3},
		{"hostile", hostile, plain, 2},
		{"itself", target, plain, 2},
		{"filtered", language(2, vocab), sim.Sampler{Kind: "sample", Temperature: 1.5, TopK: 2, TopP: 0.9, RepetitionPenalty: 1.2}, 2},
		{"typical", language(2, vocab), sim.Sampler{Kind: "sample", Temperature: 1.5, TopP: 1, More: map[string]float64{"typical_p": 0.5}}, 2},
		{"disjoint", hostile, sim.Sampler{Kind: "sample", Temperature: 1, TopK: 1, TopP: 1}, 2},
	} {
		p, q := after(t, target, row.s), after(t, row.draft, row.s)
		expected := make([]float64, vocab*vocab*vocab)
		for i := range expected {
			text, prob := []int{}, float64(draws)
			for _, id := range []int{i / 9, i / 3 % 3, i % 3} {
				prob *= p(text)[id]
				text = append(text, id)
			}
			expected[i] = prob
		}
		seen := make([]int, len(expected))
		for seed := range uint64(draws) {
			text, passes := speculate(t, p, q, row.gamma, n, seed)
			seen[text[0]*9+text[1]*3+text[2]]++
			if row.name == "itself" && passes != 1 {
				t.Fatalf("%d passes with the target as its own draft", passes)
			}
		}
		var counts []int
		var cells []float64
		for i, e := range expected {
			if e > 0 {
				counts, cells = append(counts, seen[i]), append(cells, e)
			} else if seen[i] > 0 {
				t.Errorf("%s: text %d is impossible, yet came %d times", row.name, i, seen[i])
			}
		}
		if len(cells) == 1 {
			continue // one text: nothing else came
		}
		if got, most := chiSquare(counts, cells), limit(len(cells)-1); got > most {
			t.Errorf("%s: chi-square %.1f, at most %.1f", row.name, got, most)
		}
	}
}

// TestSpeculativeGreedy: the same ids as the target alone, with any draft.
func TestSpeculativeGreedy(t *testing.T) {
	greedy := sim.Sampler{Kind: "greedy", RepetitionPenalty: 1.1}
	for seed := range uint64(40) {
		p := after(t, language(seed, 12), greedy)
		var want []int
		for len(want) < 20 {
			want = append(want, Draw(p(want), 0))
		}
		for gamma := range 5 {
			for _, draft := range []uint64{seed, seed + 100} {
				got, passes := speculate(t, p, after(t, language(draft, 12), greedy), gamma, 20, seed)
				if !slices.Equal(got[:20], want) {
					t.Fatalf("seed %d, gamma %d: %v, want %v", seed, gamma, got, want)
				}
				if draft == seed && passes != (20+gamma)/(gamma+1) {
					t.Fatalf("%d passes with gamma %d", passes, gamma)
				}
			}
		}
	}
}

// TestExpectedTokens holds 10,000 passes to Leviathan et al.'s formula and the
// rows of their Table 1 (a draft that costs nothing: speed is tokens a pass).
func TestExpectedTokens(t *testing.T) {
	var formulas struct {
		Speculative struct {
			Expected string `json:"expected_tokens"`
		} `json:"speculative"`
	}
	var papers []struct {
		ID      string
		Numbers json.RawMessage
	}
	truth(t, "formulas.json", &formulas)
	truth(t, "papers.json", &papers)
	if formulas.Speculative.Expected != "(1-a^(g+1))/(1-a)" {
		t.Fatalf("the formula is %s", formulas.Speculative.Expected)
	}
	var numbers struct {
		Table1 []struct{ A, G, Ops, Speed float64 }
	}
	for _, p := range papers {
		if p.ID == "leviathan_2211.17192" {
			if err := json.Unmarshal(p.Numbers, &numbers); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(numbers.Table1) < 6 {
		t.Fatalf("%d rows", len(numbers.Table1))
	}
	for _, row := range numbers.Table1 {
		want := (1 - math.Pow(row.A, row.G+1)) / (1 - row.A)
		if math.Abs(want-row.Speed) > 0.0051 || math.Abs((row.G+1)/want-row.Ops) > 0.0051 {
			t.Errorf("%+v: the formula gives %v", row, want)
		}
		// Half of the draft's probability is on each of two tokens, of which the
		// target wants the share a: the rate of acceptance is a.
		q := []float64{0.5, 0.5, 0, 0}
		p := []float64{row.A / 2, row.A / 2, (1 - row.A) / 2, (1 - row.A) / 2}
		const passes = 10_000
		sum, squares := 0.0, 0.0
		for seed := range uint64(passes) {
			var ps, qs [][]float64
			var proposed []int
			for i := range int(row.G) {
				ps, qs = append(ps, p), append(qs, q)
				proposed = append(proposed, Draw(q, Random(seed, uint64(i), ForDraft)))
			}
			v, err := Verify(append(ps, p), qs, proposed, seed, 0)
			if err != nil {
				t.Fatal(err)
			}
			n := float64(v.Accepted + 1)
			sum += n
			squares += n * n
		}
		mean := sum / passes
		sigma := math.Sqrt((squares/passes - mean*mean) / passes)
		if math.Abs(mean-want) > 4*sigma {
			t.Errorf("%+v: %.4f tokens a pass, want %.4f (sigma %.4f)", row, mean, want, sigma)
		}
		t.Logf("a %v, gamma %v: %.3f tokens a pass in %d passes; formula %.3f, paper %v", row.A, row.G, mean, passes, want, row.Speed)
	}
}

// truth reads one of the files of numbers beside the checkout, or skips.
func truth(t *testing.T, name string, into any) {
	t.Helper()
	path := "../../../shared/truth/" + name
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("needs %s, which is not part of the repository", path)
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	two, three := []float64{0.5, 0.5}, []float64{1, 0, 0}
	for _, row := range []struct {
		p, q     [][]float64
		proposed []int
		want     string
	}{
		{[][]float64{two, two}, [][]float64{three}, []int{0}, "speculative.vocab"},
		{[][]float64{three, three}, [][]float64{three}, []int{1}, "speculative.proposal"},
		{[][]float64{three, three}, [][]float64{three}, []int{-1}, "speculative.proposal"},
	} {
		_, err := Verify(row.p, row.q, row.proposed, 1, 0)
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != row.want {
			t.Errorf("%v, want %s", err, row.want)
		}
	}
}
