package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"kvstep/sim"
)

// hfConfig is the part of Hugging Face's config.json that a Llama and its
// relatives need; GPT-2 has other names (gpt2Config). Pointers tell a missing or
// null field from zero. Defaults are those of transformers' configs, except that
// missing BOS and EOS ids mean none.
type hfConfig struct {
	ModelType string   `json:"model_type"`
	Act       *string  `json:"hidden_act"`
	Dim       *int     `json:"hidden_size"`
	Layers    *int     `json:"num_hidden_layers"`
	Heads     *int     `json:"num_attention_heads"`
	KVHeads   *int     `json:"num_key_value_heads"`
	HeadDim   *int     `json:"head_dim"` // default: hidden_size / heads
	FFN       *int     `json:"intermediate_size"`
	Vocab     *int     `json:"vocab_size"`
	Context   *int     `json:"max_position_embeddings"`
	NormEps   *float64 `json:"rms_norm_eps"` // default 1e-6
	RopeBase  *float64 `json:"rope_theta"`   // default 10000

	// One number for each layer, as in SmolLM3: 1 turns Q and K, 0 does not.
	RopeLayers []int `json:"no_rope_layers"`

	RopeScaling *ropeScaling `json:"rope_scaling"`
	RopeParams  *ropeScaling `json:"rope_parameters"` // the newer spelling of both

	// What would change the computation, and is not built.
	AttentionBias bool            `json:"attention_bias"`
	MLPBias       bool            `json:"mlp_bias"`
	Partial       *float64        `json:"partial_rotary_factor"`
	Window        json.RawMessage `json:"sliding_window"`
	UseWindow     bool            `json:"use_sliding_window"` // Qwen's; the window counts only with it
	LayerTypes    []string        `json:"layer_types"`
	Quantization  json.RawMessage `json:"quantization_config"`

	Tied bool            `json:"tie_word_embeddings"`
	BOS  json.RawMessage `json:"bos_token_id"` // a number, or null
	EOS  json.RawMessage `json:"eos_token_id"` // a number, a list of them, or null
}

// kind is a model_type of config.json: its family here, and the defaults of
// transformers where the file leaves something out.
type kind struct {
	family                          string
	context, kvHeads, headDim, slid int // kvHeads and headDim 0: from the heads; slid: of the window, 0 for none
}

var kinds = map[string]kind{
	"llama":   {"llama", 2048, 0, 0, 0},
	"mistral": {"llama", 131072, 8, 0, 4096},
	"qwen2":   {"qwen2", 32768, 32, 0, 0},
	"qwen3":   {"qwen3", 32768, 32, 128, 0},
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

// unmarshal reads a config into to. Errors are *sim.Problem "config.*".
func unmarshal(file string, data []byte, to any) error {
	err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), to)
	if err == nil {
		return nil
	}
	// A field of the wrong type is worth its name; anything else is bad JSON.
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return problem("config.type", file, "Field", wrong.Field, "Have", wrong.Value).Because(err)
	}
	return problem("config.json", file).Because(err)
}

// parseConfig reads config.json. ends are ids that end a text beside EOS. Errors
// are *sim.Problem "config.*", naming the field as it is spelled in the file.
func parseConfig(file string, data []byte) (c sim.Config, ends []int, err error) {
	var h hfConfig
	if err := unmarshal(file, data, &h); err != nil {
		return c, nil, err
	}
	if h.ModelType == "gpt2" {
		return parseGPT2(file, data)
	}
	k, known := kinds[h.ModelType]
	if !known {
		return c, nil, problem("config.unsupported", file, "Field", "model_type", "Have", clip(h.ModelType))
	}
	c = sim.Config{Family: k.family, NormEps: float32(or(h.NormEps, 1e-6)), Tied: h.Tied}
	// The five sizes that have no default.
	if err := need(file, []size{
		{"hidden_size", h.Dim, &c.Dim}, {"num_hidden_layers", h.Layers, &c.Layers},
		{"num_attention_heads", h.Heads, &c.Heads}, {"intermediate_size", h.FFN, &c.FFN},
		{"vocab_size", h.Vocab, &c.Vocab},
	}); err != nil {
		return c, nil, err
	}
	c.KVHeads = or(h.KVHeads, k.kvHeads)
	if h.KVHeads == nil && k.kvHeads == 0 {
		c.KVHeads = c.Heads // multi-head attention unless it says otherwise
	}
	c.Context = or(h.Context, k.context)
	// heads x head_dim need not be hidden_size when head_dim is written down.
	if c.HeadDim = or(h.HeadDim, k.headDim); c.HeadDim == 0 && h.HeadDim == nil && c.Heads > 0 {
		if c.Dim%c.Heads != 0 {
			return c, nil, problem("config.divide", file, "Field", "hidden_size", "Have", c.Dim, "By", "num_attention_heads", "ByHave", c.Heads)
		}
		c.HeadDim = c.Dim / c.Heads
	}
	if c.NoPE, err = h.nope(file, c.Layers); err != nil {
		return c, nil, err
	}
	if err := h.rope(file, &c); err != nil {
		return c, nil, err
	}
	if err := h.supported(file, k, c); err != nil {
		return c, nil, err
	}
	if err := checkConfig(file, c, hfNames); err != nil {
		return c, nil, err
	}
	ends, err = tokenIDs(file, h.BOS, h.EOS, &c)
	return c, ends, err
}

// size is a size that a config must have.
type size struct {
	name string
	from *int
	to   *int
}

// need copies sizes, and refuses those that are missing.
func need(file string, sizes []size) error {
	for _, s := range sizes {
		if s.from == nil {
			return problem("config.missing", file, "Field", s.name)
		}
		*s.to = *s.from
	}
	return nil
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
func (h *hfConfig) supported(file string, k kind, c sim.Config) error {
	refuse := func(field string, have any) error {
		return problem("config.unsupported", file, "Field", field, "Have", have)
	}
	switch {
	case h.Act != nil && *h.Act != "silu":
		return refuse("hidden_act", clip(*h.Act))
	case h.AttentionBias && k.family != "qwen2": // Qwen2's are always there, whatever this says
		return refuse("attention_bias", true)
	case h.MLPBias:
		return refuse("mlp_bias", true)
	case h.Partial != nil && *h.Partial != 1:
		return refuse("partial_rotary_factor", *h.Partial)
	case given(h.Quantization):
		return refuse("quantization_config", clip(string(h.Quantization)))
	}
	for _, t := range h.LayerTypes {
		if t != "full_attention" {
			return refuse("layer_types", clip(t))
		}
	}
	// A window is as good as none while no text can be longer.
	window := k.slid
	switch {
	case given(h.Window):
		if json.Unmarshal(h.Window, &window) != nil {
			return problem("config.type", file, "Field", "sliding_window", "Have", clip(string(h.Window)))
		}
	case len(h.Window) > 0: // null
		window = 0
	}
	if (k.family == "llama" || h.UseWindow) && window != 0 && window < c.Context {
		return refuse("sliding_window", window)
	}
	return nil
}

// given tells whether a field is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// tokenIDs reads BOS and EOS into c; of a list of EOS ids the first is EOS, and the
// rest come back.
func tokenIDs(file string, bos, eos json.RawMessage, c *sim.Config) ([]int, error) {
	first, err := idList(file, "bos_token_id", bos, c.Vocab)
	if err != nil {
		return nil, err
	}
	ends, err := idList(file, "eos_token_id", eos, c.Vocab)
	if err != nil {
		return nil, err
	}
	c.BOS, c.EOS = -1, -1
	if len(first) > 0 {
		c.BOS = first[0]
	}
	if len(ends) > 0 {
		c.EOS, ends = ends[0], ends[1:]
	}
	return slices.Clip(ends), nil
}

// moreEnds adds the EOS ids of generation_config.json.
func moreEnds(file string, data []byte, c sim.Config, ends []int) ([]int, error) {
	var h struct {
		EOS json.RawMessage `json:"eos_token_id"`
	}
	if err := unmarshal(file, data, &h); err != nil {
		return nil, err
	}
	more, err := idList(file, "eos_token_id", h.EOS, c.Vocab)
	for _, id := range more {
		if id != c.EOS && !slices.Contains(ends, id) {
			ends = append(ends, id)
		}
	}
	return ends, err
}

// maxEnds is how many ids may end a text.
const maxEnds = 64

// idList reads token ids of a config: a number, a list, or none for null and
// missing.
func idList(file, field string, raw json.RawMessage, vocab int) ([]int, error) {
	if !given(raw) {
		return nil, nil
	}
	var id int
	list := []int{}
	if json.Unmarshal(raw, &id) == nil {
		list = append(list, id)
	} else if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxEnds {
		return nil, problem("config.type", file, "Field", field, "Have", clip(string(raw)))
	}
	for _, id := range list {
		if id < 0 || id >= vocab {
			return nil, problem("config.range", file, "Field", field, "Have", id, "Min", 0, "Max", vocab-1)
		}
	}
	return list, nil
}

// AddsBOS tells whether tokenizer_config.json has BOS put before a text; told is
// false where there is no such file. It need not say: then tokenizers of Llama's
// class do it, and others do not.
func AddsBOS(fsys fs.FS) (adds, told bool, err error) {
	const file = "tokenizer_config.json"
	text, err := readFile(fsys, file, maxTokenizerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	var h struct {
		Adds  *bool  `json:"add_bos_token"`
		Class string `json:"tokenizer_class"`
	}
	if err := unmarshal(file, text, &h); err != nil {
		return false, false, err
	}
	return or(h.Adds, strings.HasPrefix(h.Class, "Llama")), true, nil
}

// maxTokenizerConfig is the largest tokenizer_config.json that is read, in bytes;
// some list hundreds of added tokens, and chat templates.
const maxTokenizerConfig = 8 << 20

// Clip shortens text of a stranger that goes into a message.
func Clip(s string) string { return clip(s) }

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
	gpt2Names = names{"n_embd", "n_layer", "n_head", "n_head", "n_embd / n_head", "n_inner", "vocab_size",
		"n_positions", "layer_norm_epsilon", ""}
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
	case !c.NoPE && !(c.RopeBase >= 1 && c.RopeBase < math.MaxFloat32):
		return problem("config.range", file, "Field", n.base, "Have", c.RopeBase, "Min", 1, "Max", float32(math.MaxFloat32))
	}
	return nil
}
