package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"kvstep/sim"
)

// hfConfig is the part of Hugging Face's config.json that a Llama needs.
// Pointers tell a missing or null field from zero. Defaults are those of
// transformers' LlamaConfig, except that missing BOS and EOS ids mean none.
type hfConfig struct {
	ModelType string   `json:"model_type"`
	Act       *string  `json:"hidden_act"`
	Dim       *int     `json:"hidden_size"`
	Layers    *int     `json:"num_hidden_layers"`
	Heads     *int     `json:"num_attention_heads"`
	KVHeads   *int     `json:"num_key_value_heads"` // default: heads
	HeadDim   *int     `json:"head_dim"`            // default: hidden_size / heads
	FFN       *int     `json:"intermediate_size"`
	Vocab     *int     `json:"vocab_size"`
	Context   *int     `json:"max_position_embeddings"` // default 2048
	NormEps   *float64 `json:"rms_norm_eps"`            // default 1e-6
	RopeBase  *float64 `json:"rope_theta"`              // default 10000

	// One number for each layer, as in SmolLM3: 1 turns Q and K, 0 does not.
	RopeLayers []int `json:"no_rope_layers"`

	// What would change the computation, and is not built.
	RopeScaling   *ropeScaling `json:"rope_scaling"`
	RopeParams    *ropeScaling `json:"rope_parameters"` // the newer spelling of both
	AttentionBias bool         `json:"attention_bias"`
	MLPBias       bool         `json:"mlp_bias"`

	Tied bool            `json:"tie_word_embeddings"`
	BOS  json.RawMessage `json:"bos_token_id"` // a number, or null
	EOS  json.RawMessage `json:"eos_token_id"` // a number, a list of them, or null
}

// ropeScaling is a change of the RoPE angles; "default" is none.
type ropeScaling struct {
	Type    string   `json:"rope_type"`
	OldType string   `json:"type"`       // the same, before 2024
	Theta   *float64 `json:"rope_theta"` // in rope_parameters only
}

// maxConfig is the largest config.json that is read, in bytes.
const maxConfig = 1 << 20

// limits of each size, far above any model known, so that no product of a few
// of them passes an int64. What is allocated is bounded by the file anyway.
const (
	maxWidth   = 1 << 20 // numbers; Llama-3.1-405B has 16,384 (ffn 53,248)
	maxLayers  = 1 << 12 // 405B has 126
	maxVocab   = 1 << 24 // ids; the largest in use are about 262,144
	maxContext = 1 << 24 // tokens; Llama 4 Scout claims 10,485,760
)

// parseConfig reads config.json of a Llama. Errors are *sim.Problem
// "config.*", naming the field as it is spelled in the file.
func parseConfig(file string, data []byte) (sim.Config, error) {
	var h hfConfig
	if err := json.Unmarshal(data, &h); err != nil {
		// A field of the wrong type is worth its name; anything else is bad JSON.
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return sim.Config{}, problem("config.type", file, "Field", wrong.Field, "Have", wrong.Value).Because(err)
		}
		return sim.Config{}, problem("config.json", file).Because(err)
	}
	if err := h.supported(file); err != nil {
		return sim.Config{}, err
	}
	c := sim.Config{Family: "llama", Context: 2048, NormEps: 1e-6, RopeBase: 10000, Tied: h.Tied}
	// The five sizes that have no default.
	for _, f := range []struct {
		name string
		from *int
		to   *int
	}{
		{"hidden_size", h.Dim, &c.Dim}, {"num_hidden_layers", h.Layers, &c.Layers},
		{"num_attention_heads", h.Heads, &c.Heads}, {"intermediate_size", h.FFN, &c.FFN},
		{"vocab_size", h.Vocab, &c.Vocab},
	} {
		if f.from == nil {
			return c, problem("config.missing", file, "Field", f.name)
		}
		*f.to = *f.from
	}
	c.KVHeads = or(h.KVHeads, c.Heads) // multi-head attention unless it says otherwise
	c.Context = or(h.Context, c.Context)
	c.NormEps = float32(or(h.NormEps, 1e-6))
	c.RopeBase = or(h.RopeBase, 10000)
	if h.RopeParams != nil {
		c.RopeBase = or(h.RopeParams.Theta, c.RopeBase)
	}
	// heads x head_dim need not be hidden_size when head_dim is written down.
	if h.HeadDim != nil {
		c.HeadDim = *h.HeadDim
	} else if c.Heads > 0 {
		if c.Dim%c.Heads != 0 {
			return c, problem("config.divide", file, "Field", "hidden_size", "Have", c.Dim, "By", "num_attention_heads", "ByHave", c.Heads)
		}
		c.HeadDim = c.Dim / c.Heads
	}
	var err error
	if c.NoPE, err = h.nope(file, c.Layers); err != nil {
		return c, err
	}
	if c.BOS, err = tokenID(file, "bos_token_id", h.BOS, c.Vocab); err != nil {
		return c, err
	}
	if c.EOS, err = tokenID(file, "eos_token_id", h.EOS, c.Vocab); err != nil {
		return c, err
	}
	return c, checkConfig(file, c, hfNames)
}

// nope tells whether no layer uses RoPE. All layers must agree.
func (h *hfConfig) nope(file string, layers int) (bool, error) {
	const field = "no_rope_layers"
	if len(h.RopeLayers) == 0 {
		return false, nil
	}
	if len(h.RopeLayers) != layers {
		return false, problem("config.range", file, "Field", field, "Have", len(h.RopeLayers), "Min", layers, "Max", layers)
	}
	for _, use := range h.RopeLayers {
		if use != h.RopeLayers[0] || use != 0 && use != 1 {
			return false, problem("config.unsupported", file, "Field", field, "Have", clip(fmt.Sprint(h.RopeLayers)))
		}
	}
	return h.RopeLayers[0] == 0, nil
}

// or is *p, or a default when p is nil.
func or[T any](p *T, otherwise T) T {
	if p != nil {
		return *p
	}
	return otherwise
}

// supported refuses what the engine would compute wrongly.
func (h *hfConfig) supported(file string) error {
	refuse := func(field string, have any) error {
		return problem("config.unsupported", file, "Field", field, "Have", have)
	}
	// scaled is the kind of a rope_scaling that changes the angles.
	scaled := func(r *ropeScaling) (string, bool) {
		if r == nil {
			return "", false
		}
		kind := r.Type
		if kind == "" {
			kind = r.OldType
		}
		return kind, kind != "" && kind != "default"
	}
	switch {
	case h.ModelType != "llama":
		return refuse("model_type", h.ModelType)
	case h.Act != nil && *h.Act != "silu":
		return refuse("hidden_act", *h.Act)
	case h.AttentionBias:
		return refuse("attention_bias", true)
	case h.MLPBias:
		return refuse("mlp_bias", true)
	}
	if kind, yes := scaled(h.RopeScaling); yes {
		return refuse("rope_scaling", kind)
	}
	if kind, yes := scaled(h.RopeParams); yes {
		return refuse("rope_parameters", kind)
	}
	return nil
}

// tokenID reads a token id of config.json: a number, the first of a list, or
// -1 for null and missing.
func tokenID(file, field string, raw json.RawMessage, vocab int) (int, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return -1, nil
	}
	var id int
	if err := json.Unmarshal(raw, &id); err != nil {
		var list []int
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			return 0, problem("config.type", file, "Field", field, "Have", clip(string(raw)))
		}
		id = list[0]
	}
	if id < 0 || id >= vocab {
		return 0, problem("config.range", file, "Field", field, "Have", id, "Min", 0, "Max", vocab-1)
	}
	return id, nil
}

// clip shortens text of a file that goes into a message.
func clip(s string) string {
	if r := []rune(s[:min(len(s), 400)]); len(r) > 60 || len(s) > 400 {
		return string(r[:min(len(r), 60)]) + "…"
	}
	return s
}

// names are how one format calls the fields of sim.Config, for messages.
type names struct{ dim, layers, heads, kvHeads, headDim, ffn, vocab, context, eps, base string }

var (
	hfNames = names{"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
		"head_dim", "intermediate_size", "vocab_size", "max_position_embeddings", "rms_norm_eps", "rope_theta"}
	llama2cNames = names{"dim", "n_layers", "n_heads", "n_kv_heads",
		"dim / n_heads", "hidden_dim", "vocab_size", "seq_len", "", ""}
)

// checkConfig refuses a shape that no transformer can have: sizes of zero or
// beyond all reason, key/value heads that do not share the query heads evenly,
// heads of odd width (RoPE turns pairs).
func checkConfig(file string, c sim.Config, n names) error {
	for _, f := range []struct {
		field     string
		have, max int
	}{
		{n.dim, c.Dim, maxWidth}, {n.layers, c.Layers, maxLayers}, {n.heads, c.Heads, maxWidth},
		{n.kvHeads, c.KVHeads, maxWidth}, {n.headDim, c.HeadDim, maxWidth}, {n.ffn, c.FFN, maxWidth},
		{n.vocab, c.Vocab, maxVocab}, {n.context, c.Context, maxContext},
	} {
		if f.have < 1 || f.have > f.max {
			return problem("config.range", file, "Field", f.field, "Have", f.have, "Min", 1, "Max", f.max)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return problem("config.divide", file, "Field", n.heads, "Have", c.Heads, "By", n.kvHeads, "ByHave", c.KVHeads)
	case !c.NoPE && c.HeadDim%2 != 0:
		return problem("config.divide", file, "Field", n.headDim, "Have", c.HeadDim, "By", "RoPE", "ByHave", 2)
	case int64(c.Heads)*int64(c.HeadDim) > maxWidth:
		return problem("config.range", file, "Field", n.heads+" x "+n.headDim, "Have", int64(c.Heads)*int64(c.HeadDim), "Min", 1, "Max", maxWidth)
	// Written so that NaN fails too.
	case !(c.NormEps >= 0 && c.NormEps < 1):
		return problem("config.range", file, "Field", n.eps, "Have", c.NormEps, "Min", 0, "Max", 1)
	case !(c.RopeBase >= 1 && c.RopeBase < math.MaxFloat32):
		return problem("config.range", file, "Field", n.base, "Have", c.RopeBase, "Min", 1, "Max", float32(math.MaxFloat32))
	}
	return nil
}
