package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"kvstep/sim"
)

// MaxConfig is the largest config.json that ReadConfig takes, in bytes.
const MaxConfig = 1 << 20

// hf is what a Hugging Face config.json says of a model's shape. Pointers tell
// a missing or null field from zero.
type hf struct {
	ModelType string `json:"model_type"`
	Text      *hf    `json:"text_config"` // where a model has more than text

	Dim     *int  `json:"hidden_size"`
	Layers  *int  `json:"num_hidden_layers"`
	Heads   *int  `json:"num_attention_heads"`
	KVHeads *int  `json:"num_key_value_heads"`
	HeadDim *int  `json:"head_dim"`
	FFN     *int  `json:"intermediate_size"`
	Vocab   *int  `json:"vocab_size"`
	Context *int  `json:"max_position_embeddings"`
	Tied    *bool `json:"tie_word_embeddings"`

	// GPT-2's names, and OPT's
	NEmbd     *int  `json:"n_embd"`
	NLayer    *int  `json:"n_layer"`
	NHead     *int  `json:"n_head"`
	NInner    *int  `json:"n_inner"`
	NPosition *int  `json:"n_positions"`
	FFNDim    *int  `json:"ffn_dim"`
	WordDim   *int  `json:"word_embed_proj_dim"`
	NormFirst *bool `json:"do_layer_norm_before"`

	Act        *string  `json:"hidden_act"`
	Activation *string  `json:"hidden_activation"`
	AttnBias   *bool    `json:"attention_bias"`
	MLPBias    bool     `json:"mlp_bias"`
	Partial    *float64 `json:"partial_rotary_factor"`
	RopeLayers []int    `json:"no_rope_layers"` // 1 turns Q and K in that layer, 0 does not

	// layers with a window
	Window        *int     `json:"sliding_window"`
	UseWindow     *bool    `json:"use_sliding_window"`     // Qwen: the field above is there even when it is off
	MaxWindow     *int     `json:"max_window_layers"`      // Qwen: the layers below this one see everything
	WindowPattern *int     `json:"sliding_window_pattern"` // Gemma: every so many layers one sees everything
	LayerTypes    []string `json:"layer_types"`

	// experts
	Experts   *int   `json:"num_local_experts"` // Mixtral
	Experts2  *int   `json:"num_experts"`       // Qwen
	Experts3  *int   `json:"n_routed_experts"`  // DeepSeek
	Active    *int   `json:"num_experts_per_tok"`
	MoEFFN    *int   `json:"moe_intermediate_size"`
	Shared    *int   `json:"n_shared_experts"`
	Dense     *int   `json:"first_k_dense_replace"`
	Freq      *int   `json:"moe_layer_freq"`
	Sparse    *int   `json:"decoder_sparse_step"`
	DenseList []int  `json:"mlp_only_layers"`
	Topk      string `json:"topk_method"`

	// latent attention
	QRank  *int `json:"q_lora_rank"`
	KVRank *int `json:"kv_lora_rank"`
	Rope   *int `json:"qk_rope_head_dim"`
	Nope   *int `json:"qk_nope_head_dim"`
	V      *int `json:"v_head_dim"`
}

// hfFamilies are the model types that are read, and the family of each.
var hfFamilies = map[string]string{
	"llama": "llama", "mistral": "llama", "mixtral": "llama", "phi3": "llama",
	"qwen2": "qwen2", "qwen3": "qwen3", "qwen3_moe": "qwen3",
	"gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3", "gemma3_text": "gemma3",
	"deepseek_v2": "deepseek", "deepseek_v3": "deepseek",
	"gpt2": "gpt2", "opt": "opt",
}

// ReadConfig is the shape that a Hugging Face config.json describes, in
// float16. file is its name in messages. Errors are *sim.Problem "config.*",
// naming the field as it is spelled in the file.
func ReadConfig(file string, data []byte) (Shape, error) {
	var h hf
	if len(data) > MaxConfig {
		return Shape{}, problem("checkpoint.large", file, "Have", len(data), "Max", MaxConfig)
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &h); err != nil {
		// A field of the wrong type is worth its name; anything else is bad JSON.
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return Shape{}, problem("config.type", file, "Field", wrong.Field, "Have", wrong.Value).Because(err)
		}
		return Shape{}, problem("config.json", file).Because(err)
	}
	if h.Text != nil {
		if h.Text.ModelType == "" {
			h.Text.ModelType = h.ModelType
		}
		h = *h.Text
	}
	family, known := hfFamilies[h.ModelType]
	if !known {
		return Shape{}, problem("cost.type", file, "Have", h.ModelType, "Known", slices.Sorted(maps.Keys(hfFamilies)))
	}
	r := &reader{file: file, h: &h}
	s := r.shape(family)
	if r.err != nil {
		return Shape{}, r.err
	}
	return s, inFile(file, s.Check())
}

// problem is a Problem about a file; its fields come as name, value pairs.
func problem(id, file string, pairs ...any) *sim.Problem {
	return sim.NewProblem(id, append([]any{"File", file}, pairs...)...)
}

// inFile says in which file an impossible shape was found.
func inFile(file string, err error) error {
	var p *sim.Problem
	if errors.As(err, &p) {
		switch p.ID {
		case "cost.range":
			p.ID = "config.range"
		case "cost.divide":
			p.ID = "config.divide"
		}
		p.Args["File"] = file
		for _, arg := range []string{"Field", "By"} {
			if name, ok := p.Args[arg].(string); ok && spelled[name] != "" {
				p.Args[arg] = spelled[name]
			}
		}
	}
	return err
}

// spelled are our names of fields as config.json spells them.
var spelled = map[string]string{
	"dim": "hidden_size", "layers": "num_hidden_layers", "heads": "num_attention_heads",
	"kv_heads": "num_key_value_heads", "ffn": "intermediate_size", "vocab": "vocab_size",
	"context": "max_position_embeddings", "window": "sliding_window", "local_layers": "layer_types",
	"experts": "num_experts", "active_experts": "num_experts_per_tok", "moe_ffn": "moe_intermediate_size",
	"shared_ffn": "n_shared_experts", "dense_layers": "first_k_dense_replace",
}

// reader takes fields one by one. The first thing that is wrong stays in err.
type reader struct {
	file string
	h    *hf
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// need is a field without a default.
func (r *reader) need(name string, from ...*int) int {
	for _, f := range from {
		if f != nil {
			return *f
		}
	}
	r.fail(problem("config.missing", r.file, "Field", name))
	return 0
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func (r *reader) shape(family string) Shape {
	h := r.h
	c := sim.Config{
		Family: family, BOS: -1, EOS: -1,
		Dim:     r.need("hidden_size", h.Dim, h.NEmbd),
		Layers:  r.need("num_hidden_layers", h.Layers, h.NLayer),
		Heads:   r.need("num_attention_heads", h.Heads, h.NHead),
		Vocab:   r.need("vocab_size", h.Vocab),
		Context: 2048,
		Tied:    or(h.Tied, family == "gpt2" || family == "opt" || strings.HasPrefix(family, "gemma")),
	}
	switch family {
	case "gpt2":
		c.FFN = or(h.NInner, 4*min(c.Dim, maxWidth))
		c.Context = or(h.NPosition, 1024)
	case "opt":
		c.FFN = r.need("ffn_dim", h.FFNDim)
		if or(h.WordDim, c.Dim) != c.Dim {
			r.unsupported("word_embed_proj_dim", *h.WordDim)
		}
		if !or(h.NormFirst, true) {
			r.unsupported("do_layer_norm_before", false)
		}
	default:
		c.FFN = r.need("intermediate_size", h.FFN)
	}
	c.Context = or(h.Context, c.Context)
	c.KVHeads = or(h.KVHeads, c.Heads)
	c.NoPE = r.nope(c.Layers)
	r.headDim(&c)
	if r.err != nil {
		return Shape{}
	}
	s := styled(c)
	r.activation()
	r.biases(&s)
	r.windows(&s)
	r.experts(&s)
	if family == "deepseek" {
		s.MLA = MLA{QRank: or(h.QRank, 0), KVRank: r.need("kv_lora_rank", h.KVRank), Rope: r.need("qk_rope_head_dim", h.Rope),
			Nope: r.need("qk_nope_head_dim", h.Nope), V: r.need("v_head_dim", h.V)}
		s.HeadDim, s.KVHeads = min(s.MLA.Rope, maxWidth)+min(s.MLA.Nope, maxWidth), s.Heads
	}
	return s
}

func (r *reader) unsupported(field string, have any) {
	r.fail(problem("config.unsupported", r.file, "Field", field, "Have", have))
}

// headDim is hidden_size / heads, unless it is written down.
func (r *reader) headDim(c *sim.Config) {
	switch {
	case r.h.HeadDim != nil:
		c.HeadDim = *r.h.HeadDim
	case c.Family == "deepseek" || c.Heads <= 0:
		c.HeadDim = 1 // set by the latent's widths; or refused by Check
	case c.Dim%c.Heads != 0:
		r.fail(problem("config.divide", r.file, "Field", "hidden_size", "Have", c.Dim, "By", "num_attention_heads", "ByHave", c.Heads))
	default:
		c.HeadDim = c.Dim / c.Heads
	}
}

// nope tells whether no layer uses RoPE. All layers must agree.
func (r *reader) nope(layers int) bool {
	list := r.h.RopeLayers
	if len(list) == 0 {
		return false
	}
	if len(list) != layers || slices.Contains(list, 1-list[0]) {
		r.unsupported("no_rope_layers", len(list))
	}
	return list[0] == 0
}

// activation must be the one that the family is counted with.
func (r *reader) activation() {
	h := r.h
	if or(h.Partial, 1) != 1 {
		r.unsupported("partial_rotary_factor", *h.Partial)
	}
	for _, f := range []struct {
		name string
		have *string
	}{{"hidden_act", h.Act}, {"hidden_activation", h.Activation}} {
		known := []string{"silu", "swish"}
		switch hfFamilies[h.ModelType] {
		case "gemma", "gemma2", "gemma3":
			known = []string{"gelu", "gelu_pytorch_tanh"} // Gemma's first configs say gelu and mean the other
		case "gpt2", "opt":
			continue // under other names, and never another
		}
		if f.have != nil && !slices.Contains(known, *f.have) {
			r.unsupported(f.name, *f.have)
		}
	}
}

func (r *reader) biases(s *Shape) {
	if s.MLPBias = s.MLPBias || r.h.MLPBias; s.Family == "llama" && or(r.h.AttnBias, false) {
		s.QKVBias, s.OutBias = true, true
	} else if s.Family != "llama" && s.Family != "qwen2" && or(r.h.AttnBias, false) {
		r.unsupported("attention_bias", true)
	}
}

// windows finds which layers see only the newest tokens. Every family says it
// in its own way; newer files list the kind of each layer.
func (r *reader) windows(s *Shape) {
	h := r.h
	width := or(h.Window, 0)
	if width == 0 || h.UseWindow != nil && !*h.UseWindow {
		return
	}
	switch {
	case len(h.LayerTypes) > 0:
		for _, kind := range h.LayerTypes {
			if kind == "sliding_attention" {
				s.Local++
			}
		}
	case s.Family == "gemma2": // every other one, the first included
		s.Local = s.Layers - s.Layers/2
	case s.Family == "gemma3": // five, and then one that sees everything
		if every := or(h.WindowPattern, 6); every > 0 {
			s.Local = s.Layers - s.Layers/every
		} else {
			r.unsupported("sliding_window_pattern", every)
		}
	case h.ModelType == "qwen2" || h.ModelType == "qwen3":
		if h.UseWindow != nil {
			s.Local = max(0, s.Layers-or(h.MaxWindow, s.Layers))
		}
	case h.ModelType == "mistral" || h.ModelType == "mixtral" || h.ModelType == "phi3":
		s.Local = s.Layers
	}
	if s.Local > 0 {
		s.Window = width
	}
}

func (r *reader) experts(s *Shape) {
	h := r.h
	e := or(h.Experts, or(h.Experts2, or(h.Experts3, 0)))
	if e == 0 || h.ModelType != "mixtral" && h.ModelType != "qwen3_moe" && s.Family != "deepseek" {
		return
	}
	if or(h.Freq, 1) != 1 {
		r.unsupported("moe_layer_freq", *h.Freq)
	}
	if or(h.Sparse, 1) != 1 {
		r.unsupported("decoder_sparse_step", *h.Sparse)
	}
	if len(h.DenseList) > 0 {
		r.unsupported("mlp_only_layers", len(h.DenseList))
	}
	s.MoE = MoE{Experts: e, Active: r.need("num_experts_per_tok", h.Active), FFN: or(h.MoEFFN, s.FFN),
		Dense: or(h.Dense, 0), Bias: h.Topk == "noaux_tc"}
	if s.Family == "deepseek" {
		s.MoE.Shared = int(min(int64(or(h.Shared, 0))*int64(min(s.MoE.FFN, maxWidth)), maxContext))
	}
}
