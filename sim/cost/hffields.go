package cost

import (
	"fmt"
	"slices"

	"kvstep/sim/hf"
)

// foreign are fields that change a count in some class, and the value that changes
// nothing; a class that does not read them here may not have them otherwise.
var foreign = []struct {
	field, neutral string
	readBy         []string // families, or model types
}{
	{"attention_bias", "false", []string{"llama type", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"}}, // Qwen2's are always there
	{"mlp_bias", "false", []string{"llama type"}},
	{"use_bias", "false", nil}, {"use_qkv_bias", "false", nil}, {"lm_head_bias", "false", nil}, {"bias", "false", nil},
	{"qkv_bias", "true", []string{"llama", "qwen3", "gemma", "gemma2", "gemma3", "deepseek"}}, // one that is false is foreign to Qwen2
	{"enable_bias", "true", []string{"opt", "llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "deepseek", "gpt2"}},
	{"num_local_experts", "0", []string{"mixtral type", "qwen3_moe type", "deepseek"}},
	{"num_experts", "0", []string{"mixtral type", "qwen3_moe type", "deepseek"}},
	{"n_routed_experts", "0", []string{"deepseek"}},
	{"n_shared_experts", "0", []string{"deepseek"}}, {"num_shared_experts", "0", nil}, {"shared_expert_intermediate_size", "0", nil},
	{"kv_lora_rank", "0", []string{"deepseek"}}, {"num_kv_shared_layers", "0", nil}, {"add_cross_attention", "false", nil},
	{"qk_layernorm", "false", nil}, {"qk_norm", "false", nil}, {"use_qk_norm", "false", nil}, {"add_qkv_bias", "false", nil},
	{"add_bias_linear", "false", nil}, {"use_parallel_residual", "false", nil}, {"parallel_attn", "false", nil},
}

// others refuses fields of other classes.
func (r *reader) others(s *Shape) {
	for _, f := range foreign {
		raw := r.Given(f.field)
		if raw == nil || string(raw) == f.neutral || slices.Contains(f.readBy, s.Family) || slices.Contains(f.readBy, r.Type+" type") {
			continue
		}
		r.Unsupported(f.field, string(raw))
	}
}

// style reads what the layers are made of.
func (r *reader) style(s *Shape) {
	r.others(s)
	r.activation(s)
	if partial := r.Rope().Partial; partial != 1 {
		if r.Type != "phi3" || !(partial > 0 && partial < 1) {
			r.Unsupported("partial_rotary_factor", partial)
		}
		if s.Rotated = int(float64(s.HeadDim) * partial); s.Rotated%2 != 0 || s.Rotated == 0 {
			r.Unsupported("partial_rotary_factor", partial)
		}
	}
	switch {
	case s.Family == "opt":
		r.opt(s)
	case s.Family == "gpt2" || s.Family == "deepseek":
	default:
		if r.Is("attention_bias") && s.Family != "qwen2" {
			s.QKVBias, s.OutBias = true, true
		}
		s.MLPBias = s.MLPBias || r.Type == "llama" && r.Is("mlp_bias")
	}
	if s.Family == "gemma2" || s.Family == "gemma3" {
		s.Softcap, s.LogitCap = r.Float("attn_logit_softcapping") != nil, r.Float("final_logit_softcapping") != nil
	}
}

// opt reads what files of OPT and of Galactica say.
func (r *reader) opt(s *Shape) {
	if wide := or(r.Int("word_embed_proj_dim"), s.Dim); wide != s.Dim {
		r.Unsupported("word_embed_proj_dim", wide)
	}
	for _, field := range []string{"do_layer_norm_before", "layer_norm_elementwise_affine"} {
		if !r.Is(field) {
			r.Unsupported(field, false)
		}
	}
	if r.Is("_remove_final_layer_norm") {
		r.Unsupported("_remove_final_layer_norm", true)
	}
	bias := r.Is("enable_bias")
	s.QKVBias, s.OutBias, s.MLPBias = bias, bias, bias
}

// activation must be one that the family is counted with.
func (r *reader) activation(s *Shape) {
	fields, known := []string{"hidden_act", "hidden_activation"}, []string{"silu", "swish"}
	switch s.Family {
	case "gemma", "gemma2", "gemma3":
		known = []string{"gelu", "gelu_pytorch_tanh"} // Gemma's first configs say gelu and mean the other
	case "gpt2", "opt":
		fields, known = []string{"activation_function"}, []string{"relu", "gelu_new", "gelu_pytorch_tanh", "gelu", "silu", "swish"}
	}
	for _, field := range fields {
		have := r.Text(field)
		if have == nil {
			continue
		}
		if !slices.Contains(known, *have) {
			r.Unsupported(field, *have)
		}
		if ops, ok := acts[*have]; ok && !s.Gated {
			s.Act = ops
		}
	}
}

// acts are operations per hidden unit of an MLP without a gate.
var acts = map[string]int64{"relu": relu, "gelu_new": gelu, "gelu_pytorch_tanh": gelu, "gelu": gelusErf, "silu": rmsGated - 1, "swish": rmsGated - 1}

// windows finds which layers see only the newest tokens. Every class says it in its own
// way; newer files list the kind of each layer.
func (r *reader) windows(s *Shape) {
	width := or(r.Int("sliding_window"), 0)
	local := 0
	switch {
	case width == 0 || s.Family == "gpt2" || s.Family == "opt" || s.Family == "deepseek":
	case s.Family == "gemma2": // every other one, the first included
		local = s.Layers - s.Layers/2
	case s.Family == "gemma3": // five, and then one that sees everything
		if every := or(r.Int("sliding_window_pattern"), 6); every > 0 {
			local = s.Layers - s.Layers/every
		} else {
			r.Unsupported("sliding_window_pattern", every)
		}
	case s.Family == "qwen2" || s.Family == "qwen3":
		if r.Is("use_sliding_window") { // the layers below max_window_layers see everything
			local = max(0, s.Layers-max(0, or(r.Int("max_window_layers"), 0)))
		}
	case r.Type == "mistral" || r.Type == "mixtral" || r.Type == "phi3":
		local = s.Layers
	}
	if listed, ok := r.listed(s); ok {
		switch {
		case r.Type != "mistral" && r.Type != "mixtral" && r.Type != "phi3" && r.Type != "llama":
			local = listed
			// Qwen's width is none unless it is switched on, whatever is listed.
			off := (s.Family == "qwen2" || s.Family == "qwen3") && !r.Is("use_sliding_window")
			if listed > 0 && (width == 0 || off) {
				r.Unsupported("layer_types", "sliding_attention")
			}
		case listed != local:
			r.Unsupported("layer_types", fmt.Sprintf("%d x sliding_attention", listed))
		}
	}
	if s.Local = local; local > 0 {
		s.Window = width
	}
}

// listed returns how many layers are listed as ones with a window.
func (r *reader) listed(s *Shape) (local int, ok bool) {
	kinds := r.Texts("layer_types")
	if len(kinds) == 0 {
		return 0, false
	}
	if len(kinds) != s.Layers {
		r.Fail(hf.Problem("config.range", r.file, "Field", "layer_types", "Have", len(kinds), "Min", s.Layers, "Max", s.Layers))
	}
	for _, kind := range kinds {
		switch kind {
		case "sliding_attention":
			local++
		case "full_attention":
		default:
			r.Unsupported("layer_types", kind)
		}
	}
	return local, true
}

// experts reads the mixture in place of MLPs.
func (r *reader) experts(s *Shape) {
	names := []string{"num_local_experts", "num_experts", "n_routed_experts"}
	if r.Type != "mixtral" && r.Type != "qwen3_moe" && s.Family != "deepseek" {
		return
	}
	e := or(r.Int(names...), 0)
	if e == 0 {
		return
	}
	s.MoE = MoE{Experts: e, Active: r.Need("num_experts_per_tok"), FFN: s.FFN}
	if r.Type == "mixtral" {
		return
	}
	s.MoE.FFN = or(r.Int("moe_intermediate_size"), s.FFN)
	s.MoE.Dense, s.MoE.Bias = or(r.Int("first_k_dense_replace"), 0), or(r.Text("topk_method"), "") == "noaux_tc"
	r.frequency(s)
	if step := or(r.Int("decoder_sparse_step"), 1); step != 1 {
		r.Unsupported("decoder_sparse_step", step)
	}
	if list := r.Ints("mlp_only_layers"); len(list) > 0 {
		r.Unsupported("mlp_only_layers", fmt.Sprint(list))
	}
	if s.Family == "deepseek" {
		s.MoE.Shared = int(min(int64(or(r.Int("n_shared_experts"), 0))*int64(min(s.MoE.FFN, maxWidth)), maxContext))
	}
}

// frequency reads moe_layer_freq: every so many layers have experts, or a list of which
// have. Only what first_k_dense_replace says too is taken.
func (r *reader) frequency(s *Shape) {
	const field = "moe_layer_freq"
	raw := r.Given(field)
	if raw == nil || string(raw) == "1" {
		return
	}
	if raw[0] != '[' {
		r.Unsupported(field, string(raw))
		return
	}
	list := r.Ints(field)
	for i, has := range list {
		if len(list) != s.Layers || has != 0 && has != 1 || (has == 1) != (i >= s.MoE.Dense) {
			r.Unsupported(field, string(raw))
			return
		}
	}
}
