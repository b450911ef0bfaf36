package run

import (
	"context"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// paperNumbers is everything that the model paper computes for "cat sees" and
// for the step after it, by the names of docs/paper.md: "q1[cat]", "logits[dog]".
func paperNumbers(t *testing.T) map[string][]float32 {
	m, err := library.Open("paper")
	if err != nil {
		t.Fatal(err)
	}
	c, numbers := m.Model.Config, map[string][]float32{}
	words := []string{".", "cat", "sees", "dog"}
	cache := modeltest.Cache(c, len(words))
	pass := func(ids []int, pos int) {
		word := func(i int) string { return "[" + words[pos+i] + "]" }
		put := func(name string, x mat.Matrix) {
			for i := range x.NumRows() {
				numbers[name+word(i)] = append([]float32(nil), x.Row(i)...)
			}
		}
		a := model.NewActs(c, len(ids), pos+len(ids))
		m.Model.Embed(a.X, ids, pos)
		m.Model.Layer(0, a, model.Rows(a.X.NumRows(), pos, cache))
		put("x", a.X)
		put("norm", a.Norm1)
		for name, x := range map[string]mat.Matrix{"q": a.Q, "k": a.K, "v": a.V, "out": a.Attn} {
			put(name+"0", x.Cols(0, 2))
			put(name+"1", x.Cols(2, 4))
		}
		step := sim.Step{Layer: 0, Rows: len(ids), Cached: pos, X: a.X,
			KV: modeltest.View(c, cache, 0)}
		for h, n := range []string{"0", "1"} {
			head := m.Model.Attention(&step, h)
			put("scores"+n, head.Scores)
			put("probs"+n, head.Probs)
			dots := mat.New(len(ids), pos+len(ids))
			mat.MulT(dots, head.Q, head.K)
			put("dots"+n, dots)
		}
		for name, x := range map[string]mat.Matrix{"proj": a.Proj, "mid": a.Mid, "norm2": a.Norm2,
			"gate": a.Gate, "up": a.Up, "act": a.Act, "down": a.Down, "y": a.Out} {
			put(name, x)
		}
		last := word(len(ids) - 1)
		numbers["logits"+last] = make([]float32, c.Vocab)
		m.Model.Unembed(mat.RowOf(numbers["logits"+last]), a.Norm1, a.Out, len(ids)-1)
		numbers["final"+last] = append([]float32(nil), a.Norm1.Row(len(ids)-1)...)
	}
	pass([]int{0, 1, 2}, 0)
	pass([]int{3}, 3)
	return numbers
}

// TestPaperDocument compares every number of the two documents that work the
// model by hand with the engine's, to the last digit that is written. Whole
// numbers must be whole.
func TestPaperDocument(t *testing.T) {
	numbers := paperNumbers(t)
	line := regexp.MustCompile(`(?m)^([a-z0-9]+\[[^\]]+\]) = (.*)$`)
	for _, file := range []string{"paper.md", "paper.zh.md"} {
		text, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		lines := line.FindAllStringSubmatch(string(text), -1)
		if len(lines) < 60 {
			t.Errorf("%s: only %d lines of numbers", file, len(lines))
		}
		for _, l := range lines {
			want, fields := numbers[l[1]], strings.Fields(l[2])
			if len(want) != len(fields) {
				t.Errorf("%s: %q: the engine has %v", file, l[0], want)
				continue
			}
			for i, field := range fields {
				got, err := strconv.ParseFloat(field, 64)
				_, decimals, _ := strings.Cut(field, ".")
				half := 0.5 * math.Pow(10, -float64(len(decimals)))
				if decimals == "" {
					half = 1e-4 // e^-5.657 is small but there
				}
				for _, exact := range []string{"x[", "q", "k", "v", "dots"} {
					if strings.HasPrefix(l[1], exact) {
						half = 0
					}
				}
				if err != nil || math.Abs(got-float64(want[i])) > half*1.0001 {
					t.Errorf("%s: %q: number %d is %v", file, l[0], i+1, want[i])
				}
			}
		}
	}
}

// TestPaperSpeaks: both sentences in both languages, as the card says.
func TestPaperSpeaks(t *testing.T) {
	m, err := library.Open("paper")
	if err != nil {
		t.Fatal(err)
	}
	for prompt, want := range map[string]string{
		"cat": " sees dog.", "cat sees": " dog.", "dog sees": " cat.", "dog": " sees cat.",
		"猫": "看狗.", "猫看": "狗.", "狗看": "猫.", "狗": "看猫.",
	} {
		r := recipe.Complete(sim.Recipe{Model: "paper", Prompt: prompt})
		r.MaxNew = 8
		text, done := "", ""
		for s, err := range Steps(context.Background(), m, r, func() float64 { return 0 }) {
			if err != nil {
				t.Fatal(err)
			}
			text, done = text+s.Text, s.RunFinishReason
		}
		if text != want || done != sim.FinishEOS {
			t.Errorf("%s -> %q (%s), want %q", prompt, text, done, want)
		}
	}
}
