package checkpoint

import (
	"encoding/binary"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/sim"
	"kvstep/sim/hf"
)

func TestLoadFolder(t *testing.T) {
	want := sim.Config{
		Family: "llama", Dim: 8, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6, FFN: 10, Vocab: 12, Context: 16,
		NormEps: 1e-5, RopeBase: 10000, BOS: 1, EOS: 2,
	}
	for _, dtype := range []string{"F32", "F16", "BF16"} {
		tensors := tinyTensors(dtype)
		slices.Reverse(tensors) // the order in the file does not matter
		c, w, meta, err := LoadFolder(folder(t, tinyConfig(), tensors))
		if err != nil {
			t.Fatal(err)
		}
		if c != want {
			t.Errorf("config %+v, want %+v", c, want)
		}
		if meta["made by"] != "a test" {
			t.Errorf("metadata %v", meta)
		}
		for name, x := range map[string][]float32{
			"model.embed_tokens.weight":                      w.Embed.Row(0),
			"lm_head.weight":                                 w.Unembed.Row(0),
			"model.norm.weight":                              w.FinalNorm,
			"model.layers.1.input_layernorm.weight":          w.Layers[1].AttnNorm,
			"model.layers.0.self_attn.k_proj.weight":         w.Layers[0].K.Row(0),
			"model.layers.1.self_attn.o_proj.weight":         w.Layers[1].O.Row(0),
			"model.layers.1.mlp.up_proj.weight":              w.Layers[1].Up.Row(0),
			"model.layers.1.mlp.down_proj.weight":            w.Layers[1].Down.Row(0),
			"model.layers.0.self_attn.q_proj.weight":         w.Layers[0].Q.Row(0),
			"model.layers.0.self_attn.v_proj.weight":         w.Layers[0].V.Row(0),
			"model.layers.0.mlp.gate_proj.weight":            w.Layers[0].Gate.Row(0),
			"model.layers.0.post_attention_layernorm.weight": w.Layers[0].MLPNorm,
		} {
			i := slices.IndexFunc(tensors, func(t Tensor) bool { return t.Name == name })
			all, err := tensors[i].Float32s()
			if err != nil || !slices.Equal(x, all[:len(x)]) {
				t.Errorf("%s %s: %v, want %v", dtype, name, x, all[:len(x)])
			}
		}
	}
}

func TestLoadFolderTied(t *testing.T) {
	config := tinyConfig()
	config["tie_word_embeddings"] = true
	tensors := tinyTensors("F16")
	c, w, _, err := LoadFolder(folder(t, config, tensors[:len(tensors)-1]))
	if err != nil || !c.Tied {
		t.Fatal(c, err)
	}
	if w.Embed.Row(0)[0] = 42; w.Unembed.At(0, 0) != 42 {
		t.Error("a tied head is another copy of the embedding")
	}
	_, _, _, err = LoadFolder(folder(t, config, tensors))
	if p := wantProblem(t, err, "checkpoint.extra"); p.Args["Tensor"] != "lm_head.weight" {
		t.Error(p)
	}
}

// TestTensorsWrong: each tensor in turn missing, misnamed, misshapen, of another
// dtype, with NaN and infinity at its last number.
func TestTensorsWrong(t *testing.T) {
	good := tinyTensors("F32")
	for i, tensor := range good {
		check := func(id string, change func(x *Tensor)) {
			t.Helper()
			list := slices.Clone(good)
			list[i].Data = slices.Clone(tensor.Data)
			list[i].Shape = slices.Clone(tensor.Shape)
			change(&list[i])
			_, w, _, err := LoadFolder(folder(t, tinyConfig(), list))
			p := wantProblem(t, err, id)
			if p.Args["Tensor"] != tensor.Name || p.Args["File"] != "model.safetensors" {
				t.Errorf("%s: %v", tensor.Name, p)
			}
			if id == "checkpoint.nan" && p.Args["Index"] != len(tensor.Data)/4-1 {
				t.Errorf("%s: %v", tensor.Name, p)
			}
			if w.Layers != nil {
				t.Error("weights in spite of an error")
			}
		}
		check("checkpoint.missing", func(x *Tensor) { x.Name += ".x" })
		check("checkpoint.shape", func(x *Tensor) { x.Shape = append(x.Shape, 1) })
		check("checkpoint.shape", func(x *Tensor) { x.Shape[0]++; x.Data = append(x.Data, make([]byte, len(x.Data)/(x.Shape[0]-1))...) })
		check("checkpoint.dtype", func(x *Tensor) { x.DType = "I32" })
		for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0xff800000} {
			check("checkpoint.nan", func(x *Tensor) { binary.LittleEndian.PutUint32(x.Data[len(x.Data)-4:], bits) })
		}
	}
	extra := append(slices.Clone(good), Tensor{Name: "model.layers.2.x", DType: "U8", Shape: []int{0}})
	_, _, _, err := LoadFolder(folder(t, tinyConfig(), extra))
	if p := wantProblem(t, err, "checkpoint.extra"); p.Args["Tensor"] != "model.layers.2.x" {
		t.Error(p)
	}
	_, _, _, err = LoadFolder(folder(t, tinyConfig(), nil))
	wantProblem(t, err, "checkpoint.missing")
}

func TestFolderFiles(t *testing.T) {
	good := folder(t, tinyConfig(), tinyTensors("F16"))
	without := func(name string) fs.FS {
		m := fstest.MapFS{}
		for n, f := range good {
			if n != name {
				m[n] = f
			}
		}
		return m
	}
	for _, name := range []string{"config.json", "model.safetensors"} {
		_, _, _, err := LoadFolder(without(name))
		if p := wantProblem(t, err, "checkpoint.file"); p.Args["File"] != name {
			t.Error(p)
		}
	}
	weights := good["model.safetensors"].Data
	for n := 0; n < len(weights); n += 7 {
		good["model.safetensors"] = &fstest.MapFile{Data: weights[:n]}
		_, _, _, err := LoadFolder(good)
		wantProblem(t, err, "checkpoint.truncated")
	}
	good["model.safetensors"] = &fstest.MapFile{Mode: fs.ModeDir}
	_, _, _, err := LoadFolder(good)
	wantProblem(t, err, "file.regular")
	good["config.json"] = &fstest.MapFile{Data: make([]byte, maxConfig+1)}
	_, _, _, err = LoadFolder(good)
	wantProblem(t, err, "checkpoint.large")
}

// TestConfigWrong changes one field at a time; nil removes it.
func TestConfigWrong(t *testing.T) {
	huge := math.MaxInt32
	for _, c := range []struct {
		field string
		value any
		id    string
	}{
		{"hidden_size", nil, "checkpoint.shape"} /* that of the class */, {"hidden_size", 0, "config.range"}, {"hidden_size", huge, "config.range"},
		{"hidden_size", "8", "config.type"}, {"hidden_size", 8.5, "config.type"}, {"hidden_size", -8, "config.range"},
		{"num_hidden_layers", 0, "config.range"}, {"num_hidden_layers", 1 << 30, "config.range"},
		{"num_hidden_layers", 3, "checkpoint.missing"}, {"num_hidden_layers", 1, "checkpoint.extra"},
		{"num_attention_heads", 0, "config.range"}, {"num_attention_heads", 3, "config.divide"}, {"num_attention_heads", huge, "config.range"},
		{"num_key_value_heads", 3, "config.divide"}, {"num_key_value_heads", 0, "config.range"}, {"num_key_value_heads", nil, "checkpoint.shape"},
		{"num_key_value_heads", -1, "config.range"}, {"num_key_value_heads", 8, "config.divide"},
		{"head_dim", 5, "config.divide"}, {"head_dim", 0, "config.range"}, {"head_dim", nil, "checkpoint.shape"}, {"head_dim", 1 << 19, "config.range"},
		{"intermediate_size", -1, "config.range"}, {"vocab_size", 0, "config.range"}, {"vocab_size", 13, "checkpoint.shape"},
		{"max_position_embeddings", 0, "config.range"}, {"rms_norm_eps", -1.0, "config.above"}, {"rms_norm_eps", 0, "config.above"}, {"rms_norm_eps", 1e-60, "config.above"}, {"rms_norm_eps", nil, ""}, {"rms_norm_eps", 1, "config.range"}, {"rms_norm_eps", "x", "config.type"},
		{"rope_theta", 0.0, "config.range"}, {"rope_theta", 1e300, "config.range"},
		{"bos_token_id", 12, "config.range"}, {"eos_token_id", -1, "config.range"}, {"eos_token_id", "x", "config.type"}, {"eos_token_id", []int{}, "config.type"},
		{"model_type", "gpt2", "checkpoint.missing"}, {"model_type", "bert", "config.unsupported"}, {"model_type", nil, "config.unsupported"}, {"hidden_act", "gelu", "config.unsupported"},
		{"no_rope_layers", []int{0, 1}, "config.unsupported"}, {"no_rope_layers", []int{0}, "config.range"},
		{"attention_bias", true, "config.unsupported"}, {"mlp_bias", true, "config.unsupported"},
		{"rope_scaling", map[string]any{"type": "linear", "factor": 2.0}, "config.unsupported"},
		{"rope_scaling", map[string]any{"rope_type": "yarn", "factor": 4.0}, "config.unsupported"},
		{"rope_parameters", map[string]any{"rope_type": "llama3"}, "config.missing"},
		{"rope_parameters", llama3("factor", nil), "config.missing"}, {"rope_scaling", llama3("factor", 0.5), "config.range"},
		{"rope_scaling", llama3("high_freq_factor", 1), "config.above"}, {"rope_scaling", llama3("low_freq_factor", -1), "config.range"},
		{"rope_scaling", llama3("original_max_position_embeddings", 0), "config.range"},
		{"rope_scaling", llama3("original_max_position_embeddings", nil), "config.missing"},
		{"rope_parameters", map[string]any{"rope_type": "default", "partial_rotary_factor": 0.5}, "config.unsupported"},
		{"partial_rotary_factor", 0.25, "config.unsupported"}, {"quantization_config", map[string]any{"bits": 4}, "config.unsupported"},
		{"sliding_window", 8, "config.unsupported"}, {"sliding_window", "x", "config.type"},
		{"layer_types", []string{"full_attention", "sliding_attention"}, "config.unsupported"},
		{"eos_token_id", []int{2, 12}, "config.range"}, {"eos_token_id", make([]int, maxEnds+1), "config.type"},
	} {
		config := tinyConfig()
		if config[c.field] = c.value; c.value == nil {
			delete(config, c.field)
		}
		_, _, _, err := LoadFolder(folder(t, config, tinyTensors("F16")))
		if c.id == "" {
			if err != nil {
				t.Errorf("%s %v: %v", c.field, c.value, err)
			}
			continue
		}
		p := wantProblem(t, err, c.id)
		if p.Args["File"] == nil {
			t.Errorf("%s %v: %v names no file", c.field, c.value, p)
		}
	}
	_, _, err := parseConfig("config.json", []byte("{"))
	wantProblem(t, err, "config.json")
}

// llama3 is Llama 3's scaling with one field changed; nil removes it.
func llama3(field string, value any) map[string]any {
	m := map[string]any{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
		"original_max_position_embeddings": 8192}
	if m[field] = value; value == nil {
		delete(m, field)
	}
	return m
}

// TestConfigDefaults: what a config may leave out.
func TestConfigDefaults(t *testing.T) {
	c, _, err := parseConfig("config.json", []byte(`{"model_type":"llama","hidden_size":16,"num_hidden_layers":1,
		"num_attention_heads":4,"intermediate_size":8,"vocab_size":9,"rope_scaling":null,"eos_token_id":null,
		"rope_parameters":{"rope_type":"default","rope_theta":500000}}`))
	want := sim.Config{Family: "llama", Dim: 16, Layers: 1, Heads: 4, KVHeads: 4, HeadDim: 4, FFN: 8, Vocab: 9,
		Context: 2048, NormEps: 1e-6, RopeBase: 500000, BOS: -1, EOS: -1}
	if err != nil || c != want {
		t.Errorf("%+v, %v, want %+v", c, err, want)
	}
}

// TestEveryTypeIsAClass: what loads is a class with defaults, or what a file leaves out would
// be guessed; docs/models.md names it, and something of it has been loaded.
func TestEveryTypeIsAClass(t *testing.T) {
	guide, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	files, _ := filepath.Glob("*_test.go")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(source)
	}
	for name := range familyOf {
		if !slices.Contains(hf.Classes(), name) {
			t.Errorf("%s is no class of sim/hf", name)
		}
		if !strings.Contains(string(guide), "`"+name+"`") {
			t.Errorf("docs/models.md does not name %s", name)
		}
		if _, err := os.Stat(families + name); err != nil && !strings.Contains(tests.String(), `"`+name+`"`) {
			t.Errorf("no test loads a %s", name)
		}
	}
}
