package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// worstFrame and typicalFrame are the bars of a frame at default sizes, in bytes:
// the largest there is, and the median of a viewer who has nothing else open.
const worstFrame, typicalFrame = 32 << 10, 12 << 10

// everything are all panels, each as large as it gets, and the run at real size.
var everything = lens.View{Show: []string{"formulas", "heads", "history", "history-step", "history-total", "rows", "rows-read", "choice"}, Real: "llama-3-8b@H100"}

// defaultRun is the run that a page opens with, with a clock as uneven as a real one.
func defaultRun(t testing.TB, lang string) (l *library.Loaded, rec sim.Recipe, prompt int, steps []sim.Step) {
	t.Helper()
	l, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	rec = l.Default(lang)
	ids, err := l.Prepare(rec)
	if err != nil {
		t.Fatal(err)
	}
	seconds := 0.0
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { seconds += 0.000123456789; return seconds }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return l, rec, len(ids), steps
}

// visit is step n as a viewer meets it for the first time (the chart draws the
// whole run ahead), or when the run is over.
func visit(l *library.Loaded, rec sim.Recipe, prompt int, steps []sim.Step, n int, over bool, pick lens.View) *Frame {
	m := moment(l, rec, steps, n, max(steps[n].Layer, 0), 0)
	m.Prompt = prompt
	pick.Layer, pick.Cell = m.View.Layer, m.View.Cell
	m.View = pick
	if !over {
		m.Recorded, m.Ended = n+1, ""
	}
	return m
}

// TestFrameSizeWithPanels: the overview, with each panel open and with all
// (docs/performance.md has the figures).
func TestFrameSizeWithPanels(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	l, rec, prompt, steps := defaultRun(t, "en")
	for _, pick := range []lens.View{{}, {Show: []string{"formulas"}}, {Show: []string{"heads"}}, {Show: []string{"history"}}, {Show: []string{"rows"}}, {Show: []string{"choice"}}, {Real: everything.Real}, everything} {
		sizes := make([]int, 0, len(steps))
		for n := range steps {
			for _, over := range []bool{false, true} {
				sizes = append(sizes, len(Encode(nil, visit(l, rec, prompt, steps, n, over, pick))))
			}
		}
		median, largest := middle(sizes)
		t.Logf("%v %s: median %d bytes, largest %d", pick.Show, pick.Real, median, largest)
		if largest > worstFrame || len(pick.Show) == 0 && pick.Real == "" && median > typicalFrame {
			t.Errorf("%v %s: a frame of %d bytes, median %d", pick.Show, pick.Real, largest, median)
		}
	}
}

// TestFrameSizeOfPolicies: the same bar holds whatever the cache does, with every
// panel open, alone and beside the op with the largest picture.
func TestFrameSizeOfPolicies(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	for _, lang := range []string{"en", "zh"} {
		l, rec, prompt, _ := defaultRun(t, lang)
		for _, policy := range []string{"paged:1", "window:8:2", "h2o:4:4", "int8:token", "int4:channel:4"} {
			p, err := kv.Parse(policy)
			if err != nil {
				t.Fatal(err)
			}
			rec.Cache = p
			steps := stepsOf(t, l, rec)
			var sizes []int
			where := ""
			add := func(what string, n, size int) {
				if len(sizes) == 0 || size > slices.Max(sizes) {
					where = fmt.Sprintf("step %d, %s", n, what)
				}
				sizes = append(sizes, size)
			}
			for n := range steps {
				add("overview", n, len(Encode(nil, visit(l, rec, prompt, steps, n, false, everything))))
				if steps[n].Part == sim.LayerPart && n < 2*(l.Model.Config.Layers+1) {
					for _, op := range []string{"act", "probs", "mask"} {
						m := looking(visit(l, rec, prompt, steps, n, false, everything), op, explain.Ref{Step: n, Op: op})
						add(op, n, len(Encode(nil, m)))
					}
				}
			}
			median, largest := middle(sizes)
			t.Logf("%s %s: median %d bytes, largest %d (%s)", lang, policy, median, largest, where)
			if largest > worstFrame {
				t.Errorf("%s %s: a frame of %d bytes", lang, policy, largest)
			}
		}
	}
}

// TestFrameSizeOfSeveral: the same bar holds for a batch of eight requests and for
// the widest beam search of the default size.
func TestFrameSizeOfSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	l, rec, _, _ := defaultRun(t, "en")
	rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 4}
	wide, many := rec, rec
	wide.Sampler = sim.Sampler{Kind: "beam", Width: 8, Length: 1}
	many.Batch = &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 4, Chunk: 8, Share: true}
	for i := range 7 {
		many.Batch.Requests = append(many.Batch.Requests, sim.Request{Prompt: rec.Prompt, MaxNew: rec.MaxNew, Arrive: i})
	}
	all := everything
	all.Show = append(slices.Clone(all.Show), "beams", "schedule")
	for name, rec := range map[string]sim.Recipe{"beam": recipe.Complete(wide), "batch": recipe.Complete(many)} {
		steps := stepsOf(t, l, rec)
		var sizes []int
		for n := range steps {
			m := served(t, l, rec, steps, n, n%4)
			seq := m.View.Seq
			m.View = all
			m.View.Seq = seq
			sizes = append(sizes, len(Encode(nil, m)))
			if steps[n].Part == sim.LayerPart && n%11 == 0 {
				for _, op := range []string{"act", "probs"} {
					sizes = append(sizes, len(Encode(nil, looking(m, op, explain.Ref{Step: n, Op: op}))))
				}
			}
		}
		median, largest := middle(sizes)
		t.Logf("%s: %d steps, median %d bytes, largest %d", name, len(steps), median, largest)
		if largest > worstFrame {
			t.Errorf("%s: a frame of %d bytes", name, largest)
		}
	}
}

// TestFrameSizeOfEveryOp: every op's picture in every layer and head of the default
// run, with a cell explained or not, alone and with everything open.
func TestFrameSizeOfEveryOp(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	for _, lang := range []string{"en", "zh"} {
		l, rec, prompt, steps := defaultRun(t, lang)
		type kind struct {
			open  bool
			phase sim.Phase
		}
		all, where := map[kind][]int{}, map[kind]string{}
		perPass := l.Model.Config.Layers + 1
		for n := range steps {
			if perPass*2 <= n && n < len(steps)-perPass { // prefill, the first pass of decode and the last
				continue
			}
			for _, op := range explain.OpsOf(l.Model) {
				if op.Part != steps[n].Part {
					continue
				}
				for i := range 4 {
					open, asked := i&1 == 1, i&2 == 2
					k, pick := kind{open, steps[n].Phase}, lens.View{}
					if open {
						pick = everything
					}
					var trail []explain.Ref
					if asked {
						trail = []explain.Ref{{Step: n, Op: op.ID}}
					}
					size := len(Encode(nil, looking(visit(l, rec, prompt, steps, n, false, pick), op.ID, trail...)))
					if len(all[k]) == 0 || size > slices.Max(all[k]) {
						where[k] = fmt.Sprintf("step %d, %s, explained %v", n, op.ID, asked)
					}
					all[k] = append(all[k], size)
				}
			}
		}
		for k, sizes := range all {
			median, largest := middle(sizes)
			t.Logf("%s %s, everything open %v: median %d bytes, largest %d (%s)", lang, k.phase, k.open, median, largest, where[k])
			if largest > worstFrame || !k.open && k.phase == "decode" && median > typicalFrame {
				t.Errorf("%s %s, everything open %v: a frame of %d bytes (%s), median %d", lang, k.phase, k.open, largest, where[k], median)
			}
		}
	}
}

// middle are the median and the largest; 0 of nothing.
func middle(sizes []int) (median, largest int) {
	if len(sizes) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(sizes))
	return sorted[len(sorted)/2], sorted[len(sorted)-1]
}

// TestCoarseInputs: a large input travels as one byte for each number, no further
// from it than half a step of 127; the op itself keeps float16, and a cell that is
// pointed at is exact.
func TestCoarseInputs(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	l, rec, prompt, steps := defaultRun(t, "en")
	m := visit(l, rec, prompt, steps, 2, false, lens.View{})
	m.View.Cell = &lens.Cell{Op: "gate", Row: 3, Col: 77}
	s := read(t, looking(m, "act"))
	r := m.Explained()
	for i, id := range []string{"gate", "up"} {
		x, most := s.tensors["op."+id], s.op.Inputs[i].Max
		want, _ := r.Tensor(2, id, 0)
		if x.DType != "U8" || most <= 0 {
			t.Fatalf("%s travels as %s of %v", id, x.DType, most)
		}
		largest := float32(0)
		for k, b := range x.Data {
			v := want.At(k/want.NumCols(), k%want.NumCols())
			largest = max(largest, v, -v)
			if got := (float32(b) - 128) / 127 * most; math.Abs(float64(got-v)) > float64(most)/127*0.501 {
				t.Fatalf("%s [%d] is %v, want %v", id, k, got, v)
			}
		}
		if largest != most {
			t.Errorf("%s: the largest is said to be %v, it is %v", id, most, largest)
		}
	}
	if x := s.tensors["op.act"]; x.DType != "F16" {
		t.Errorf("act travels as %s", x.DType)
	}
	want, _ := r.Tensor(2, "gate", 0)
	var cell struct{ Value string }
	meta(t, frameOf(t, m), "cell", &cell)
	if cell.Value != explain.Number(want.At(3, 77)).String() {
		t.Errorf("the cell is %s, want %v", cell.Value, want.At(3, 77))
	}
}

// TestFrameSizeOfALongPrompt: a layer of a prompt of 480 tokens has at most 600,000 bytes. Q and what leaves the
// head are pictures then, as near to what they are as a byte can be, unless a viewer reads the table.
func TestFrameSizeOfALongPrompt(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	l, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: l.Name, Tokens: make([]int, 480), MaxNew: 1, Lanes: "both"})
	for i := range rec.Tokens {
		rec.Tokens[i] = 300 + i%7
	}
	steps := stepsOf(t, l, rec)
	for n := range l.Model.Config.Layers {
		m := planned(moment(l, rec, steps, n, n, 1))
		size := len(Encode(nil, m))
		if t.Logf("layer %d: %d bytes", n, size); size > 600_000 {
			t.Error("are too many")
		}
		file, a := File(m), l.Model.Causal(m.From, 1)
		var info lens.AttentionInfo
		if err := json.Unmarshal([]byte(file.Meta["attention"]), &info); err != nil {
			t.Fatal(err)
		}
		m.View.Show = []string{"table"}
		read := File(m)
		if said, ok := read.Meta["attention"]; ok {
			t.Errorf("who reads the table is told %s", said)
		}
		for name, want := range map[string]mat.Matrix{"Q": a.Q, "out": a.Out} {
			half, err := info.Max[name]/254, 0.0
			for at, b := range tensorOf(t, file, name, "U8") {
				got := (float32(b) - 128) / 127 * info.Max[name]
				err = max(err, math.Abs(float64(got-want.Row(at / want.NumCols())[at%want.NumCols()])))
			}
			if err > float64(half)*1.001 {
				t.Errorf("layer %d: %s is wrong by %v, half a shade is %v", n, name, err, half)
			}
			tensorOf(t, read, name, "F16")
		}
	}
}

// tensorOf returns the bytes of a tensor that has to be there.
func tensorOf(t *testing.T, f checkpoint.File, name, dtype string) []byte {
	t.Helper()
	i := slices.IndexFunc(f.Tensors, func(x checkpoint.Tensor) bool { return x.Name == name })
	if i < 0 || f.Tensors[i].DType != dtype {
		t.Fatalf("no %s of %s", dtype, name)
	}
	return f.Tensors[i].Data
}
