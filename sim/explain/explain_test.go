package explain

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// ran is a run with everything its layers computed, kept from a second forward
// pass of its own: what explanations are held against.
type ran struct {
	*Run
	steps []sim.Step
	acts  map[int]*model.Acts // by step
	raw   map[int][2]mat.Matrix
	norm3 map[int]mat.Matrix
}

func record(t *testing.T, l *library.Loaded, rec sim.Recipe) *ran {
	t.Helper()
	x := &ran{acts: map[int]*model.Acts{}, raw: map[int][2]mat.Matrix{}, norm3: map[int]mat.Matrix{}}
	for s, err := range run.Steps(context.Background(), l, recipe.Complete(rec), func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		x.steps = append(x.steps, s)
	}
	x.Run = &Run{Model: l.Model, Step: func(n int) *sim.Step {
		if n < 0 || n >= len(x.steps) {
			return nil
		}
		return &x.steps[n]
	}}
	c, m := l.Model.Config, l.Model
	cache, err := kv.New(kv.SpecOf(c, len(x.steps[len(x.steps)-1].Tokens)), recipe.Complete(rec).Cache, kv.NewArena(0))
	if err != nil {
		t.Fatal(err)
	}
	var out mat.Matrix
	for i := range x.steps {
		s := &x.steps[i]
		if s.Part == sim.HeadPart {
			cache.EndPass()
			x.norm3[i] = mat.New(s.Rows, c.Dim)
			m.Unembed(mat.Matrix{}, x.norm3[i], out)
			continue
		}
		a := model.NewActs(c, s.Rows, s.Cached+s.Rows)
		if s.Layer == 0 {
			if _, err := cache.Reserve(s.Rows); err != nil {
				t.Fatal(err)
			}
			m.Embed(a.X, s.Tokens[s.Cached:], s.Cached)
		} else {
			a.X = out
		}
		m.Layer(s.Layer, a, model.Rows(a.X.NumRows(), s.Cached, cache))
		q, k := mat.New(s.Rows, c.QDim()), mat.New(s.Rows, c.KVDim())
		w := m.Weights.Layers[s.Layer]
		mat.MulT(q, a.Norm1, w.Q)
		mat.MulT(k, a.Norm1, w.K)
		for i := range s.Rows {
			for j, b := range w.QBias {
				q.Row(i)[j] += b
			}
			for j, b := range w.KBias {
				k.Row(i)[j] += b
			}
		}
		x.acts[i], x.raw[i], out = a, [2]mat.Matrix{q, k}, a.Out
	}
	return x
}

// truth is what the forward pass itself held in a cell.
func (x *ran) truth(ref Ref) float32 {
	s, c := &x.steps[ref.Step], x.Model.Config
	a, hd, g := x.acts[ref.Step], c.HeadDim, x.Model.KVHead(ref.Head)
	switch ref.Op {
	case "x":
		return s.X.At(ref.Row, ref.Col)
	case "norm3":
		return x.norm3[ref.Step].At(ref.Row, ref.Col)
	case "logits":
		return s.Logits()[ref.Col]
	case "chances":
		chances := slices.Clone(s.Logits())
		mat.Softmax(chances, chances, nil)
		return chances[ref.Col]
	case "q":
		return x.raw[ref.Step][0].At(ref.Row, ref.Head*hd+ref.Col)
	case "k":
		return x.raw[ref.Step][1].At(ref.Row, g*hd+ref.Col)
	case "qn", "kn":
		w := x.Model.Weights.Layers[s.Layer]
		raw, gain, at := x.raw[ref.Step][0].Row(ref.Row), w.QNorm, ref.Head*hd
		if ref.Op == "kn" {
			raw, gain, at = x.raw[ref.Step][1].Row(ref.Row), w.KNorm, g*hd
		}
		normed := make([]float32, hd)
		mat.RMSNorm(normed, raw[at:at+hd], gain, c.NormEps)
		return normed[ref.Col]
	case "Q":
		return a.Q.At(ref.Row, ref.Head*hd+ref.Col)
	case "k_rope":
		return a.K.At(ref.Row, g*hd+ref.Col)
	case "v":
		return a.V.At(ref.Row, g*hd+ref.Col)
	case "out":
		return a.Attn.At(ref.Row, ref.Head*hd+ref.Col)
	case "K", "V":
		from := map[string]func(l, h int) mat.Matrix{"K": s.KV.Keys, "V": s.KV.Values}[ref.Op]
		return from(s.Layer, g).At(ref.Row, ref.Col)
	case "dots":
		return mat.Dot(a.Q.Row(ref.Row)[ref.Head*hd:][:hd], s.KV.Keys(s.Layer, g).Row(ref.Col))
	case "scores":
		return x.Model.Attention(s, ref.Head).Scores.At(ref.Row, ref.Col)
	case "probs":
		return x.Model.Attention(s, ref.Head).Probs.At(ref.Row, ref.Col)
	case "mask":
		if model.Hidden(s, g, ref.Row, ref.Col) {
			return 0
		}
		return 1
	}
	return map[string]mat.Matrix{"norm1": a.Norm1, "attn": a.Attn, "proj": a.Proj, "mid": a.Mid, "norm2": a.Norm2,
		"gate": a.Gate, "up": a.Up, "act": a.Act, "down": a.Down, "next": a.Out}[ref.Op].At(ref.Row, ref.Col)
}

// text reads a number back from what is shown.
func text(t *testing.T, shown string) float32 {
	t.Helper()
	v, err := strconv.ParseFloat(shown, 32)
	if err != nil {
		t.Fatal(err)
	}
	return float32(v)
}

// evaluate does what an explanation shows, from its decimal texts alone: the sum
// of the terms' operands in lanes and a tree, then every operation, with the
// values of earlier results taken from here, not from the explanation.
func evaluate(t *testing.T, e *Explanation) float32 {
	t.Helper()
	value := float32(math.NaN())
	results := map[string]float32{}
	terms := func() {
		if e.Sum == nil {
			return
		}
		var lane [16]float32
		for i, term := range e.Sum.Terms {
			a, b := text(t, Number(term.A).String()), text(t, Number(term.B).String())
			var made float32
			switch e.Sum.Fn {
			case "mul":
				made = float32(a * b)
			case "square":
				if b != a-results["mean"] {
					t.Fatalf("%v: term %d is %v - mean = %v", e.Ref, i, a, b)
				}
				made = float32(b * b)
			case "exp":
				if b != a-results["max"] {
					t.Fatalf("%v: term %d is %v - max = %v", e.Ref, i, a, b)
				}
				made = mat.Exp(b)
			}
			lane[i%16] += made
			if made != term.T || lane[i%16] != term.Lane {
				t.Fatalf("%v: term %d makes %v, lane %v; shown %+v", e.Ref, i, made, lane[i%16], term)
			}
		}
		for half := 8; half > 0; half /= 2 {
			for l := range half {
				lane[l] += lane[l+half]
			}
		}
		value = lane[0]
		results["sum"] = value
	}
	if e.Kind != Softmax && e.Kind != Centred {
		terms()
	}
	for _, c := range e.Calc {
		var in []float32
		for _, arg := range c.Args {
			v := text(t, arg.Value.String())
			if before, ok := results[arg.Name]; ok && math.Float32bits(before) != math.Float32bits(v) {
				t.Fatalf("%v: %s is %v, but %s made %v", e.Ref, arg.Name, v, arg.Name, before)
			}
			in = append(in, v)
		}
		switch c.Fn {
		case "add":
			value = in[0] + in[1]
		case "sub":
			value = in[0] - in[1]
		case "mul":
			value = float32(in[0] * in[1])
		case "div":
			value = in[0] / in[1]
		case "neg":
			value = -in[0]
		case "copy":
			value = in[0]
		case "sqrt":
			value = float32(math.Sqrt(float64(in[0])))
		case "exp":
			value = mat.Exp(in[0])
		case "code":
			value = float32(min(max(math.RoundToEven(float64(in[0])), 0), float64(in[1])))
		case "sees":
			value = map[bool]float32{true: 1}[in[0] <= in[1]]
		case "mean":
			var all []float32
			for _, term := range e.Sum.Terms {
				all = append(all, term.A)
			}
			value = mat.Sum(all, nil) / float32(len(all))
		case "max":
			value = float32(math.Inf(-1))
			for _, term := range e.Sum.Terms {
				value = max(value, term.A)
			}
		default:
			t.Fatalf("%v: no function %s", e.Ref, c.Fn)
		}
		results[c.Name] = value
		if c.Fn == "max" || c.Fn == "mean" {
			terms()
		}
	}
	return value
}

// walk explains cells of every op of a step and counts them: all of them, or
// every stride-th.
func (x *ran) walk(t *testing.T, n, stride int) (cells int) {
	t.Helper()
	s := &x.steps[n]
	for i := range Ops {
		op := &Ops[i]
		if op.Constant() || op.Part != s.Part && op.ID != "x" || !x.hasOp(op) {
			continue
		}
		heads := 1
		if op.Share != whole {
			heads = x.Model.Config.Heads
		}
		rows, cols := x.Shape(s, op)
		for cell := 0; cell < heads*rows*cols; cell += stride {
			ref := Ref{n, op.ID, cell / (rows * cols), cell / cols % rows, cell % cols, ""}
			x.check(t, ref)
			cells++
		}
	}
	return cells
}

func (x *ran) check(t *testing.T, ref Ref) {
	t.Helper()
	e, ok := x.Cell(ref)
	if !ok {
		t.Fatalf("%+v is not explained", ref)
	}
	want := x.truth(ref)
	if math.Float32bits(float32(e.Value)) != math.Float32bits(want) {
		t.Fatalf("%+v: value %v, the forward pass had %v", ref, e.Value, want)
	}
	if got := evaluate(t, e); math.Float32bits(got) != math.Float32bits(want) {
		t.Fatalf("%+v (%s): what is shown gives %v, the forward pass had %v", ref, e.Kind, got, want)
	}
	if !e.Exact {
		t.Fatalf("%+v: not exact by its own account", ref)
	}
	// Every cell that was read exists, and holds what the terms and operands say.
	for i, l := range e.Reads {
		for k := range max(l.N, 1) {
			at := l.Ref
			switch l.Along {
			case "row":
				at.Col += k
			case "col":
				at.Row += k
			}
			_, op, ok := x.has(at)
			if !ok {
				t.Fatalf("%+v reads %+v, which no step has", ref, at)
			}
			v := x.Run.at(at)
			if !op.Constant() && math.Float32bits(v) != math.Float32bits(x.truth(at)) {
				t.Fatalf("%+v reads %+v: %v, the forward pass had %v", ref, at, v, x.truth(at))
			}
			if e.Kind == Softmax && x.Masked(at) { // evicted: it takes part as -Inf
				v = float32(math.Inf(-1))
			}
			if e.Sum != nil && l.N > 0 && e.Sum.N == l.N {
				if term := e.Sum.Terms[k]; v != [2]float32{term.A, term.B}[min(i, 1)] && (e.Kind != Centred || i == 0) {
					t.Fatalf("%+v: term %d %+v, but read %d holds %v", ref, k, term, i, v)
				}
			}
		}
	}
	for _, c := range e.Calc {
		for _, arg := range c.Args {
			if arg.Ref != nil && x.Run.at(*arg.Ref) != float32(arg.Value) {
				t.Fatalf("%+v: operand %+v is not %v", ref, *arg.Ref, arg.Value)
			}
		}
	}
}

func random(t *testing.T, seed uint64, change func(*sim.Config)) *library.Loaded {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	c := modeltest.Config(r)
	c.Dim, c.Heads, c.HeadDim, c.FFN, c.NoPE = 20, 4, 6, 23, false
	change(&c)
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	return &library.Loaded{Name: "random", Model: m}
}

// TestEveryCellOfEveryOp: of every layer of prefill and decode, in models with
// MHA, GQA and MQA (and, every seventh cell, under every cache policy and in
// every family), with either pairing of RoPE and without it, every cell's
// shown arithmetic gives the number of the forward pass, bit for bit.
func TestEveryCellOfEveryOp(t *testing.T) {
	paper, err := library.Open("paper")
	if err != nil {
		t.Fatal(err)
	}
	ids := []int{1, 4, 2, 6, 2}
	for name, c := range map[string]struct {
		m   *library.Loaded
		rec sim.Recipe
	}{
		"MHA":         {random(t, 1, func(c *sim.Config) { c.KVHeads, c.RopeInterleaved = 4, false }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"GQA":         {random(t, 2, func(c *sim.Config) { c.KVHeads, c.RopeInterleaved = 2, false }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"MQA":         {random(t, 3, func(c *sim.Config) { c.KVHeads, c.RopeInterleaved = 1, false }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"interleaved": {random(t, 4, func(c *sim.Config) { c.KVHeads, c.RopeInterleaved = 2, true }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"long":        {random(t, 5, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 1 }), sim.Recipe{Tokens: append(make([]int, 20), ids...), MaxNew: 2}},
		"paged":       {random(t, 6, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 3, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 3}}},
		"window":      {random(t, 7, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 4, Cache: sim.CachePolicy{Kind: sim.CacheWindow, Window: 3, Sinks: 1}}},
		"h2o":         {random(t, 8, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 4, Cache: sim.CachePolicy{Kind: sim.CacheH2O, Window: 2, Heavy: 2}}},
		"int8":        {random(t, 9, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 3, Cache: sim.CachePolicy{Kind: sim.CacheInt8, Group: 3}}},
		"int4":        {random(t, 10, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 4, Cache: sim.CachePolicy{Kind: sim.CacheInt4, Axis: "channel", Group: 3}}},
		"qwen2":       {random(t, 14, func(c *sim.Config) { c.Family, c.KVHeads, c.Layers = "qwen2", 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"qwen3":       {random(t, 15, func(c *sim.Config) { c.Family, c.KVHeads, c.Layers = "qwen3", 2, 2 }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"gpt2":        {random(t, 16, func(c *sim.Config) { c.Family, c.KVHeads, c.Layers, c.NoPE = "gpt2", 4, 2, true }), sim.Recipe{Tokens: ids, MaxNew: 3}},
		"paper":       {paper, sim.Recipe{Prompt: paper.Default("en").Prompt, MaxNew: 6}},
	} {
		t.Run(name, func(t *testing.T) {
			x, cells, stride := record(t, c.m, c.rec), 0, 7 // a prime reaches every op, row and column somewhere
			if slices.Contains([]string{"MHA", "GQA", "MQA", "paper"}, name) {
				stride = 1
			}
			for n := range x.steps {
				cells += x.walk(t, n, stride)
			}
			t.Logf("%d cells of %d steps", cells, len(x.steps))
		})
	}
}

// TestStoryCells: the same in the model that the page starts with, for a prefill
// and a decode pass of every layer; a prime stride reaches every op, row and
// column somewhere.
func TestStoryCells(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	x := record(t, m, sim.Recipe{Prompt: "Tom has a red ball.", MaxNew: 3})
	layers, cells := m.Model.Config.Layers, 0
	for n := range 2 * (layers + 1) {
		cells += x.walk(t, n, 13)
	}
	t.Logf("%d cells", cells)
}

// TestBackToTheBeginning: from any cell of the logits, following operands ends at
// weights, tables and the embedding of a token, through the steps that stored
// what the cache held.
func TestBackToTheBeginning(t *testing.T) {
	x := record(t, random(t, 9, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 3 }), sim.Recipe{Tokens: []int{3, 1, 4, 1, 5}, MaxNew: 4})
	r := rand.New(rand.NewPCG(1, 1))
	ends := map[string]int{}
	passes := map[int]bool{}
	for range 500 {
		at := Ref{Step: len(x.steps) - 1, Op: "logits", Col: r.IntN(x.Model.Config.Vocab)}
		for hops := 0; ; hops++ {
			if hops > 12*x.Model.Config.Layers {
				t.Fatalf("still going at %+v", at)
			}
			e, ok := x.Cell(at)
			if !ok {
				t.Fatalf("%+v is not explained", at)
			}
			passes[x.steps[at.Step].Pass] = true
			if len(e.Reads) == 0 {
				ends[e.Op]++
				break
			}
			l := e.Reads[r.IntN(len(e.Reads))]
			at = l.Ref
			if k := r.IntN(max(l.N, 1)); l.Along == "row" {
				at.Col += k
			} else {
				at.Row += k
			}
		}
	}
	for _, want := range []string{"embed", "w_q", "w_k", "w_v", "w_o", "w_gate", "w_down", "w_norm1", "w_norm3", "w_head", "cos"} {
		if ends[want] == 0 {
			t.Errorf("no walk ended at %s: %v", want, ends)
		}
	}
	if len(passes) != 4 {
		t.Errorf("the walks came through passes %v only", passes)
	}
}

// TestStoredNamesTheStep: a cached row leads to the step that computed it.
func TestStoredNamesTheStep(t *testing.T) {
	x := record(t, random(t, 11, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), sim.Recipe{Tokens: []int{3, 1, 4}, MaxNew: 4})
	last := len(x.steps) - 2 // layer 1 of the last pass
	for p := range x.steps[last].Cached + 1 {
		e, ok := x.Cell(Ref{Step: last, Op: "K", Row: p})
		if !ok {
			t.Fatal(p)
		}
		stored := x.steps[e.Reads[0].Step]
		if wantPass := max(0, p-2); stored.Pass != wantPass || stored.Layer != 1 || stored.Cached+e.Reads[0].Row != p {
			t.Errorf("position %d: pass %d layer %d row %d", p, stored.Pass, stored.Layer, e.Reads[0].Row)
		}
	}
}

// TestWhatDoesNotExist: refs from outside are refused, never followed.
func TestWhatDoesNotExist(t *testing.T) {
	l := random(t, 12, func(c *sim.Config) { c.KVHeads, c.NoPE = 2, true })
	x := record(t, l, sim.Recipe{Tokens: []int{3, 1, 4}, MaxNew: 2})
	c := l.Model.Config
	head := c.Layers
	for _, ref := range []Ref{
		{-1, "x", 0, 0, 0, ""}, {99, "x", 0, 0, 0, ""}, {0, "", 0, 0, 0, ""}, {0, "logits", 0, 0, 0, ""}, {head, "norm1", 0, 0, 0, ""}, {head, "w_q", 0, 0, 0, ""},
		{0, "x", 0, 3, 0, ""}, {0, "x", 0, 0, c.Dim, ""}, {0, "x", 0, -1, 0, ""}, {0, "x", 0, 0, -1, ""}, {0, "q", c.Heads, 0, 0, ""}, {0, "q", -1, 0, 0, ""},
		{0, "cos", 0, 0, 0, ""}, {0, "w_norm3", 0, 0, 0, ""}, {0, "embed", 0, c.Vocab, 0, ""}, {head, "logits", 0, 1, 0, ""}, {0, "K", 0, 3, 0, ""},
	} {
		if e, ok := x.Cell(ref); ok {
			t.Errorf("%+v is explained: %+v", ref, e)
		}
	}
	_, ok := x.Tensor(0, "logits", 0)
	if ok {
		t.Error("a layer has no logits")
	}
}

// TestTensorIsItsCells: the picture of an op holds the numbers that its cells explain.
func TestTensorIsItsCells(t *testing.T) {
	x := record(t, random(t, 13, func(c *sim.Config) { c.KVHeads = 2 }), sim.Recipe{Tokens: []int{3, 1, 4, 1}, MaxNew: 2})
	for n := range x.steps {
		for i := range Ops {
			for head := range x.Model.Config.Heads {
				m, ok := x.Tensor(n, Ops[i].ID, head)
				if !ok || Ops[i].Constant() {
					continue
				}
				for row := range m.NumRows() {
					for col := range m.NumCols() {
						if v, want := m.At(row, col), x.truth(Ref{n, Ops[i].ID, head, row, col, ""}); v != want {
							t.Fatalf("step %d %s [%d %d]: %v, want %v", n, Ops[i].ID, row, col, v, want)
						}
					}
				}
			}
		}
	}
}

func ExampleNumber() {
	fmt.Println(Number(0.1), Number(1.0/3), Number(1e-30), Number(math.Inf(-1)))
	// Output: 0.1 0.33333334 1e-30 -Inf
}

func BenchmarkCell(b *testing.B) {
	m, err := library.Open("story")
	if err != nil {
		b.Fatal(err)
	}
	var steps []sim.Step
	for s := range run.Steps(context.Background(), m, recipe.Complete(sim.Recipe{Prompt: "Sam gave a green book to Rosa. Rosa gave the book to Leo.", MaxNew: 4}), func() float64 { return 0 }) {
		steps = append(steps, s)
	}
	at := func(n int) *sim.Step { return &steps[n] }
	for _, op := range []string{"scores", "probs", "down", "next"} {
		b.Run(op, func(b *testing.B) {
			for b.Loop() {
				r := &Run{Model: m.Model, Step: at} // nothing remembered
				if _, ok := r.Cell(Ref{Step: 20, Op: op}); !ok {
					b.Fatal("not explained")
				}
			}
		})
	}
}

// FuzzCell: whatever a viewer asks for is explained exactly or refused.
func FuzzCell(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 5))
	c := modeltest.Config(r)
	c.Layers, c.Heads, c.KVHeads, c.NoPE = 2, 4, 2, false
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		f.Fatal(err)
	}
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), &library.Loaded{Name: "random", Model: m}, recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3}, MaxNew: 3}), func() float64 { return 0 }) {
		if err != nil {
			f.Fatal(err)
		}
		steps = append(steps, s)
	}
	x := &Run{Model: m, Step: func(n int) *sim.Step {
		if n < 0 || n >= len(steps) {
			return nil
		}
		return &steps[n]
	}, Whole: func(s *sim.Step) (*sim.Step, []int) {
		again, err := run.NewWhole(m, s.Tokens)
		if err != nil {
			f.Fatal(err)
		}
		whole := *s
		whole.Cached, whole.Rows = 0, len(s.Tokens)
		if s.Part == sim.HeadPart {
			_, whole.X, _ = again.Layer(c.Layers - 1)
			whole.Output = nil
			return &whole, nil
		}
		whole.X, whole.Out, whole.KV = again.Layer(s.Layer)
		return &whole, nil
	}}
	for i, op := range Ops {
		f.Add(i%9, op.ID, i%5, i%4, i%7, "")
		f.Add(i%9, op.ID, i%5, i%4, i%7, "uncached")
	}
	f.Fuzz(func(t *testing.T, step int, op string, head, row, col int, lane string) {
		ref := Ref{step, op, head, row, col, Lane(lane)}
		e, ok := x.Cell(ref)
		v, there := x.Value(ref)
		if ok != there {
			t.Fatalf("%+v: explained %v, there %v", ref, ok, there)
		}
		if ok && (!e.Exact || float32(e.Value) != v && v == v) {
			t.Fatalf("%+v: %v, exact %v, but it holds %v", ref, e.Value, e.Exact, v)
		}
	})
}

// TestEvictedSaysWhen: what the cache has no more names the step whose token took the place, in K and V and in every
// pair of a query that came after it, and nothing else does.
func TestEvictedSaysWhen(t *testing.T) {
	rec := sim.Recipe{Tokens: []int{3, 1, 4, 1, 5}, MaxNew: 4, Cache: sim.CachePolicy{Kind: sim.CacheWindow, Window: 3, Sinks: 1}}
	x := record(t, random(t, 17, func(c *sim.Config) { c.KVHeads, c.Layers = 2, 2 }), rec)
	found := 0
	for n := range x.steps {
		s := &x.steps[n]
		for _, op := range []string{"K", "V", "k_rope", "dots", "scores", "mask", "probs", "out", "norm3"} {
			rows, cols := x.Shape(s, Find(op))
			for cell := range rows * cols {
				ref := Ref{Step: n, Op: op, Row: cell / cols, Col: cell % cols}
				e, ok := x.Cell(ref)
				if !ok {
					continue
				}
				position, query := ref.Row, s.Cached+s.Rows-1
				if Find(op).Pairs() {
					position, query = ref.Col, s.Cached+ref.Row
				}
				by := position + 3 // sinks stay, and of the others the newest two beside the new one
				gone := (Find(op).Pairs() || op == "K" || op == "V") && position >= 1 && by <= query
				if gone != (e.Evicted != nil) {
					t.Fatalf("%+v: evicted in %v", ref, e.Evicted)
				}
				if !gone {
					continue
				}
				found++
				if w := x.steps[*e.Evicted]; w.Layer != s.Layer || by < w.Cached || by >= w.Cached+w.Rows {
					t.Errorf("%+v: evicted in step %d, which has no token %d", ref, *e.Evicted, by)
				}
			}
		}
	}
	if found == 0 {
		t.Error("nothing was evicted")
	}
}
