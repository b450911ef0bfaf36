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
	"kvstep/sim/model"
	"kvstep/sim/recipe"
)

// shared has the public checkpoint and its reference outputs, which are not
// part of this repository.
const shared = "../../../shared/"

func readShared(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(shared + name)
	if err != nil {
		t.Skipf("skipped: the reference data %s is not beside this checkout", name)
	}
	return data
}

func stories(t testing.TB) *library.Loaded {
	t.Helper()
	m, err := library.OpenLlama2c("stories260K", readShared(t, "models/stories260K.bin"), readShared(t, "models/tok512.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type goldenRows struct {
	Sum    float64
	SumSq  float64
	First8 []float64
	Last4  []float64
}

type goldenCase struct {
	Prompt    string
	IDs       []int        `json:"prompt_ids"`
	Top       [][2]float64 `json:"last_logits_top10"`
	GreedyIDs []int        `json:"greedy_ids"`
	Text      string       `json:"greedy_text"`
	Layers    []struct {
		K, V  goldenRows
		Probs []float64 `json:"attn_last_row_head0"`
	}
}

// TestStories260K compares with an independent float64 numpy forward pass.
func TestStories260K(t *testing.T) {
	m := stories(t)
	var golden struct{ Cases []goldenCase }
	if err := json.Unmarshal(readShared(t, "golden/stories260K.json"), &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, g := range golden.Cases {
		r := recipe.Complete(sim.Recipe{Prompt: g.Prompt, MaxNew: len(g.GreedyIDs)})
		if g.Prompt == "" { // refused as text; BOS alone is a fine prompt
			r.Tokens = g.IDs
		}
		prompt, err := m.Prepare(r)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(prompt, g.IDs) {
			t.Errorf("%q: ids %v, want %v", g.Prompt, prompt, g.IDs)
			continue
		}
		var ids []int
		text := g.Prompt
		for _, s := range collect(t, m, r) {
			if !s.Identical {
				t.Errorf("%q: step %d: %s", g.Prompt, s.N, s.Differs)
			}
			if s.Pass == 0 && s.Part == sim.LayerPart {
				checkLayer(t, g, m.Model, &s)
			}
			if s.Part == sim.HeadPart {
				if s.Pass == 0 {
					checkTop(t, g, s.Top())
				}
				ids = append(ids, s.Token)
				text += s.Text
			}
		}
		if !slices.Equal(ids, g.GreedyIDs) {
			t.Errorf("%q: greedy ids\n%v, want\n%v", g.Prompt, ids, g.GreedyIDs)
		}
		if text != g.Text {
			t.Errorf("text %q, want %q", text, g.Text)
		}
	}
}

func checkTop(t *testing.T, g goldenCase, top []sim.Candidate) {
	t.Helper()
	for i, want := range g.Top {
		if top[i].ID != int(want[0]) || math.Abs(float64(top[i].Logit)-want[1]) > 1e-4 {
			t.Errorf("%q: logit %d is %v, want %v", g.Prompt, i, top[i], want)
		}
	}
}

func checkLayer(t *testing.T, g goldenCase, m *model.Model, s *sim.Step) {
	t.Helper()
	want := g.Layers[s.Layer]
	checkRows(t, g.Prompt+" K", m.K(s, 0, s.Rows), want.K)
	checkRows(t, g.Prompt+" V", m.V(s, 0, s.Rows), want.V)
	probs := m.Attention(s, 0).Probs.Row(s.Rows - 1)
	for j, p := range want.Probs {
		if math.Abs(float64(probs[j])-p) > 1e-4 {
			t.Errorf("%q layer %d: attention to %d is %v, want %v", g.Prompt, s.Layer, j, probs[j], p)
		}
	}
}

// checkRows compares a [pos, kv_head*head_dim] matrix with its golden digest.
func checkRows(t *testing.T, what string, x mat.Matrix, want goldenRows) {
	t.Helper()
	var flat []float64
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			flat = append(flat, float64(v))
		}
	}
	var sum, sumsq, size float64
	for _, v := range flat {
		sum, sumsq, size = sum+v, sumsq+v*v, size+math.Abs(v)
	}
	// Sums of signed numbers may cancel: they are compared relative to the sum of sizes.
	if math.Abs(sum-want.Sum) > 1e-4*size/math.Sqrt(float64(len(flat))) || math.Abs(sumsq-want.SumSq) > 1e-4*want.SumSq {
		t.Errorf("%s: sum %v sumsq %v, want %v %v", what, sum, sumsq, want.Sum, want.SumSq)
	}
	for i, v := range want.First8 {
		if math.Abs(flat[i]-v) > 1e-4*(1+math.Abs(v)) {
			t.Errorf("%s: element %d is %v, want %v", what, i, flat[i], v)
		}
	}
	for i, v := range want.Last4 {
		if got := flat[len(flat)-len(want.Last4)+i]; math.Abs(got-v) > 1e-4*(1+math.Abs(v)) {
			t.Errorf("%s: element %d from the end is %v, want %v", what, i, got, v)
		}
	}
}
