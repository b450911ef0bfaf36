package cost

import (
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/hf"
)

// configs are the fields that the published config.json of each preset has.
var configs = map[string]string{
	"gpt2": `{"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"n_positions":1024,"n_ctx":1024,"vocab_size":50257,
		"activation_function":"gelu_new","n_inner":null,"bos_token_id":50256}`,
	"Llama-2-7b-hf": `{"model_type":"llama","hidden_act":"silu","hidden_size":4096,"intermediate_size":11008,"max_position_embeddings":4096,
		"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":32,"tie_word_embeddings":false,"vocab_size":32000,"rope_scaling":null}`,
	"Llama-3.2-1B": `{"model_type":"llama","attention_bias":false,"head_dim":64,"hidden_act":"silu","hidden_size":2048,"intermediate_size":8192,
		"max_position_embeddings":131072,"mlp_bias":false,"num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,
		"rope_scaling":{"factor":32.0,"rope_type":"llama3"},"tie_word_embeddings":true,"vocab_size":128256}`,
	"Mistral-7B-v0.1": `{"model_type":"mistral","hidden_act":"silu","hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
		"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"sliding_window":4096,"tie_word_embeddings":false,"vocab_size":32000}`,
	"Mixtral-8x7B-v0.1": `{"model_type":"mixtral","hidden_act":"silu","hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
		"num_attention_heads":32,"num_experts_per_tok":2,"num_hidden_layers":32,"num_key_value_heads":8,"num_local_experts":8,
		"sliding_window":null,"tie_word_embeddings":false,"vocab_size":32000}`,
	"Qwen2.5-0.5B": `{"model_type":"qwen2","hidden_act":"silu","hidden_size":896,"intermediate_size":4864,"max_position_embeddings":32768,
		"max_window_layers":24,"num_attention_heads":14,"num_hidden_layers":24,"num_key_value_heads":2,"sliding_window":32768,
		"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":151936}`,
	"Qwen3-0.6B": `{"model_type":"qwen3","attention_bias":false,"head_dim":128,"hidden_act":"silu","hidden_size":1024,"intermediate_size":3072,
		"max_position_embeddings":40960,"max_window_layers":28,"num_attention_heads":16,"num_hidden_layers":28,"num_key_value_heads":8,
		"sliding_window":null,"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":151936}`,
	"Qwen3-30B-A3B": `{"model_type":"qwen3_moe","attention_bias":false,"decoder_sparse_step":1,"head_dim":128,"hidden_act":"silu","hidden_size":2048,
		"intermediate_size":6144,"max_position_embeddings":40960,"max_window_layers":48,"mlp_only_layers":[],"moe_intermediate_size":768,
		"num_attention_heads":32,"num_experts":128,"num_experts_per_tok":8,"num_hidden_layers":48,"num_key_value_heads":4,
		"sliding_window":null,"tie_word_embeddings":false,"use_sliding_window":false,"vocab_size":151936}`,
	"Gemma-2-2b": `{"model_type":"gemma2","attention_bias":false,"attn_logit_softcapping":50.0,"final_logit_softcapping":30.0,"head_dim":256,
		"hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh","hidden_size":2304,"intermediate_size":9216,
		"max_position_embeddings":8192,"num_attention_heads":8,"num_hidden_layers":26,"num_key_value_heads":4,"sliding_window":4096,"vocab_size":256000}`,
	"Gemma-3-1b-it": `{"model_type":"gemma3_text","attention_bias":false,"head_dim":256,"hidden_activation":"gelu_pytorch_tanh","hidden_size":1152,
		"intermediate_size":6912,"max_position_embeddings":131072,"num_attention_heads":4,"num_hidden_layers":26,"num_key_value_heads":1,
		"sliding_window":512,"sliding_window_pattern":6,"vocab_size":262144}`,
	"Phi-3-mini-4k-instruct": `{"model_type":"phi3","attention_bias":false,"hidden_act":"silu","hidden_size":3072,"intermediate_size":8192,
		"max_position_embeddings":4096,"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":32,"sliding_window":2048,
		"tie_word_embeddings":false,"vocab_size":32064}`,
	"OPT-13B": `{"model_type":"opt","activation_function":"relu","do_layer_norm_before":true,"ffn_dim":20480,"hidden_size":5120,
		"max_position_embeddings":2048,"num_attention_heads":40,"num_hidden_layers":40,"vocab_size":50272,"word_embed_proj_dim":5120}`,
	"DeepSeek-V2-Lite": `{"model_type":"deepseek_v2","attention_bias":false,"first_k_dense_replace":1,"hidden_act":"silu","hidden_size":2048,
		"intermediate_size":10944,"kv_lora_rank":512,"max_position_embeddings":163840,"moe_intermediate_size":1408,"moe_layer_freq":1,
		"n_routed_experts":64,"n_shared_experts":2,"num_attention_heads":16,"num_experts_per_tok":6,"num_hidden_layers":27,
		"num_key_value_heads":16,"q_lora_rank":null,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"tie_word_embeddings":false,
		"topk_method":"greedy","v_head_dim":128,"vocab_size":102400}`,
	"DeepSeek-V3": `{"model_type":"deepseek_v3","attention_bias":false,"first_k_dense_replace":3,"hidden_act":"silu","hidden_size":7168,
		"intermediate_size":18432,"kv_lora_rank":512,"max_position_embeddings":163840,"moe_intermediate_size":2048,"moe_layer_freq":1,
		"n_routed_experts":256,"n_shared_experts":1,"num_attention_heads":128,"num_experts_per_tok":8,"num_hidden_layers":61,
		"num_key_value_heads":128,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"tie_word_embeddings":false,
		"topk_method":"noaux_tc","v_head_dim":128,"vocab_size":129280}`,
}

func TestReadConfig(t *testing.T) {
	for name, text := range configs {
		want, _, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadConfig(name, []byte(text))
		if err != nil {
			t.Error(name, err)
		} else if got != want {
			t.Errorf("%s\n%+v, want\n%+v", name, got, want)
		}
	}
}

// TestReadConfigOfTheEngine: what the engine loads, the cost model reads alike.
func TestReadConfigOfTheEngine(t *testing.T) {
	for _, name := range checkpoint.Names() {
		folder, err := checkpoint.Folder(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile(folder, "config.json")
		if err != nil {
			t.Fatal(err)
		}
		c, _, _, err := checkpoint.LoadFolder(folder)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadConfig("config.json", data)
		c.NormEps, c.RopeBase, c.RopeInterleaved, c.BOS, c.EOS = 0, 0, false, -1, -1 // nothing that costs
		if want := styled(c); err != nil || s != want {
			t.Errorf("%s: %+v, want %+v (%v)", name, s, want, err)
		}
	}
}

// TestReadConfigInText: a model of images and text has its decoder inside.
func TestReadConfigInText(t *testing.T) {
	s, err := ReadConfig("config.json", []byte(`{"model_type":"gemma3","text_config":`+configs["Gemma-3-1b-it"]+`,"vision_config":{"hidden_size":1152}}`))
	if want, _, _ := Preset("Gemma-3-1b-it"); err != nil || s != want {
		t.Errorf("%+v %v", s, err)
	}
}

// TestReadConfigVariants: fields that no preset has.
func TestReadConfigVariants(t *testing.T) {
	read := func(name string, change ...string) Shape {
		t.Helper()
		s, err := ReadConfig("config.json", []byte(strings.NewReplacer(change...).Replace(configs[name])))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	windows := func(s Shape, local, window int) {
		t.Helper()
		if s.Local != local || s.Window != window {
			t.Errorf("%d layers with a window of %d, want %d of %d", s.Local, s.Window, local, window)
		}
	}
	// Qwen's window is in the layers from max_window_layers on, if it is on at all.
	windows(read("Qwen2.5-0.5B", `"use_sliding_window":false`, `"use_sliding_window":true`, `"max_window_layers":24`, `"max_window_layers":20`), 4, 32768)
	windows(read("Qwen2.5-0.5B", `"use_sliding_window":false`, `"use_sliding_window":true`), 0, 0)
	// Newer files list the layers.
	list := `"layer_types":[` + strings.Repeat(`"sliding_attention","full_attention",`, 12) + `"sliding_attention","sliding_attention"]`
	windows(read("Gemma-3-1b-it", `"sliding_window_pattern":6`, list), 14, 512)
	windows(read("Gemma-3-1b-it", `"sliding_window_pattern":6`, `"sliding_window_pattern":2`), 13, 512)

	plain, biased := read("Llama-3.2-1B"), read("Llama-3.2-1B", `"attention_bias":false`, `"attention_bias":true`, `"mlp_bias":false`, `"mlp_bias":true`)
	q, kv, d, f := int64(plain.QDim()), int64(plain.KVDim()), int64(plain.Dim), int64(plain.FFN)
	want(t, "biases", biased.Params()-plain.Params(), int64(plain.Layers)*(q+2*kv+d+2*f+d))
}

func TestReadConfigProblems(t *testing.T) {
	const good = `{"model_type":"llama","hidden_size":64,"intermediate_size":172,"num_attention_heads":8,"num_hidden_layers":5,"vocab_size":512`
	for text, wants := range map[string]string{
		``:                                 "config.json",
		`[]`:                               "config.json",
		`{"model_type":"bert"}`:            "Have=bert",
		`{}`:                               "config.missing: Field=model_type",
		`{"model_type":"llama"}`:           "config.missing: Field=hidden_size",
		`{"model_type":"deepseek_v3"}`:     "config.missing",
		good + `,"num_key_value_heads":3}`: "By=num_key_value_heads",
		good + `,"num_key_value_heads":0}`: "Field=num_key_value_heads",
		good + `,"vocab_size":0}`:          "Field=vocab_size",
		good + `,"num_hidden_layers":-1}`:  "Field=num_hidden_layers",
		good + `,"hidden_size":63}`:        "Field=hidden_size",
		good + `,"hidden_size":"wide"}`:    "config.type",
		good + `,"hidden_size":1e99}`:      "config.type",
		good + `,"hidden_size":9007199254740992,"num_attention_heads":1}`:                                                                                        "config.range",
		good + `,"head_dim":16777216,"hidden_size":16777216,"num_hidden_layers":65536}`:                                                                          "cost.large",
		good + `,"max_position_embeddings":0}`:                                                                                                                   "Field=max_position_embeddings",
		good + `,"hidden_act":"relu2"}`:                                                                                                                          "Field=hidden_act",
		good + `,"partial_rotary_factor":0.5}`:                                                                                                                   "Field=partial_rotary_factor",
		good + `,"no_rope_layers":[1,1,1,0,1]}`:                                                                                                                  "Field=no_rope_layers",
		strings.Replace(good, "llama", "mixtral", 1) + `,"num_local_experts":4,"num_experts_per_tok":null}`:                                                      "Field=num_experts_per_tok",
		strings.Replace(good, "llama", "mixtral", 1) + `,"num_local_experts":4,"num_experts_per_tok":5}`:                                                         "Field=num_experts_per_tok",
		strings.Replace(good, "llama", "mistral", 1) + `,"sliding_window":-4}`:                                                                                   "Field=sliding_window",
		strings.Replace(good, "llama", "qwen3_moe", 1) + `,"num_experts":4,"decoder_sparse_step":2}`:                                                             "Field=decoder_sparse_step",
		strings.Replace(good, "llama", "opt", 1) + `,"ffn_dim":8,"do_layer_norm_before":false}`:                                                                  "Field=do_layer_norm_before",
		strings.Replace(good, "llama", "deepseek_v2", 1) + `,"num_experts_per_tok":2,"kv_lora_rank":4,"qk_rope_head_dim":2,"qk_nope_head_dim":0,"v_head_dim":1}`: "Field=qk_nope_head_dim",
		strings.Repeat(" ", MaxConfig+1):                                                                                                                         "checkpoint.large",
	} {
		_, err := ReadConfig("a.json", []byte(text))
		var p *sim.Problem
		if !errors.As(err, &p) || !strings.Contains(p.Error(), wants) || p.Args["File"] != "a.json" {
			t.Errorf("%.90s: %v, want %s", text, err, wants)
		}
	}
}

// TestOtherNames: a field has the names that its class knows, and no other's.
func TestOtherNames(t *testing.T) {
	same := func(what, a, b string) {
		t.Helper()
		x, err := ReadConfig("a.json", []byte(a))
		y, err2 := ReadConfig("a.json", []byte(b))
		if err != nil || err2 != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %+v %v, want %+v %v", what, x, err, y, err2)
		}
	}
	// GPT-2's table has n_positions rows, whatever its first files say of n_ctx.
	same("n_ctx", `{"model_type":"gpt2","n_embd":768,"n_ctx":512}`, `{"model_type":"gpt2","n_embd":768,"n_positions":1024}`)
	same("hidden_size", `{"model_type":"gpt2","n_layer":2,"hidden_size":1536}`, `{"model_type":"gpt2","n_layer":2,"n_embd":1536}`)
	const llama = `{"model_type":"llama","hidden_size":4096`
	same("n_layer", llama+`,"n_layer":4,"n_head":8,"n_embd":64,"n_positions":7}`, llama+`}`)
}

// TestSwitchedOff: layers that are listed with a window of a class that has it off.
func TestSwitchedOff(t *testing.T) {
	const text = `{"model_type":"qwen2","hidden_size":64,"num_attention_heads":8,"num_hidden_layers":2,"layer_types":["full_attention","sliding_attention"]`
	_, err := ReadConfig("a.json", []byte(text+`}`))
	var p *sim.Problem
	if !errors.As(err, &p) || p.Args["Field"] != "layer_types" {
		t.Errorf("%v", err)
	}
	if s, err := ReadConfig("a.json", []byte(text+`,"num_key_value_heads":8,"use_sliding_window":true}`)); err != nil || s.Local != 1 || s.Window != 4096 {
		t.Errorf("%+v %v", s, err)
	}
}

// FuzzReadConfig: no file makes ReadConfig panic, and what it takes can be
// counted: nothing is negative, nothing wraps around.
func FuzzReadConfig(f *testing.F) {
	for _, text := range configs {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"model_type":"llama","hidden_size":16777216,"intermediate_size":1,"num_attention_heads":1,"num_hidden_layers":1,"vocab_size":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadConfig("config.json", data)
		if err != nil {
			var p *sim.Problem
			if !errors.As(err, &p) {
				t.Fatalf("not a Problem: %v", err)
			}
			return
		}
		if s.Params() <= 0 || s.Params() > maxParams || s.ActiveParams() > s.Params() || s.KVBytesPerToken() <= 0 {
			t.Fatalf("%+v: %d parameters", s, s.Params())
		}
		b, err := s.Bill(Job{largest, largest, largest}, Default())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(b.Total[:], b.Decode[0], b.Prefill[1]) {
			for _, x := range c.flows() {
				if (*x).Sign() < 0 {
					t.Fatalf("%+v: %v", s, c)
				}
			}
		}
		for _, h := range groupsPrices(s) {
			for _, item := range h {
				for i := range item.macs {
					if item.macs[i] < 0 || item.weights[i] < 0 || item.elementwise < 0 || item.kvRead < 0 {
						t.Fatalf("%+v: a price wrapped around: %+v", s, item)
					}
				}
			}
		}
	})
}

func groupsPrices(s Shape) []price {
	all := []price{s.headPrice(), s.entryPrice()}
	for _, g := range s.groups() {
		all = append(all, s.price(g.half))
	}
	return all
}

// TestReadConfigLeftOut: a field that is left out means what its class says.
func TestReadConfigLeftOut(t *testing.T) {
	read := func(text string) Shape {
		t.Helper()
		s, err := ReadConfig("config.json", []byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		return s
	}
	mistral := `{"model_type":"mistral","hidden_size":4096,"intermediate_size":14336,"num_attention_heads":32,"num_hidden_layers":32,"vocab_size":32000`
	if s := read(mistral + `}`); s.KVHeads != 8 || s.Window != 4096 || s.Local != 32 || s.Context != 131072 || s.Params() != 7241732096 {
		t.Errorf("%+v", s)
	}
	if s := read(mistral + `,"num_key_value_heads":null,"sliding_window":null}`); s.KVHeads != 32 || s.Local != 0 { // null is none
		t.Errorf("%+v", s)
	}
	if s := read(`{"model_type":"gemma2","hidden_size":3584,"intermediate_size":14336,"num_hidden_layers":42,"num_attention_heads":16,"num_key_value_heads":8}`); s.Window != 4096 || s.Local != 21 ||
		s.HeadDim != 256 || !s.Tied || !s.Softcap || !s.LogitCap || s.Params() != 9241705984 {
		t.Errorf("%+v", s)
	}
	if s := read(`{"model_type":"qwen3","hidden_size":1024,"intermediate_size":3072,"num_hidden_layers":28,"num_attention_heads":16,"num_key_value_heads":8,"tie_word_embeddings":true}`); s.HeadDim != 128 ||
		s.Local != 0 || s.Params() != 596049920 {
		t.Errorf("%+v", s)
	}
	if s := read(`{"model_type":"qwen2","hidden_size":64,"num_hidden_layers":32,"use_sliding_window":true}`); s.Local != 4 || s.Window != 4096 || s.KVHeads != 32 {
		t.Errorf("%+v", s)
	}
	// Gemma 3 as published: the text model leaves out what its class has.
	for name, text := range map[string]string{
		"Gemma-3-4b-it":  `"hidden_size":2560,"intermediate_size":10240,"num_hidden_layers":34,"sliding_window":1024`,
		"Gemma-3-12b-it": `"hidden_size":3840,"intermediate_size":15360,"num_attention_heads":16,"num_hidden_layers":48,"num_key_value_heads":8,"sliding_window":1024`,
		"Gemma-3-27b-it": `"head_dim":128,"hidden_size":5376,"intermediate_size":21504,"num_attention_heads":32,"num_hidden_layers":62,"num_key_value_heads":16,"query_pre_attn_scalar":168,"sliding_window":1024`,
	} {
		want, _, _ := Preset(name)
		if s := read(`{"model_type":"gemma3","text_config":{"model_type":"gemma3_text","rope_scaling":{"factor":8.0,"rope_type":"linear"},` + text + `},"torch_dtype":"bfloat16"}`); s != want {
			t.Errorf("%s: %+v, want\n%+v", name, s, want)
		}
	}
	// LLaVA 1.5 leaves out everything that Llama's class has.
	if s := read(`{"model_type":"llava","text_config":{"model_type":"llama","max_position_embeddings":4096,"vocab_size":32064},"tie_word_embeddings":false}`); s.Params() != 6738939904 {
		t.Errorf("%d parameters", s.Params())
	}
}

// TestReadConfigChanges: fields that change a count are counted, or refused by name.
func TestReadConfigChanges(t *testing.T) {
	const opt = `{"model_type":"opt","hidden_size":768,"ffn_dim":3072,"num_attention_heads":12,"num_hidden_layers":12,"vocab_size":50000`
	const phi = `{"model_type":"phi3","hidden_size":3072,"num_attention_heads":24,"num_hidden_layers":32,"num_key_value_heads":8,"vocab_size":200064`
	const qwen = `{"model_type":"qwen3","hidden_size":64,"num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,"intermediate_size":8,"vocab_size":9`
	read := func(text string) Shape {
		t.Helper()
		s, err := ReadConfig("config.json", []byte(text+"}"))
		if err != nil {
			t.Fatal(text, err)
		}
		return s
	}
	want(t, "without biases", read(opt).Params()-read(opt+`,"enable_bias":false`).Params(), 12*(4*768+3072+768))
	if a, b := read(opt).Act, read(opt+`,"activation_function":"gelu"`).Act; a != relu || b != gelusErf {
		t.Errorf("%d and %d operations a unit", a, b)
	}
	turned := read(phi + `,"partial_rotary_factor":0.75`)
	if turned.Rotated != 96 || turned != read(phi+`,"rope_parameters":{"rope_type":"longrope","partial_rotary_factor":0.75,"rope_theta":10000}`) {
		t.Errorf("%+v", turned)
	}
	want(t, "biases of Qwen3", read(qwen+`,"attention_bias":true`).Params()-read(qwen).Params(), 3*(64+2*32+64))
	deepseek := strings.TrimSuffix(configs["DeepSeek-V2-Lite"], "}")
	list := strings.Replace(deepseek, `"moe_layer_freq":1`, `"moe_layer_freq":[0`+strings.Repeat(",1", 26)+`]`, 1)
	if read(list) != read(deepseek) {
		t.Error("a list that says the same")
	}
	for text, wants := range map[string]string{
		strings.Replace(list, "[0,1", "[0,0", 1):                                        "Field=moe_layer_freq File=config.json Have=[0,0,1",
		strings.Replace(deepseek, `"moe_layer_freq":1`, `"moe_layer_freq":2`, 1):        "Field=moe_layer_freq File=config.json Have=2",
		strings.Replace(deepseek, `"attention_bias":false`, `"attention_bias":true`, 1): "Field=attention_bias",
		opt + `,"layer_norm_elementwise_affine":false`:                                  "Field=layer_norm_elementwise_affine",
		opt + `,"_remove_final_layer_norm":true`:                                        "Field=_remove_final_layer_norm",
		opt + `,"word_embed_proj_dim":512`:                                              "Field=word_embed_proj_dim",
		opt + `,"activation_function":"tanh"`:                                           "Field=activation_function",
		phi + `,"attention_bias":true`:                                                  "Field=attention_bias",
		phi + `,"lm_head_bias":true`:                                                    "Field=lm_head_bias",
		qwen + `,"rope_parameters":{"partial_rotary_factor":0.5}`:                       "Field=partial_rotary_factor",
		qwen + `,"num_local_experts":8`:                                                 "Field=num_local_experts",
		qwen + `,"layer_types":["full_attention"]`:                                      "Field=layer_types",
		qwen + `,"layer_types":["full_attention","linear_attention","full_attention"]`:  "Have=linear_attention",
		qwen + `,"num_hidden_layers":[1,2,3]`:                                           "config.type: Field=num_hidden_layers File=config.json Have=[1,2,3]",
		qwen + `,"hidden_size":Infinity`:                                                "Field=hidden_size File=config.json Have=Infinity",
		qwen + `,"quantization_config":{"quant_method":"fp8"}`:                          "Field=quantization_config",
		qwen + `,"quantization":{"group_size":64,"bits":4}`:                             "Field=quantization",
	} {
		_, err := ReadConfig("config.json", []byte(text+"}"))
		if err == nil || !strings.Contains(err.Error(), wants) {
			t.Errorf("%.120s: %v, want %s", text, err, wants)
		}
	}
}

// TestEveryClassIsCounted, and no other: what is refused as unknown is told with the classes.
func TestEveryClassIsCounted(t *testing.T) {
	if known := slices.Sorted(maps.Keys(hfFamilies)); !slices.Equal(known, hf.Classes()) {
		t.Errorf("%v are counted, of the classes %v", known, hf.Classes())
	}
}
