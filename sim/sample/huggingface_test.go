package sample

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
)

// TestAgainstHuggingFace: testdata/huggingface.json has what the arithmetic of
// Hugging Face's five classes (transformers, generation/logits_process.py:
// repetition penalty, temperature, top-k, top-p, min-p, in the order of
// generate) makes of 250 rows of logits in float32 with PyTorch; null is -Inf.
// Left out are rows where theirs is not defined to the last digit: ties for
// the K-th place, which all stay there, and sums that equal p but for rounding.
// Of tokens that tie either may be kept, so probabilities are compared by size.
func TestAgainstHuggingFace(t *testing.T) {
	data, err := os.ReadFile("testdata/huggingface.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Logits  []*float32
		Past    []int
		Sampler sim.Sampler
		Probs   []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		logits := make([]float32, len(c.Logits))
		for id, x := range c.Logits {
			if logits[id] = -inf; x != nil {
				logits[id] = *x
			}
		}
		c.Sampler.Kind = "sample"
		got, err := Probs(logits, c.Sampler, c.Past)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		slices.Sort(got)
		slices.Sort(c.Probs)
		for id, p := range c.Probs {
			if math.Abs(got[id]-p) > slack || (got[id] > 1e-30) != (p > 1e-30) {
				t.Errorf("case %d, %+v of %v:\n got %v\nwant %v", i, c.Sampler, logits, got, c.Probs)
				break
			}
		}
	}
	t.Logf("%d cases", len(cases))
}
