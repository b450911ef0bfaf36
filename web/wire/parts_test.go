package wire

import (
	"math"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// TestBiasOfAHead: the bias of Q travels whole, and the frame says where this head's
// share of it begins; Q turns what is normed where heads have norms.
func TestBiasOfAHead(t *testing.T) {
	for name, turned := range map[string]string{"gpt2": "q", "qwen2": "q", "qwen3": "qn"} {
		l, err := library.OpenFolder(name, os.DirFS("../../sim/run/testdata/families/"+name), nil)
		if err != nil {
			t.Fatal(err)
		}
		rec := recipe.Complete(sim.Recipe{Tokens: []int{3, 1, 2}, MaxNew: 1})
		var steps []sim.Step
		for s, err := range run.Steps(t.Context(), l, rec, func() float64 { return 0 }) {
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, s)
		}
		const head = 1
		c, w := l.Model.Config, l.Model.Weights.Layers[0]
		for _, op := range []string{"q", "k", "v"} {
			m := looking(moment(l, rec, steps, 0, 0, head), op)
			s := read(t, m)
			bias, from := w.QBias, head
			if op != "q" {
				from = l.Model.KVHead(head)
				if bias = w.KBias; op == "v" {
					bias = w.VBias
				}
			}
			i := slices.IndexFunc(s.op.Inputs, func(in lens.InputInfo) bool { return in.Op == "b_"+op })
			if bias == nil {
				if i >= 0 {
					t.Errorf("%s: a bias of %s", name, op)
				}
				continue
			}
			if i < 0 || s.op.Inputs[i].Rows != 1 || s.op.Inputs[i].Cols != c.HeadDim || s.op.Inputs[i].First != from*c.HeadDim {
				t.Fatalf("%s: inputs of %s: %+v", name, op, s.op.Inputs)
			}
			data := s.tensors["op.b_"+op].Data
			if len(data) != 2*len(bias) {
				t.Fatalf("%s: %d bytes of b_%s, want %d", name, len(data), op, 2*len(bias))
			}
			for j, x := range bias {
				if got := mat.F32(uint16(data[2*j]) | uint16(data[2*j+1])<<8); math.Abs(float64(got-x)) > 1e-3 {
					t.Fatalf("%s: number %d of b_%s is %v, want %v", name, j, op, got, x)
				}
			}
		}
		if s := read(t, looking(moment(l, rec, steps, 0, 0, head), "Q")); s.op.Inputs[0].Op != turned {
			t.Errorf("%s: Q turns %s, want %s", name, s.op.Inputs[0].Op, turned)
		}
	}
}
