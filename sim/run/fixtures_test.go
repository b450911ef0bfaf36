package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
)

// checkNumbers compares a matrix with what another implementation computed.
func checkNumbers(t *testing.T, what string, x mat.Matrix, want [][]float64) {
	t.Helper()
	if x.NumRows() != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, x.NumRows(), len(want))
	}
	for i := range want {
		if x.NumCols() != len(want[i]) {
			t.Fatalf("%s: %d columns, want %d", what, x.NumCols(), len(want[i]))
		}
		for j, v := range want[i] {
			if got := float64(x.At(i, j)); !(math.Abs(got-v) <= 1e-4*(1+math.Abs(v))) {
				t.Fatalf("%s: number %d of row %d is %v, want %v", what, j, i, got, v)
			}
		}
	}
}

// TestFamilies: small models with random weights of every family and file format,
// layer by layer against an independent float64 numpy forward pass
// (notebooks/fixtures/families.py).
func TestFamilies(t *testing.T) {
	const folder = "testdata/families"
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 7 {
		t.Fatal(len(entries), err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			files := os.DirFS(folder + "/" + e.Name())
			var want struct {
				Prompt, Greedy []int
				Layers         []struct{ K, V, Out [][]float64 }
				Logits         []float64
			}
			data, err := fs.ReadFile(files, "expect.json")
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &want); err != nil || len(want.Layers) == 0 {
				t.Fatal(err)
			}
			m, err := library.OpenFolder(e.Name(), files, nil)
			if err != nil {
				t.Fatal(err)
			}
			c := *m.Model
			c.Config.EOS, m.Model, m.Ends = -1, &c, nil // numpy goes on
			var greedy []int
			for _, s := range collect(t, m, recipe.Complete(sim.Recipe{Tokens: want.Prompt, MaxNew: len(want.Greedy)})) {
				if !s.Identical {
					t.Errorf("step %d: lanes differ at %s", s.N, s.Differs)
				}
				switch {
				case s.Part == sim.HeadPart:
					if greedy = append(greedy, s.Token); s.Pass == 0 {
						checkNumbers(t, "logits", mat.RowOf(s.Logits()), [][]float64{want.Logits})
					}
				case s.Pass == 0:
					l := want.Layers[s.Layer]
					checkNumbers(t, fmt.Sprintf("layer %d K", s.Layer), m.Model.K(&s, 0, s.Rows), l.K)
					checkNumbers(t, fmt.Sprintf("layer %d V", s.Layer), m.Model.V(&s, 0, s.Rows), l.V)
					checkNumbers(t, fmt.Sprintf("layer %d out", s.Layer), s.Out, l.Out)
				}
			}
			if !slices.Equal(greedy, want.Greedy) {
				t.Errorf("greedy ids %v, want %v", greedy, want.Greedy)
			}
		})
	}
}

// deterministic is number i of tensor n of golden/gpt2.json's made-up weights.
func deterministic(n, i int, scale float64) float32 {
	x := uint64(i) + uint64(n)*0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	x ^= x >> 31
	return float32((float64(x>>40)/(1<<24)*2 - 1) * scale)
}

type goldenGPT2 struct {
	Config struct {
		Dim       int `json:"n_embd"`
		Heads     int `json:"n_head"`
		Layers    int `json:"n_layer"`
		Vocab     int `json:"vocab"`
		Positions int `json:"n_positions"`
	}
	Tensors []json.RawMessage
	IDs     []int
	Top     [][2]float64 `json:"last_logits_top10"`
	Sum     float64      `json:"logits_sum"`
	K, V    []struct{ Sum, SumSq float64 }
	Greedy  []int `json:"greedy_ids"`
}

// folderOf is a model's folder in memory.
func folderOf(t *testing.T, config map[string]any, tensors []checkpoint.Tensor) fstest.MapFS {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"config.json":       {Data: text},
		"model.safetensors": {Data: checkpoint.AppendSafetensors(nil, checkpoint.File{Tensors: tensors})},
	}
}

// TestGPT2Golden compares with an independent GPT-2 on weights that anyone can
// compute again.
func TestGPT2Golden(t *testing.T) {
	var file struct {
		Det goldenGPT2 `json:"gpt2_det"`
	}
	if err := json.Unmarshal(readShared(t, "golden/gpt2.json"), &file); err != nil {
		t.Fatal(err)
	}
	g := file.Det
	for _, prefix := range []string{"transformer.", ""} {
		var tensors []checkpoint.Tensor
		for n, raw := range g.Tensors {
			var name string
			var shape []int
			var scale float64
			if err := json.Unmarshal(raw, &[]any{&name, &shape, &scale}); err != nil {
				t.Fatal(err)
			}
			size := 1
			for _, d := range shape {
				size *= d
			}
			x := make([]float32, size)
			for i := range x {
				x[i] = deterministic(n+1, i, scale)
			}
			tensors = append(tensors, checkpoint.Tensor{Name: prefix + name, DType: "F32", Shape: shape, Data: mat.AppendF32(nil, x)})
		}
		m, err := library.OpenFolder("det", folderOf(t, map[string]any{
			"model_type": "gpt2", "n_embd": g.Config.Dim, "n_head": g.Config.Heads, "n_layer": g.Config.Layers,
			"vocab_size": g.Config.Vocab, "n_positions": g.Config.Positions, "layer_norm_epsilon": 1e-5,
		}, tensors), nil)
		if err != nil {
			t.Fatal(err)
		}
		var greedy []int
		for _, s := range collect(t, m, recipe.Complete(sim.Recipe{Tokens: g.IDs, MaxNew: len(g.Greedy)})) {
			switch {
			case !s.Identical:
				t.Errorf("step %d: lanes differ at %s", s.N, s.Differs)
			case s.Part == sim.HeadPart:
				if greedy = append(greedy, s.Token); s.Pass == 0 {
					checkTop(t, goldenCase{Top: g.Top}, s.Top())
				}
			case s.Pass == 0:
				if s.Layer == g.Config.Layers-1 {
					checkSum(t, m, s.Out, g.Sum)
				}
				for _, x := range []struct {
					name string
					have mat.Matrix
					want struct{ Sum, SumSq float64 }
				}{{"K", m.Model.K(&s, 0, s.Rows), g.K[s.Layer]}, {"V", m.Model.V(&s, 0, s.Rows), g.V[s.Layer]}} {
					sum, sumsq := 0.0, 0.0
					for i := range x.have.NumRows() {
						for _, v := range x.have.Row(i) {
							sum, sumsq = sum+float64(v), sumsq+float64(v)*float64(v)
						}
					}
					if math.Abs(sum-x.want.Sum) > 1e-4 || math.Abs(sumsq-x.want.SumSq) > 1e-4 {
						t.Errorf("layer %d %s: sums %v %v, want %v", s.Layer, x.name, sum, sumsq, x.want)
					}
				}
			}
		}
		if !slices.Equal(greedy, g.Greedy) {
			t.Errorf("greedy ids\n%v, want\n%v", greedy, g.Greedy)
		}
	}
}

// checkSum compares the sum of the logits of every row, not of the last one alone.
func checkSum(t *testing.T, m *library.Loaded, out mat.Matrix, want float64) {
	t.Helper()
	n := out.NumRows()
	rows, logits := make([]int, n), mat.New(n, m.Model.Config.Vocab)
	for i := range rows {
		rows[i] = i
	}
	m.Model.Unembed(logits, mat.New(n, m.Model.Config.Dim), out, rows...)
	sum := 0.0
	for i := range n {
		for _, v := range logits.Row(i) {
			sum += float64(v)
		}
	}
	if math.Abs(sum-want) > 1e-3 {
		t.Errorf("sum of the logits %v, want %v", sum, want)
	}
}

// halves orders the rows of each head as Hugging Face does: first the first element
// of every pair, then the second ones.
func halves(x mat.Matrix, heads int) []float32 {
	var out []float32
	hd := x.NumRows() / heads
	for h := range heads {
		for second := range 2 {
			for i := range hd / 2 {
				out = append(out, x.Row(h*hd+2*i+second)...)
			}
		}
	}
	return out
}

// TestStories260KAsHF: the same model from a folder in Hugging Face's layout gives
// the golden logits and ids; K differs by the order of its elements only.
func TestStories260KAsHF(t *testing.T) {
	was := stories(t)
	var layout struct{ Config map[string]any }
	if err := json.Unmarshal(readShared(t, "golden/stories260K_hf_layout.json"), &layout); err != nil {
		t.Fatal(err)
	}
	var golden struct{ Cases []goldenCase }
	if err := json.Unmarshal(readShared(t, "golden/stories260K.json"), &golden); err != nil {
		t.Fatal(err)
	}
	m, err := library.OpenFolder("stories260K", folderOf(t, layout.Config, hfTensors(was.Model.Config, was.Model.Weights)), nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Tokenizer = was.Tokenizer
	for _, g := range golden.Cases {
		r := recipe.Complete(sim.Recipe{Tokens: g.IDs, MaxNew: len(g.GreedyIDs)})
		var ids []int
		for _, s := range collect(t, m, r) {
			if s.Part == sim.HeadPart {
				if ids = append(ids, s.Token); s.Pass == 0 {
					checkTop(t, g, s.Top())
				}
			} else if s.Pass == 0 {
				checkRows(t, g.Prompt+" V", m.Model.V(&s, 0, s.Rows), g.Layers[s.Layer].V)
				k := g.Layers[s.Layer].K
				k.First8, k.Last4 = nil, nil // in another order
				checkRows(t, g.Prompt+" K", m.Model.K(&s, 0, s.Rows), k)
			}
		}
		if !slices.Equal(ids, g.GreedyIDs) {
			t.Errorf("%q: greedy ids\n%v, want\n%v", g.Prompt, ids, g.GreedyIDs)
		}
	}
}

// hfTensors are the weights of a tied llama2.c model by Hugging Face's names.
func hfTensors(c sim.Config, w sim.Weights) []checkpoint.Tensor {
	var list []checkpoint.Tensor
	add := func(name string, x []float32, shape ...int) {
		list = append(list, checkpoint.Tensor{Name: name, DType: "F32", Shape: shape, Data: mat.AppendF32(nil, x)})
	}
	flat := func(x mat.Matrix) []float32 {
		var out []float32
		for i := range x.NumRows() {
			out = append(out, x.Row(i)...)
		}
		return out
	}
	matrix := func(name string, x mat.Matrix) { add(name, flat(x), x.NumRows(), x.NumCols()) }
	matrix("model.embed_tokens.weight", w.Embed)
	for i, l := range w.Layers {
		in := func(name string) string { return fmt.Sprintf("model.layers.%d.%s.weight", i, name) }
		add(in("input_layernorm"), l.AttnNorm, c.Dim)
		add(in("self_attn.q_proj"), halves(l.Q, c.Heads), c.QDim(), c.Dim)
		add(in("self_attn.k_proj"), halves(l.K, c.KVHeads), c.KVDim(), c.Dim)
		matrix(in("self_attn.v_proj"), l.V)
		matrix(in("self_attn.o_proj"), l.O)
		add(in("post_attention_layernorm"), l.MLPNorm, c.Dim)
		matrix(in("mlp.gate_proj"), l.Gate)
		matrix(in("mlp.up_proj"), l.Up)
		matrix(in("mlp.down_proj"), l.Down)
	}
	add("model.norm.weight", w.FinalNorm, c.Dim)
	return list
}

// TestEnds: ids that end a text beside the model's own.
func TestEnds(t *testing.T) {
	m, err := library.Open("story-draft")
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Complete(sim.Recipe{Tokens: []int{0}, MaxNew: 4})
	first := collect(t, m, r)
	m.Ends = []int{first[len(m.Model.Weights.Layers)].Token}
	if again := collect(t, m, r); again[len(again)-1].RunFinishReason != sim.FinishEOS || again[len(again)-1].Pass != 0 {
		t.Errorf("an id that ends a text does not: %+v", again[len(again)-1].RunFinishReason)
	}
}

// TestALlama2cFileEndsAsRunC: the token that begins a text ends it too, as run.c's
// "if (next == 1) break" does; without words, and with a file of words that is none, ids run all the same.
func TestALlama2cFileEndsAsRunC(t *testing.T) {
	numbers := make([]float32, 5*4+4+4*16+4+3*8+4+8*2)
	numbers[1*4], numbers[2*4], numbers[3*4] = 5, 1, 1 // of the embedding: after 3 or 2 comes 1, and so ever after
	for i := range 4 {
		numbers[20+i], numbers[20+4+64+i], numbers[20+4+64+4+24+i] = 1, 1, 1 // norms
	}
	var file bytes.Buffer
	for _, n := range []int32{4, 2, 1, 2, 2, 5, 8} {
		_ = binary.Write(&file, binary.LittleEndian, n)
	}
	_ = binary.Write(&file, binary.LittleEndian, numbers)
	for _, words := range [][]byte{nil, []byte("no words")} {
		m, err := library.OpenLlama2c("tiny", file.Bytes(), words)
		if err != nil {
			t.Fatal(err)
		}
		steps := collect(t, m, recipe.Complete(sim.Recipe{Tokens: []int{3}, MaxNew: 4}))
		if last := steps[len(steps)-1]; last.RunFinishReason != sim.FinishEOS || last.Pass != 0 || last.Token != 1 {
			t.Errorf("ends by %q in pass %d with %d", last.RunFinishReason, last.Pass, last.Token)
		}
		if _, err := m.Prepare(recipe.Complete(sim.Recipe{Prompt: "a", MaxNew: 1})); err == nil || (m.Unreadable != nil) != (words != nil) {
			t.Errorf("words %q: %v", words, err)
		}
	}
}

// TestTinyGPT2: a file that transformers saved, against an independent GPT-2. The
// file is not ours to copy: KVSTEP_TINY_GPT2 names a folder that has it (the golden
// numbers say where it comes from) with this config.json: {"model_type": "gpt2",
// "n_embd": 2, "n_layer": 1, "n_head": 1, "n_positions": .., "vocab_size": 21}.
func TestTinyGPT2(t *testing.T) {
	folder := os.Getenv("KVSTEP_TINY_GPT2")
	if folder == "" {
		t.Skip("skipped: KVSTEP_TINY_GPT2 names no folder")
	}
	var file struct {
		Tiny struct {
			SHA256 string
			IDs    []int
			Hidden [][]float64   `json:"final_hidden_after_ln_f"`
			Logits []float64     `json:"last_logits"`
			K0     [][][]float64 `json:"K_layer0"` // [head, position, head_dim]
			V0     [][][]float64 `json:"V_layer0"`
		} `json:"tiny_gpt2"`
	}
	if err := json.Unmarshal(readShared(t, "golden/gpt2.json"), &file); err != nil {
		t.Fatal(err)
	}
	g := file.Tiny
	weights, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(weights)); sum != g.SHA256 {
		t.Fatalf("another file: %s", sum)
	}
	m, err := library.OpenFolder("tiny_gpt2", os.DirFS(folder), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range collect(t, m, recipe.Complete(sim.Recipe{Tokens: g.IDs, MaxNew: 1})) {
		if s.Part == sim.HeadPart {
			checkNumbers(t, "logits", mat.RowOf(s.Logits()), [][]float64{g.Logits})
			continue
		}
		checkNumbers(t, "K", m.Model.K(&s, 0, s.Rows), g.K0[0])
		checkNumbers(t, "V", m.Model.V(&s, 0, s.Rows), g.V0[0])
		checkNumbers(t, "hidden", m.Model.FinalNorm(s.Out), g.Hidden)
	}
}

// TestStories260KAsV1: the trained model in llama2.c's version 1 gives the same bits
// as in version 0.
func TestStories260KAsV1(t *testing.T) {
	v0 := stories(t)
	c, w := v0.Model.Config, v0.Model.Weights
	data := []byte("24ka\x01\x00\x00\x00")
	for _, n := range []int{c.Dim, c.FFN, c.Layers, c.Heads, c.KVHeads, c.Vocab, c.Context} {
		data = binary.LittleEndian.AppendUint32(data, uint32(n))
	}
	data = append(append(data, 1), make([]byte, 256-len(data)-1)...)
	each := func(of func(l sim.LayerWeights) mat.Matrix) {
		for _, l := range w.Layers {
			x := of(l)
			for i := range x.NumRows() {
				data = mat.AppendF32(data, x.Row(i))
			}
		}
	}
	each(func(l sim.LayerWeights) mat.Matrix { return mat.RowOf(l.AttnNorm) })
	each(func(l sim.LayerWeights) mat.Matrix { return mat.RowOf(l.MLPNorm) })
	data = mat.AppendF32(data, w.FinalNorm)
	for i := range c.Vocab {
		data = mat.AppendF32(data, w.Embed.Row(i))
	}
	each(func(l sim.LayerWeights) mat.Matrix { return l.Q })
	each(func(l sim.LayerWeights) mat.Matrix { return l.K })
	each(func(l sim.LayerWeights) mat.Matrix { return l.V })
	each(func(l sim.LayerWeights) mat.Matrix { return l.O })
	each(func(l sim.LayerWeights) mat.Matrix { return l.Gate })
	each(func(l sim.LayerWeights) mat.Matrix { return l.Down })
	each(func(l sim.LayerWeights) mat.Matrix { return l.Up })
	v1, err := library.OpenLlama2c("stories260K", data, readShared(t, "models/tok512.bin"))
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Complete(sim.Recipe{Prompt: "Once upon a time", MaxNew: 12})
	a, b := collect(t, v0, r), collect(t, v1, r)
	if x, y := export.StateHash(v0.Model, &a[len(a)-1]), export.StateHash(v1.Model, &b[len(b)-1]); x != y {
		t.Errorf("%s and %s", x, y)
	}
}
