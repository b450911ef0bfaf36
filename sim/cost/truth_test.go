package cost

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"strings"
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

// published is a row of models.json. Everything but the name is compared.
type published struct {
	Name         string
	Params       int64   `json:"params_total"`
	Body         int64   `json:"params_non_embedding"`
	Active       int64   `json:"params_active"`
	KVNumbers    int64   `json:"kv_elems_per_token"`
	KV16         int64   `json:"kv_bytes_per_token_fp16"`
	KV32         int64   `json:"kv_bytes_per_token_fp32"`
	KVAt4096     int64   `json:"kv_fp16_bytes_at_4096"`
	Bytes16      int64   `json:"weights_fp16_bytes"`
	Intensity    float64 `json:"decode_attn_intensity_fp16_flop_per_byte"`
	Stated       int64   `json:"published_params_total"`
	Window       int     `json:"sliding_window"`
	Local        int     `json:"n_local_layers"`
	Global       int     `json:"n_global_layers"`
	LocalCap     int64   `json:"kv_bytes_fp16_cap_local"`
	BeyondWindow int64   `json:"kv_bytes_per_token_fp16_beyond_window"`
	Context      int     `json:"max_context"`
	IfMHA        int64   `json:"kv_bytes_per_token_if_MHA_same_heads"`
	IfMHAOfPaper int64   `json:"kv_bytes_per_token_if_MHA_paper_convention"`
	Layers       int     `json:"n_layer"`
	Dim          int     `json:"d_model"`
	Heads        int     `json:"n_head"`
	KVHeads      int     `json:"n_kv_head"`
	HeadDim      int     `json:"head_dim"`
	FFN          int
	Vocab        int
	Tied         bool `json:"tied_head"`
	Group        int  `json:"group_size"`
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

// shapeOf is a published model in float16, as the truth files have it: without
// windows (TestWindows has those).
func shapeOf(t *testing.T, _ map[string]published, name string) Shape {
	t.Helper()
	s, _, err := Preset(name)
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Full()
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

// TestModelsTable: every row of models.json, parameters and cache.
func TestModelsTable(t *testing.T) {
	all := models(t)
	stated := 0
	for name, m := range all {
		s := shapeOf(t, all, name)
		want(t, name+" layers, heads, d, F, V", int64(s.Layers+s.Heads+s.Dim+s.FFN+s.Vocab), int64(m.Layers+m.Heads+m.Dim+m.FFN+m.Vocab))
		want(t, name+" KV numbers per token", s.Wide(16, 8).KVBytesPerToken(), m.KVNumbers)
		want(t, name+" KV bytes per token, fp16", s.KVBytesPerToken(), m.KV16)
		c := s.Pass(1, 4095, Default())
		near(t, name+" intensity of attention", float64(c.Flops.Scores+c.Flops.AV)/float64(c.KVReadBytes), m.Intensity, 9)
		if m.KVHeads > 0 { // not the rows of latent attention
			want(t, name+" KV bytes per token, fp32", s.Wide(32, 32).KVBytesPerToken(), m.KV32)
			want(t, name+" KV bytes at 4096", c.KVBytes, m.KVAt4096)
			want(t, name+" group", int64(s.Heads/s.KVHeads), int64(m.Group))
		}
		if m.Context > 0 && name != "Mistral-7B-v0.1" { // its row has the window there
			want(t, name+" context", int64(s.Context), int64(m.Context))
		}
		body := s
		switch name {
		case "OPT-13B", "OPT-30B", "GPT-3-175B": // these rows leave biases and positions out, and count one gain a norm
			body.Style = Style{Norms: 2}
		}
		want(t, name+" parameters", body.Params(), m.Params)
		want(t, name+" parameters of layers", body.LayerParams(), m.Body)
		if m.Active > 0 {
			want(t, name+" active parameters", body.ActiveParams(), m.Active)
		}
		if m.Bytes16 > 0 {
			want(t, name+" bytes", body.WeightBytes(), m.Bytes16)
		}
		if m.Stated > 0 {
			want(t, name+" published parameters", s.Params(), m.Stated)
			stated++
		}
		if m.IfMHA > 0 { // what MLA saves: the same heads with K and V, as wide as they are or as V is
			h, wide := int64(s.Layers)*int64(s.Heads)*2, int64(s.MLA.Nope+s.MLA.Rope)
			want(t, name+" if it were MHA", h*(wide+int64(s.MLA.V)), m.IfMHA)
			want(t, name+" if it were MHA, narrow", h*int64(2*s.MLA.V), m.IfMHAOfPaper)
		}
	}
	t.Logf("%d models, published totals of %d", len(all), stated)
}

// TestWindows: what layers with a window keep.
func TestWindows(t *testing.T) {
	all := models(t)
	found := 0
	for name, m := range all {
		if m.Window == 0 {
			continue
		}
		found++
		s, _, _ := Preset(name)
		want(t, name+" window", int64(s.Window), int64(m.Window))
		want(t, name+" layers", int64(s.Local-m.Local), int64(s.Layers-s.Local-m.Global))
		local := s
		local.Layers = s.Local
		want(t, name+" cap", local.Pass(1, 1<<20, Default()).KVBytes, m.LocalCap)
		want(t, name+" beyond", s.Pass(1, 1<<20, Default()).KVBytes-s.Pass(1, 1<<20-1, Default()).KVBytes, m.BeyondWindow)
	}
	t.Logf("%d models", found)
}

func TestPresets(t *testing.T) {
	for _, name := range Presets() { // without the truth files too
		s, _, err := Preset(name)
		if err == nil {
			err = s.Check()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Preset("gpt5"); err == nil || !strings.Contains(err.Error(), "DeepSeek-V3") {
		t.Error("gpt5 is not known, and the known ones are told:", err)
	}
	if s, _, err := Preset("llama-3-8b"); err != nil || s.Dim != 4096 {
		t.Error("case matters", err)
	}
	all := models(t)
	known := map[string]bool{}
	for _, name := range Presets() {
		known[name] = true
	}
	for name := range all {
		if !known[name] {
			t.Errorf("%s is no preset", name)
		}
	}
}
