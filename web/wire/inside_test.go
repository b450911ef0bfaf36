package wire

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// labels are those of a cell.
type labels struct {
	RowPos *int `json:"row_pos"`
	ColPos *int `json:"col_pos"`
	Row    string
	Col    string
}

// said is the part of a frame that this file is about.
type said struct {
	op      *lens.OpInfo
	explain *struct {
		explain.Ref
		Value string
		Kind  string
		At    labels
		Reads []struct {
			explain.Ref
			Along  string
			N      int
			Stored *int
			At     labels
		}
		Trail []struct {
			explain.Ref
			Value string
		}
		Steps map[string]struct {
			Pass  int
			Phase string
			Layer *int
		}
	}
	pick    struct{ Trail []explain.Ref }
	tensors map[string]checkpoint.Tensor
	bytes   int
}

func read(t testing.TB, m *Frame) said {
	t.Helper()
	data := Encode(nil, m)
	f, err := checkpoint.ReadSafetensors(data)
	if err != nil {
		t.Fatal(err)
	}
	s := said{bytes: len(data), tensors: map[string]checkpoint.Tensor{}}
	for key, into := range map[string]any{"op": &s.op, "explain": &s.explain, "pick": &s.pick} {
		if f.Meta[key] == "" {
			continue
		}
		if err := json.Unmarshal([]byte(f.Meta[key]), into); err != nil {
			t.Fatalf("%s: %v in %s", key, err, f.Meta[key])
		}
	}
	for _, x := range f.Tensors {
		s.tensors[x.Name] = x
	}
	return s
}

// TestOpFrames: a frame holds the picked op of the picked layer and head, with
// what it reads, and none of the overview's matrices.
func TestOpFrames(t *testing.T) {
	l, rec, steps := small(t)
	r := &explain.Run{Model: l.Model, Step: func(n int) *sim.Step { return &steps[n] }}
	for n := range steps {
		for _, op := range explain.Ops {
			if op.Part != steps[n].Part || !r.Knows(op.ID) {
				continue
			}
			m := looking(moment(l, rec, steps, n, max(steps[n].Layer, 0), 3), op.ID)
			s := read(t, m)
			if s.op == nil || s.op.ID != op.ID {
				t.Fatalf("step %d %s: op %+v", n, op.ID, s.op)
			}
			if _, there := s.tensors["probs"]; there {
				t.Fatal("the overview travels too")
			}
			for _, id := range append(r.Inputs(&op), op.ID) {
				x, ok := s.tensors["op."+id]
				if id == "mask" || !ok && explain.Find(id).Constant() {
					if ok {
						t.Fatal("a mask travels")
					}
					continue
				}
				if !ok {
					t.Fatalf("step %d %s: %s is missing", n, op.ID, id)
				}
				want, _ := r.Tensor(n, id, 3)
				if id == "cos" || id == "sin" {
					want = want.Rows(steps[n].Cached, steps[n].Cached+steps[n].Rows)
				}
				if explain.Find(id).Pairs() {
					checkTriangle(t, x, &steps[n], want.At)
				} else {
					checkF16(t, x, want.At)
				}
			}
		}
	}
}

// TestExplainTravels: the frame's explanation is the engine's, number by number.
func TestExplainTravels(t *testing.T) {
	l, rec, steps := small(t)
	r := &explain.Run{Model: l.Model, Step: func(n int) *sim.Step { return &steps[n] }}
	for _, ref := range []explain.Ref{
		{Step: 7, Op: "scores", Head: 1, Col: 2}, {Step: 7, Op: "probs", Head: 1, Col: 0}, {Step: 7, Op: "norm1", Col: 5},
		{Step: 7, Op: "down", Col: 15}, {Step: 7, Op: "out", Head: 1, Col: 3}, {Step: 7, Op: "act", Col: 19},
	} {
		e, ok := r.Cell(ref)
		if !ok {
			t.Fatal(ref)
		}
		s := read(t, looking(moment(l, rec, steps, 7, 1, 1), ref.Op, ref))
		if s.explain == nil || s.explain.Ref != ref || s.explain.Value != e.Value.String() {
			t.Fatalf("%+v: %+v", ref, s.explain)
		}
		if e.Sum == nil {
			continue
		}
		terms := s.tensors["explain.terms"]
		for i, term := range e.Sum.Terms {
			for c, want := range []float32{term.A, term.B, term.T, term.Lane} {
				if got := math.Float32frombits(binary.LittleEndian.Uint32(terms.Data[16*i+4*c:])); got != want {
					t.Fatalf("%+v term %d: %v, want %v", ref, i, got, want)
				}
			}
		}
		tree := s.tensors["explain.tree"]
		if got := math.Float32frombits(binary.LittleEndian.Uint32(tree.Data[4*30:])); len(tree.Data) != 4*31 || got != float32(e.Sum.Value) {
			t.Fatalf("%+v: the tree ends in %v, want %v", ref, got, e.Sum.Value)
		}
	}
}

// TestCachedKeysNameTheirStep: the reader of a score learns which step wrote the key.
func TestCachedKeysNameTheirStep(t *testing.T) {
	l, rec, steps := small(t)
	s := read(t, looking(moment(l, rec, steps, 7, 1, 1), "dots", explain.Ref{Step: 7, Op: "dots", Head: 1, Col: 2}))
	k := s.explain.Reads[1]
	if k.Op != "K" || k.Stored == nil || *k.Stored != 1 || *k.At.RowPos != 2 {
		t.Fatalf("%+v", k)
	}
	if by := s.explain.Steps["1"]; by.Phase != "prefill" || *by.Layer != 1 {
		t.Errorf("stored by %+v", by)
	}
}

// TestTrailGoesWithTheCursor: what is explained is the same cell of the step now
// looked at; operands that were followed belong to their own step and are dropped.
func TestTrailGoesWithTheCursor(t *testing.T) {
	l, rec, steps := small(t)
	trail := []explain.Ref{{Step: 1, Op: "dots", Head: 1, Row: 4, Col: 2}, {Step: 1, Op: "K", Head: 1, Row: 2, Col: 4}}
	if s := read(t, looking(moment(l, rec, steps, 1, 1, 1), "dots", trail...)); len(s.pick.Trail) != 2 || s.explain.Op != "K" {
		t.Errorf("where it was asked: %+v", s.pick.Trail)
	}
	s := read(t, looking(moment(l, rec, steps, 7, 1, 1), "dots", trail...))
	if want := (explain.Ref{Step: 7, Op: "dots", Head: 1, Col: 2}); len(s.pick.Trail) != 1 || s.explain.Ref != want {
		t.Errorf("in decode: %+v, want %+v", s.pick.Trail, want)
	}
	s = read(t, looking(moment(l, rec, steps, 1, 1, 2), "dots", trail...))
	if want := (explain.Ref{Step: 1, Op: "dots", Head: 2, Row: 4, Col: 2}); len(s.pick.Trail) != 1 || s.explain.Ref != want {
		t.Errorf("another head: %+v, want %+v", s.pick.Trail, want)
	}
	// What is not there, or is still to come, is not explained.
	for _, bad := range [][]explain.Ref{
		{{Step: 7, Op: "dots", Head: 1, Col: 99}}, {{Step: 7, Op: "logits"}},
	} {
		if s := read(t, looking(moment(l, rec, steps, 7, 1, 1), "dots", bad...)); s.explain != nil {
			t.Errorf("%+v: %+v", bad, s.explain)
		}
	}
	ahead := []explain.Ref{{Step: 1, Op: "dots", Head: 1, Row: 4, Col: 2}, {Step: 7, Op: "dots", Head: 1}}
	if s := read(t, looking(moment(l, rec, steps, 1, 1, 1), "dots", ahead...)); len(s.pick.Trail) != 1 {
		t.Errorf("a step after the cursor: %+v", s.pick.Trail)
	}
}

// BenchmarkOpFrame is a frame of one op with an explanation, of a prefill step.
func BenchmarkOpFrame(b *testing.B) {
	m, err := library.Open("story")
	if err != nil {
		b.Fatal(err)
	}
	for _, tokens := range []int{16, 256} {
		ids := make([]int, tokens)
		for i := range ids {
			ids[i] = 300 + i%700
		}
		rec := recipe.Complete(sim.Recipe{Model: "story", Tokens: ids, MaxNew: 2})
		var steps []sim.Step
		for s, err := range run.Steps(context.Background(), m, rec, func() float64 { return 0 }) {
			if err != nil {
				b.Fatal(err)
			}
			steps = append(steps, s)
		}
		decode := m.Model.Config.Layers + 3
		for name, x := range map[string]*Frame{
			"overview": moment(m, rec, steps, 2, 2, 0), "norm1": looking(moment(m, rec, steps, 2, 2, 0), "norm1", explain.Ref{Step: 2, Op: "norm1"}),
			"dots":        looking(moment(m, rec, steps, 2, 2, 0), "dots", explain.Ref{Step: 2, Op: "dots"}),
			"down":        looking(moment(m, rec, steps, 2, 2, 0), "down", explain.Ref{Step: 2, Op: "down"}),
			"decode-down": looking(moment(m, rec, steps, decode, 2, 0), "down", explain.Ref{Step: decode, Op: "down"}),
		} {
			b.Run(fmt.Sprintf("%d/%s", tokens, name), func(b *testing.B) {
				planned(x)
				var buf []byte
				for b.Loop() {
					buf = Encode(buf[:0], x)
				}
				b.ReportMetric(float64(len(buf)), "bytes/frame")
			})
		}
	}
}
