package run

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
)

// TestStoryAgainstNumpy compares the embedded model with an independent float64
// numpy forward pass of the same file (notebooks/train/reference.py).
func TestStoryAgainstNumpy(t *testing.T) {
	data, err := os.ReadFile("../../notebooks/train/reference_story.json")
	if err != nil {
		t.Fatal(err)
	}
	type rows struct {
		Sum, Size float64
		First8    []float64
	}
	var reference struct {
		Cases []struct {
			Prompt string
			IDs    []int
			Top    [][2]float64
			Layers []struct {
				K, V  rows
				Probs []float64 `json:"probs_head1_last"`
			}
			Greedy []int
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, x mat.Matrix, want rows) {
		t.Helper()
		sum := 0.0
		for i := range x.NumRows() {
			for _, v := range x.Row(i) {
				sum += float64(v)
			}
		}
		if math.Abs(sum-want.Sum) > 1e-4*want.Size {
			t.Errorf("%s: sum %v, want %v", what, sum, want.Sum)
		}
		for i, v := range want.First8 {
			if got := float64(x.At(0, i)); math.Abs(got-v) > 1e-4 {
				t.Errorf("%s: element %d is %v, want %v", what, i, got, v)
			}
		}
	}
	for _, c := range reference.Cases {
		r := recipe.Complete(sim.Recipe{Prompt: c.Prompt, MaxNew: len(c.Greedy)})
		ids, err := m.Prepare(r)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids, c.IDs) {
			t.Errorf("%q: ids %v, want %v", c.Prompt, ids, c.IDs)
			continue
		}
		var greedy []int
		for _, s := range collect(t, m, r) {
			switch {
			case s.Part == sim.HeadPart:
				greedy = append(greedy, s.Token)
				for i, want := range c.Top {
					if s.Pass == 0 && (s.Top()[i].ID != int(want[0]) || math.Abs(float64(s.Top()[i].Logit)-want[1]) > 1e-4) {
						t.Errorf("%q: candidate %d is %+v, want %v", c.Prompt, i, s.Top()[i], want)
					}
				}
			case s.Pass == 0:
				check(c.Prompt+" K", m.Model.K(&s, 0, s.Rows), c.Layers[s.Layer].K)
				check(c.Prompt+" V", m.Model.V(&s, 0, s.Rows), c.Layers[s.Layer].V)
				probs := m.Model.Attention(&s, 1).Probs.Row(s.Rows - 1)
				for j, want := range c.Layers[s.Layer].Probs {
					if math.Abs(float64(probs[j])-want) > 1e-4 {
						t.Errorf("%q: attention to %d is %v, want %v", c.Prompt, j, probs[j], want)
					}
				}
			}
		}
		if !slices.Equal(greedy, c.Greedy) {
			t.Errorf("%q: greedy %v, want %v", c.Prompt, greedy, c.Greedy)
		}
	}
}
