package hf

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kvstep/sim"
)

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Read("config.json", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func wants(t *testing.T, what string, err error, text string) {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Error(), text) {
		t.Errorf("%s: %v, want %s", what, err, text)
	}
}

// TestClasses: the table is JSON, and every class has the sizes.
func TestClasses(t *testing.T) {
	for _, name := range Classes() {
		c := read(t, `{"model_type": "`+name+`"}`)
		for _, field := range [][]string{{"hidden_size", "n_embd"}, {"num_hidden_layers", "n_layer"}, {"num_attention_heads", "n_head"}, {"vocab_size"},
			{"max_position_embeddings", "n_positions"}} {
			if c.Need(field...) < 1 || c.Err != nil {
				t.Errorf("%s: %v", name, c.Err)
			}
		}
	}
}

// TestLeftOut: what is left out is the class's, what is null is none.
func TestLeftOut(t *testing.T) {
	c := read(t, `{"model_type": "mistral", "sliding_window": null}`)
	if kv := c.Int("num_key_value_heads"); kv == nil || *kv != 8 {
		t.Errorf("%v", kv)
	}
	if w := c.Int("sliding_window"); w != nil {
		t.Errorf("%v", *w)
	}
	if c := read(t, `{"model_type": "mistral", "num_key_value_heads": null}`); c.Int("num_key_value_heads") != nil {
		t.Error("null is not none")
	}
	// One field under two names: the file's comes before the class's.
	if c := read(t, `{"model_type": "qwen3_moe", "num_local_experts": 4}`); *c.Int("num_experts", "num_local_experts") != 4 {
		t.Error("another name")
	}
}

// TestInText: the text model of more than text; what is around it may not disagree.
func TestInText(t *testing.T) {
	c := read(t, `{"model_type": "gemma3", "text_config": {"hidden_size": 2560}, "quantization_config": {"quant_method": "awq"}}`)
	if c.Type != "gemma3_text" || c.Nested != "gemma3" || *c.Int("num_attention_heads") != 8 || c.Given("quantization_config") == nil {
		t.Errorf("%+v", c)
	}
	for around, want := range map[string]string{"llava": "llama", "llava_next": "llama", "mistral3": "mistral"} {
		if c := read(t, `{"model_type": "`+around+`", "text_config": {}, "tie_word_embeddings": false}`); c.Type != want {
			t.Errorf("%s is around %s, not %s", around, c.Type, want)
		}
	}
	_, err := Read("a.json", []byte(`{"model_type": "gemma3", "text_config": {}, "vocab_size": 5}`))
	wants(t, "vocab_size", err, "Field=vocab_size File=a.json Have=5, text_config.vocab_size = 262208")
	_, err = Read("a.json", []byte(`{"model_type": "gemma3", "text_config": []}`))
	wants(t, "a list", err, "config.type: Field=text_config File=a.json Have=[]")
}

// TestPython: NaN and Infinity as Python writes them, in strings and out of them.
func TestPython(t *testing.T) {
	c := read(t, `{"model_type": "llama", "a": "NaN \" Infinity", "initializer_range": NaN, "rms_norm_eps": Infinity, "list": [-Infinity]}`)
	if *c.Text("a") != `NaN " Infinity` {
		t.Error(*c.Text("a"))
	}
	c.Float("rms_norm_eps")
	wants(t, "Infinity", c.Err, "config.type: Field=rms_norm_eps File=config.json Have=Infinity")
	for _, text := range []string{`{"a": NaNa}`, `{"a": Infinit}`, `{"a": "NaN`, `{"a": "\`, `NaN`, ``, `[]`} {
		_, err := Read("a.json", []byte(text))
		wants(t, text, err, "config.json")
	}
	c = read(t, `{"model_type": "llama", "rope_scaling": {"rope_type": "llama3", "factor": NaN}}`)
	c.Rope()
	wants(t, "NaN", c.Err, "Field=rope_scaling.factor File=config.json Have=NaN")
}

// TestRope: both spellings say the same.
func TestRope(t *testing.T) {
	say := func(text string) string {
		c := read(t, text)
		r := c.Rope()
		r.Field = ""
		data, err := json.Marshal(r)
		if err != nil || c.Err != nil {
			t.Fatal(text, err, c.Err)
		}
		return string(data)
	}
	for old, late := range map[string]string{
		`{"model_type":"llama"}`: `{"model_type":"llama","rope_parameters":{"rope_type":"default","rope_theta":10000}}`,
		`{"model_type":"phi3","rope_theta":5000,"partial_rotary_factor":0.75,"rope_scaling":{"type":"longrope"}}`:                                                                 `{"model_type":"phi3","rope_parameters":{"rope_type":"longrope","rope_theta":5000,"partial_rotary_factor":0.75}}`,
		`{"model_type":"gemma3_text","rope_scaling":{"rope_type":"linear","factor":8.0}}`:                                                                                         `{"model_type":"gemma3_text","rope_parameters":{"full_attention":{"rope_type":"linear","factor":8.0,"rope_theta":1000000},"sliding_attention":{"rope_type":"default","rope_theta":10000}}}`,
		`{"model_type":"llama","rope_theta":7,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}}`: `{"model_type":"llama","rope_scaling":{"rope_theta":7,"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}}`,
	} {
		if a, b := say(old), say(late); a != b {
			t.Errorf("%s\n%s\n%s", old, a, b)
		}
	}
	for text, want := range map[string]string{
		`{"model_type":"llama","rope_scaling":{"type":"linear"},"rope_parameters":{"type":"yarn"}}`:                              "Field=rope_scaling",
		`{"model_type":"llama","rope_scaling":8}`:                                                                                "Field=rope_scaling File=config.json Have=8",
		`{"model_type":"gemma3_text","rope_parameters":{"full_attention":{"partial_rotary_factor":0.5},"sliding_attention":{}}}`: "partial_rotary_factor",
	} {
		c := read(t, text)
		c.Rope()
		wants(t, text, c.Err, want)
	}
}

// TestStored: weights that are stored in another way than as numbers of one width.
func TestStored(t *testing.T) {
	for text, want := range map[string]string{
		`"quantization_config": {"quant_method": "awq", "bits": 4}`:      `Field=quantization_config File=config.json Have={"quant_method":`,
		`"quantization": {"group_size": 64, "bits": 4}`:                  "Field=quantization ",
		`"compression_config": {"format": "nvfp4-pack-quantized"}`:       "Field=compression_config",
		`"quantization_config": "fp8"`:                                   "Field=quantization_config",
		`"torch_dtype": "float8_e4m3fn"`:                                 "Field=torch_dtype",
		`"dtype": "uint8"`:                                               "Field=dtype",
		`"text_config": {}, "quantization_config": {"quant_method": ""}`: "Field=quantization_config",
		// What stands around a text model counts though it says something itself.
		`"text_config": {"model_type": "llama", "quantization_config": {}}, "quantization_config": {"bits": 4}`: "Field=quantization_config",
		`"text_config": {"model_type": "llama", "dtype": "bfloat16"}, "dtype": "float8_e4m3fn"`:                 "Field=dtype",
		`"text_config": {"model_type": "llama"}, "torch_dtype": "float8_e4m3fn"`:                                "Field=torch_dtype",
		`"dtype": {"text_config": "bfloat16"}`:                                                                  "config.type: Field=dtype",
		`"weight_bits": 1, "input_bits": 8`:                                                                     "Field=weight_bits", // BitNet's first files are Llamas
		`"load_in_4bit": true`:                                                                                  "Field=load_in_4bit",
	} {
		c := read(t, `{"model_type": "llama", `+text+`}`)
		c.Stored()
		wants(t, text, c.Err, want)
	}
	for _, text := range []string{`"quantization_config": null`, `"quantization": {}`, `"dtype": "bfloat16"`, `"torch_dtype": "torch.float16"`, `"dtype": null`,
		`"quantization_config": { }`, `"load_in_4bit": false`} {
		c := read(t, `{"model_type": "llama", `+text+`}`)
		if c.Stored(); c.Err != nil {
			t.Errorf("%s: %v", text, c.Err)
		}
	}
}

// TestDecoder: what took a decoder's class and is none, or has no head.
func TestDecoder(t *testing.T) {
	for text, want := range map[string]string{
		`"is_causal": false`:                                  "Field=is_causal",
		`"use_bidirectional_attention": true`:                 "Field=use_bidirectional_attention", // EmbeddingGemma
		`"use_bidirectional_attention": "all"`:                "Field=use_bidirectional_attention",
		`"is_encoder_decoder": true`:                          "Field=is_encoder_decoder",
		`"pruned_heads": {"1": [0]}`:                          "Field=pruned_heads",
		`"architectures": ["LlamaForSequenceClassification"]`: "Have=LlamaForSequenceClassification",
		`"architectures": ["MistralModel"]`:                   "Have=MistralModel",
	} {
		c := read(t, `{"model_type": "llama", `+text+`}`)
		c.Causal()
		c.Headed()
		wants(t, text, c.Err, want)
	}
	c := read(t, `{"model_type": "paligemma", "text_config": {"model_type": "gemma"}}`)
	c.Causal()
	wants(t, "paligemma", c.Err, "Have=paligemma")
	for _, text := range []string{`"is_causal": true`, `"pruned_heads": {}`, `"architectures": null`, `"architectures": ["GPT2LMHeadModel"]`,
		`"architectures": ["Gemma3ForConditionalGeneration"]`, `"use_bidirectional_attention": null`} {
		c := read(t, `{"model_type": "llama", `+text+`}`)
		c.Causal()
		if c.Headed(); c.Err != nil {
			t.Errorf("%s: %v", text, c.Err)
		}
	}
}
