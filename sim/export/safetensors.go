package export

import (
	"encoding/binary"
	"fmt"
	"math"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/plain"
)

// exportedStep is what the metadata of Safetensors says of one step.
type exportedStep struct {
	N      int       `json:"n"`
	Seq    int       `json:"seq,omitempty"` // of several sequences
	Pass   int       `json:"pass"`
	Phase  sim.Phase `json:"phase"`
	Part   sim.Part  `json:"part"`
	Layer  *int      `json:"layer"`
	Rows   int       `json:"rows"`
	Cached int       `json:"cached"`
	Token  *int      `json:"token,omitempty"` // the choice, after a head
}

// Safetensors puts every number of some steps of a run into one safetensors file, so
// that any program can compute with them. All tensors are F32:
//
//	step.N.X, step.N.Out  [rows, dim]                 residual stream in and out
//	step.N.Q              [rows, heads*head_dim]      after RoPE
//	step.N.K, step.N.V    [rows, kv_heads*head_dim]   the rows appended to the cache
//	step.N.scores         [heads, rows, positions]    masked pairs too
//	step.N.probs          [heads, rows, positions]
//	step.N.attn           [heads, rows, head_dim]     weighted V
//	step.N.logits         [vocab]                     of a head step, which also has X
//
// The metadata holds the model's name, its config, the recipe, the ids fed, and
// one line about each step, all as JSON. Scores, probs and attn are derived as the
// forward pass computed them; they are missing where only the uncached lane ran.
func Safetensors(m *library.Loaded, r sim.Recipe, steps []sim.Step) (checkpoint.File, error) {
	f := checkpoint.File{Meta: map[string]string{"kvstep": "run", "model": m.Name}}
	var lines []exportedStep
	var ids []int
	for i := range steps {
		s := &steps[i]
		ids = s.Tokens
		if len(s.PassSteps) == 0 {
			lines = append(lines, exportStep(m, &f, s, fmt.Sprintf("step.%d.", s.N)))
			continue
		}
		for _, p := range s.PassSteps { // several sequences: each has tensors of its own
			lines = append(lines, exportStep(m, &f, p, fmt.Sprintf("step.%d.seq%d.", p.N, p.Seq)))
		}
	}
	for key, v := range map[string]any{"config": m.Model.Config, "recipe": r, "ids": ids, "steps": lines} {
		f.Meta[key] = string(plain.JSON(v))
	}
	return f, nil
}

// exportStep adds the tensors of one sequence's step, under names that begin with
// prefix, and tells what step it is.
func exportStep(m *library.Loaded, f *checkpoint.File, s *sim.Step, prefix string) exportedStep {
	line := exportedStep{N: s.N, Seq: s.Seq, Pass: s.Pass, Phase: s.Phase, Part: s.Part, Rows: s.Rows, Cached: s.Cached}
	add := func(name string, shape []int, rows ...mat.Matrix) {
		f.Tensors = append(f.Tensors, f32(prefix+name, shape, rows...))
	}
	whole := func(name string, x mat.Matrix) { add(name, []int{x.NumRows(), x.NumCols()}, x) }
	whole("X", s.X)
	if s.Part == sim.HeadPart {
		if s.Token >= 0 {
			line.Token = &s.Token
		}
		if logits := s.Logits(); logits != nil { // a prompt in pieces has none before its last
			add("logits", []int{len(logits)}, mat.RowOf(logits))
		}
		return line
	}
	line.Layer = &s.Layer
	whole("Q", m.Model.Q(s, 0, s.Rows))
	whole("K", m.Model.K(s, 0, s.Rows))
	whole("V", m.Model.V(s, 0, s.Rows))
	whole("Out", s.Out)
	if s.KV == nil {
		return line
	}
	heads := m.Model.Config.Heads
	var scores, probs, attn []mat.Matrix
	of := m.Model.Heads(s)
	for h := range heads {
		a := of(h)
		scores, probs, attn = append(scores, a.Scores), append(probs, a.Probs), append(attn, a.Out)
	}
	pairs := []int{heads, s.Rows, s.Cached + s.Rows}
	add("scores", pairs, scores...)
	add("probs", pairs, probs...)
	add("attn", []int{heads, s.Rows, m.Model.Config.HeadDim}, attn...)
	return line
}

// f32 makes one tensor of matrices one after the other.
func f32(name string, shape []int, parts ...mat.Matrix) checkpoint.Tensor {
	var data []byte
	for _, x := range parts {
		for i := range x.NumRows() {
			for _, v := range x.Row(i) {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			}
		}
	}
	return checkpoint.Tensor{Name: name, DType: "F32", Shape: shape, Data: data}
}
