package lesson

import (
	"context"
	"testing"

	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// Tensors are numbers by row and column, as an expression of docs/lessons.md has them; pairs too, whatever the cache
// held before.
func TestTensors(t *testing.T) {
	keys := map[string][]string{"model": {"paper"}, "prompt": {"cat sees"}, "new": {"4"}}
	r, err := recipe.FromLink(func(f *recipe.Field) []string { return keys[f.Key] })
	if err != nil {
		t.Fatal(err)
	}
	on, err := NewPlayer(library.New()).Stage(context.Background(), r, "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		source string
		pass   int
		want   float64
	}{
		{"round(1000 * tensors.probs[2][1])", 0, 993},
		{"round(1000 * tensors.scores[1][0])", 0, -5657},
		{"tensors.probs[0][0]", 0, 1},
		{"sum(0..1, tensors.Q[2][#] * tensors.K[1][#])", 0, 8},
		{"tensors.heads[0][1][2][0] / 255 * 3", 0, 1},
		{"len(tensors.probs)", 0, 3},
		{"len(tensors.probs[1])", 0, 2},
		{"len(tensors.probs)", 1, 1},
		{"round(1000 * tensors.probs[0][2])", 1, 993},
		{"len(tensors.without_probs[0])", 1, 1},
		{"round(1000 * tensors.without_probs[2][1])", 1, 993},
	} {
		e, err := scope{}.compile(Place{}, c.source, Number)
		if err != nil {
			t.Fatal(err)
		}
		step, _ := When{Pass: c.pass}.Step(on.Config, on.Most)
		v := NewValues(on.At(step, lens.View{Show: ShowFor(e)}), nil)
		if x, err := e.run(v, nil); err != nil || x != c.want {
			t.Errorf("pass %d: %s is %v (%v), not %v", c.pass, c.source, x, err, c.want)
		}
	}
}
