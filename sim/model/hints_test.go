package model_test

import (
	"math"
	"testing"

	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// rowsOf makes a causal matrix whose row i gives everything to key target(i).
func rowsOf(m int, target func(i int) int) mat.Matrix {
	x := mat.New(m, m)
	for i := range m {
		x.Row(i)[target(i)] = 1
	}
	return x
}

func TestHintsNameWhatAHeadLooksAt(t *testing.T) {
	tokens := []int{5, 6, 7, 5, 6, 7, 5} // every token from position 3 on was seen before
	for _, c := range []struct {
		name   string
		target func(i int) int
		want   model.Hint
	}{
		{"previous", func(i int) int { return max(i-1, 0) }, model.Hint{Previous: 1}},
		{"first", func(int) int { return 0 }, model.Hint{First: 1}},
		{"self", func(i int) int { return i }, model.Hint{Self: 1}},
		// position 3 (5 again) looks at 1, which followed the first 5, and so on
		{"copies", func(i int) int { return max(i-2, 0) }, model.Hint{First: 0.2, Copies: 1}},
	} {
		if got := model.Hints(rowsOf(len(tokens), c.target), 0, tokens); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestHintsEntropyAndWhatNoQueryHas(t *testing.T) {
	flat := mat.New(1, 8)
	for j := range 8 {
		flat.Row(0)[j] = 1.0 / 8
	}
	got := model.Hints(flat, 7, []int{1, 2, 3, 4, 5, 6, 7, 8})
	if got != (model.Hint{Entropy: 3, Previous: 1.0 / 8, First: 1.0 / 8, Self: 1.0 / 8, Copies: -1}) {
		t.Errorf("flat over 8 keys: %+v", got)
	}
	one := mat.New(1, 1)
	one.Row(0)[0] = 1
	if got := model.Hints(one, 0, []int{4}); got != (model.Hint{Previous: -1, First: -1, Self: -1, Copies: -1}) {
		t.Errorf("a single token: %+v", got)
	}
	// "a a": what followed the first a is the query itself, which is no copying
	pair := rowsOf(2, func(i int) int { return i })
	if got := model.Hints(pair, 0, []int{9, 9}); got.Copies != -1 {
		t.Errorf("a token twice in a row: %+v", got)
	}
	if h := model.Hints(flat, 7, []int{1, 2, 3, 4, 5, 6, 7, 3}); math.Abs(float64(h.Copies)-1.0/8) > 1e-7 {
		t.Errorf("the last token came before: %+v", h)
	}
}
