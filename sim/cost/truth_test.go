package cost

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"kvstep/sim"
)

// truth reads one of the files of numbers that were worked out elsewhere.
func truth(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../../../shared/truth/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("shared/truth/%s is not beside this checkout: nothing to compare with", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// published is a row of models.json.
type published struct {
	Name     string `json:"name"`
	Arch     string `json:"arch"`
	Layers   int    `json:"n_layer"`
	Dim      int    `json:"d_model"`
	Heads    int    `json:"n_head"`
	KVHeads  int    `json:"n_kv_head"`
	HeadDim  int    `json:"head_dim"`
	FFN      int    `json:"ffn"`
	Vocab    int    `json:"vocab"`
	Tied     bool   `json:"tied_head"`
	Params   int64  `json:"params_total"`
	KV16     int64  `json:"kv_bytes_per_token_fp16"`
	KV32     int64  `json:"kv_bytes_per_token_fp32"`
	KVAt4096 int64  `json:"kv_fp16_bytes_at_4096"`
	Bytes16  int64  `json:"weights_fp16_bytes"`
	Context  int    `json:"max_context"`
	QKVBias  bool   `json:"qkv_bias"`
	QKNorm   bool   `json:"qk_norm"`
	Experts  int    `json:"n_expert"`
	Stated   int64  `json:"published_params_total"`
}

func (p published) config() sim.Config {
	family := map[bool]string{true: "gpt2", false: "llama"}[p.Arch == "gpt2"]
	if p.QKVBias {
		family = "qwen2"
	}
	if p.QKNorm {
		family = "qwen3"
	}
	return sim.Config{
		Family: family, Dim: p.Dim, Layers: p.Layers, Heads: p.Heads, KVHeads: p.KVHeads, HeadDim: p.HeadDim,
		FFN: p.FFN, Vocab: p.Vocab, Tied: p.Tied, Context: max(p.Context, 1),
	}
}

func models(t *testing.T) map[string]published {
	t.Helper()
	var file struct{ Models []published }
	truth(t, "models.json", &file)
	all := map[string]published{}
	for _, m := range file.Models {
		all[m.Name] = m
	}
	return all
}

// shapeOf is a published model in float16, as the truth files have it.
func shapeOf(t *testing.T, all map[string]published, name string) Shape {
	t.Helper()
	m, ok := all[name]
	if !ok {
		t.Fatalf("models.json has no %s", name)
	}
	c := m.config()
	if err := Check(c); err != nil {
		t.Fatal(err)
	}
	return Shape{c, 2}
}

func matmul(c sim.Counters) int64 { return Headline(c, Default()) }

func want(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func TestFlopsTable(t *testing.T) {
	all := models(t)
	var file struct{ Rows []map[string]any }
	truth(t, "flops.json", &file)
	compared := 0
	for _, row := range file.Rows {
		name, n := row["model"].(string), int(row["n"].(float64))
		s := shapeOf(t, all, name)
		check := func(key string, got int64) {
			t.Helper()
			compared++
			want(t, name+" "+key, got, int64(row[key].(float64)))
		}
		for _, pairs := range []string{"dense", "allowed"} {
			for _, logits := range []string{"all", "last"} {
				c := s.Pass(n, 0, Switches{Unit: "flop", Pairs: pairs, Logits: logits})
				check("prefill_"+pairs+"_"+logits+"_matmul", matmul(c))
				check("prefill_"+pairs+"_"+logits+"_elementwise", c.Elementwise)
			}
		}
		c := s.Pass(1, n-1, Default())
		check("decode_cached_matmul", matmul(c))
		check("decode_cached_elementwise", c.Elementwise)
		check("kv_bytes_fp16_after", c.KVBytes)
		check("kv_read_bytes_fp16_this_step", c.KVReadBytes)
		check("kv_write_bytes_fp16_this_step", c.KVWriteBytes)
		parts := row["decode_cached_breakdown"].(map[string]any)
		for key, got := range map[string]int64{
			"m.qkv": c.Flops.QKV, "m.scores": c.Flops.Scores, "m.av": c.Flops.AV,
			"m.proj": c.Flops.Out, "m.mlp": c.Flops.MLP, "m.head": c.Flops.Head,
		} {
			compared++
			want(t, name+" "+key, got, int64(parts[key].(float64)))
		}
	}
	t.Logf("%d rows, %d equalities", len(file.Rows), compared)
}

func TestGenerationTable(t *testing.T) {
	all := models(t)
	var file struct {
		Rows []struct {
			Model             string
			Prompt, Generated int
			Pairs, Logits     string
			Uncached          int64 `json:"uncached_matmul"`
			Cached            int64 `json:"cached_matmul"`
			Ratio             float64
			Tokens            int64 `json:"cache_tokens_at_end"`
			Bytes             int64 `json:"kv_bytes_fp16_at_end"`
		}
	}
	truth(t, "generation.json", &file)
	for _, row := range file.Rows {
		s := shapeOf(t, all, row.Model)
		g, err := s.Generate(row.Prompt, row.Generated, Switches{"flop", row.Pairs, row.Logits, "matmul"})
		if err != nil {
			t.Fatal(err)
		}
		cached, uncached := g.Total[sim.Cached], g.Total[sim.Uncached]
		want(t, row.Model+" uncached", matmul(uncached), row.Uncached)
		want(t, row.Model+" cached", matmul(cached), row.Cached)
		want(t, row.Model+" cache tokens", g.CacheTokens, row.Tokens)
		want(t, row.Model+" KV tokens", cached.KVTokens, row.Tokens)
		want(t, row.Model+" KV bytes", cached.KVBytes, row.Bytes)
		ratio := float64(matmul(uncached)) / float64(matmul(cached))
		if math.Abs(ratio-row.Ratio) > 6e-5 {
			t.Errorf("%s: ratio %.4f, want %.4f", row.Model, ratio, row.Ratio)
		}
	}
	t.Logf("%d rows, %d equalities", len(file.Rows), 6*len(file.Rows))
}

// TestModelsTable covers the dense models. Left for later, because Config
// cannot say it yet: experts, latent attention (mla), the four norms a layer
// of Gemma 2 and 3; and OPT and GPT-3, whose rows give K and V only.
func TestModelsTable(t *testing.T) {
	fourNorms := map[string]bool{
		"Gemma-2-2b": true, "Gemma-2-9b": true, "Gemma-2-27b": true,
		"Gemma-3-1b-it": true, "Gemma-3-4b-it": true, "Gemma-3-12b-it": true, "Gemma-3-27b-it": true,
	}
	cacheOnly := map[string]bool{"OPT-13B": true, "OPT-30B": true, "GPT-3-175B": true}
	kv, params, stated := 0, 0, 0
	all := models(t)
	for name, m := range all {
		if m.Arch == "mla" {
			continue
		}
		c := m.config()
		want(t, name+" KV bytes per token, fp16", KVBytesPerToken(c, 2), m.KV16)
		want(t, name+" KV bytes per token, fp32", KVBytesPerToken(c, 4), m.KV32)
		want(t, name+" KV bytes at 4096", Shape{c, 2}.Pass(4096, 0, Default()).KVBytes, m.KVAt4096)
		kv++
		if m.Experts > 0 || fourNorms[name] || cacheOnly[name] {
			continue
		}
		want(t, name+" parameters", Params(c), m.Params)
		want(t, name+" bytes", WeightBytes(c, 2), m.Bytes16)
		params++
		if m.Stated > 0 {
			want(t, name+" published parameters", Params(c), m.Stated)
			stated++
		}
	}
	t.Logf("of %d models: K and V of %d, parameters of %d, published totals of %d", len(all), kv, params, stated)
}

func TestPresets(t *testing.T) {
	for _, name := range Presets() { // without the truth files too
		c, err := Preset(name)
		if err == nil {
			err = Check(c)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Preset("gpt5"); err == nil {
		t.Error("gpt5 is not known")
	}
	all := models(t)
	for _, name := range Presets() {
		c, _ := Preset(name)
		m := all[name]
		theirs := m.config()
		theirs.BOS, theirs.EOS = -1, -1
		if c != theirs {
			t.Errorf("%s: %+v, want %+v", name, c, theirs)
		}
		want(t, name+" parameters", Params(c), m.Params)
	}
	t.Logf("%d presets", len(Presets()))
}
