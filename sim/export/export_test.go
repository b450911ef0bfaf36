package export_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

func collect(t *testing.T, m *library.Loaded, r sim.Recipe) (steps []sim.Step) {
	t.Helper()
	for s, err := range run.Steps(context.Background(), m, r, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return steps
}

// TestSafetensors reads back what Safetensors writes and finds the steps' own bits.
func TestSafetensors(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Tom has"})
	r.MaxNew = 3
	steps := collect(t, m, r)
	f, err := export.Safetensors(m, r, steps)
	if err != nil {
		t.Fatal(err)
	}
	back, err := checkpoint.ReadSafetensors(checkpoint.AppendSafetensors(nil, f))
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]checkpoint.Tensor{}
	for _, x := range back.Tensors {
		tensors[x.Name] = x
	}
	seen := 0
	same := func(n int, name string, want ...mat.Matrix) {
		t.Helper()
		x := tensors[fmt.Sprintf("step.%d.%s", n, name)]
		got, err := x.Float32s()
		if err != nil {
			t.Fatal(n, name, err)
		}
		seen++
		for _, w := range want {
			for i := range w.NumRows() {
				for _, v := range w.Row(i) {
					if math.Float32bits(v) != math.Float32bits(got[0]) {
						t.Fatalf("step %d %s: %v, want %v", n, name, got[0], v)
					}
					got = got[1:]
				}
			}
		}
		if len(got) != 0 {
			t.Errorf("step %d %s: %d numbers too many", n, name, len(got))
		}
	}
	for i := range steps {
		s := &steps[i]
		same(s.N, "X", s.X)
		if s.Part == sim.HeadPart {
			same(s.N, "logits", mat.RowOf(s.Logits()))
			continue
		}
		same(s.N, "Q", m.Model.Q(s, 0, s.Rows))
		same(s.N, "K", m.Model.K(s, 0, s.Rows))
		same(s.N, "V", m.Model.V(s, 0, s.Rows))
		same(s.N, "Out", s.Out)
		var scores, probs, attn []mat.Matrix
		for h := range m.Model.Config.Heads {
			a := m.Model.Attention(s, h)
			scores, probs, attn = append(scores, a.Scores), append(probs, a.Probs), append(attn, a.Out)
		}
		same(s.N, "scores", scores...)
		same(s.N, "probs", probs...)
		same(s.N, "attn", attn...)
	}
	if seen != len(back.Tensors) || !bytes.Contains([]byte(back.Meta["recipe"]), []byte("Tom has")) {
		t.Errorf("%d of %d tensors looked at; recipe %s", seen, len(back.Tensors), back.Meta["recipe"])
	}
}

// TestSafetensorsOfSeveral: a batch's file has every sequence's tensors, once each.
func TestSafetensorsOfSeveral(t *testing.T) {
	c := modeltest.Config(rand.New(rand.NewPCG(91, 1)))
	weights, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(91, 2)), c))
	if err != nil {
		t.Fatal(err)
	}
	m := &library.Loaded{Name: "random", Model: weights}
	rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3}, MaxNew: 2, Batch: &sim.Batch{
		Schedule: sim.ScheduleContinuous, Slots: 2, Chunk: 2, Requests: []sim.Request{{Tokens: []int{4, 5}, MaxNew: 2}},
	}})
	steps := collect(t, m, rec)
	f, err := export.Safetensors(m, rec, steps)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.ReadSafetensors(checkpoint.AppendSafetensors(nil, f)); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, x := range f.Tensors {
		names[x.Name] = true
	}
	for i := range steps {
		for _, p := range steps[i].PassSteps {
			if name := fmt.Sprintf("step.%d.seq%d.X", p.N, p.Seq); !names[name] {
				t.Errorf("%s is missing", name)
			}
		}
	}
}
