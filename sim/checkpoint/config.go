package checkpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/hf"
)

// familyOf is the family of each model type that loads. What a file leaves out
// is as sim/hf says, except that missing BOS and EOS ids mean none.
var familyOf = map[string]string{"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gpt2": "gpt2"}

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

// parseConfig reads config.json. ends are ids that end a text beside EOS. Errors
// are *sim.Problem "config.*", naming the field as it is spelled in the file.
func parseConfig(file string, data []byte) (c sim.Config, ends []int, err error) {
	h, err := hf.Read(file, data)
	if err != nil {
		return c, nil, err
	}
	if familyOf[h.Type] == "" || h.Nested != "" {
		return c, nil, problem("config.unsupported", file, "Field", "model_type", "Have", Clip(cmp.Or(h.Nested, h.Type)))
	}
	if !h.Says("hidden_size") && !h.Says("num_hidden_layers") && !h.Says("n_embd") && !h.Says("n_layer") {
		return c, nil, problem("config.missing", file, "Field", "hidden_size") // a file that says so little is of no model
	}
	of := hfNames
	if h.Type == "gpt2" {
		of, c = gpt2Names, parseGPT2(h)
	} else {
		c = parseLlama(file, h)
	}
	h.Stored()
	if h.Causal(); h.Err != nil {
		return c, nil, h.Err
	}
	if err := checkConfig(file, c, of); err != nil {
		return c, nil, err
	}
	ends, err = tokenIDs(file, h.Given("bos_token_id"), h.Given("eos_token_id"), &c)
	return c, ends, err
}

// parseLlama reads what a Llama and its relatives have.
func parseLlama(file string, h *hf.Config) sim.Config {
	c := sim.Config{
		Family: familyOf[h.Type], NormEps: float32(or(h.Float("rms_norm_eps"), 0)), Tied: h.Is("tie_word_embeddings"),
		Dim: h.Need("hidden_size"), Layers: h.Need("num_hidden_layers"), Heads: h.Need("num_attention_heads"),
		FFN: h.Need("intermediate_size"), Vocab: h.Need("vocab_size"), Context: h.Need("max_position_embeddings"),
	}
	c.KVHeads = or(h.Int("num_key_value_heads"), c.Heads)
	c.HeadDim = headDim(file, h, "head_dim", c)
	c.NoPE = nope(file, h, c.Layers)
	rope(file, h, &c)
	supported(h, c)
	return c
}

// headDim returns hidden_size / heads, unless it is written down: heads x head_dim need not
// be hidden_size then.
func headDim(file string, h *hf.Config, field string, c sim.Config) int {
	if width := h.Int(field); width != nil {
		return *width
	}
	switch {
	case c.Heads <= 0:
	case c.Dim%c.Heads != 0:
		of := hfNames
		if c.Family == "gpt2" {
			of = gpt2Names
		}
		h.Fail(problem("config.divide", file, "Field", of.dim, "Have", c.Dim, "By", of.heads, "ByHave", c.Heads))
	default:
		return c.Dim / c.Heads
	}
	return 0 // refused by checkConfig
}

// nope reports whether no layer uses RoPE: no_rope_layers is one number for each layer, as
// in SmolLM3, of which 1 turns Q and K and 0 does not. All layers must agree.
func nope(file string, h *hf.Config, layers int) bool {
	const field = "no_rope_layers"
	list := h.Ints(field)
	if len(list) == 0 {
		return false
	}
	if len(list) != layers {
		h.Fail(problem("config.range", file, "Field", field, "Have", len(list), "Min", layers, "Max", layers))
	}
	for _, use := range list {
		if use != list[0] || use != 0 && use != 1 {
			h.Unsupported(field, fmt.Sprint(list))
		}
	}
	return list[0] == 0
}

// or returns *p, or a default when p is nil.
func or[T any](p *T, otherwise T) T {
	if p != nil {
		return *p
	}
	return otherwise
}

// supported refuses what the engine would compute wrongly.
func supported(h *hf.Config, c sim.Config) {
	if act := or(h.Text("hidden_act"), "silu"); act != "silu" {
		h.Unsupported("hidden_act", act)
	}
	if h.Is("attention_bias") && c.Family != "qwen2" { // Qwen2's are always there, whatever this says
		h.Unsupported("attention_bias", true)
	}
	if h.Is("mlp_bias") {
		h.Unsupported("mlp_bias", true)
	}
	for _, t := range h.Texts("layer_types") {
		if t != "full_attention" {
			h.Unsupported("layer_types", t)
		}
	}
	// A window is as good as none while no text can be longer. Llama's class knows none,
	// but a file that says one means it.
	window := or(h.Int("sliding_window"), 0)
	if (c.Family == "llama" || h.Is("use_sliding_window")) && window != 0 && window < c.Context {
		h.Unsupported("sliding_window", window)
	}
}

// given reports whether a field is there and not null.
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

// generationEnds reads the EOS ids of generation_config.json, which stand in the place of those
// of config.json where there are any: transformers generates by that file alone.
func generationEnds(file string, data []byte, c *sim.Config, ends []int) ([]int, error) {
	var h struct {
		EOS json.RawMessage `json:"eos_token_id"`
	}
	if err := hf.Unmarshal(file, data, &h); err != nil {
		return nil, err
	}
	own, err := idList(file, "eos_token_id", h.EOS, c.Vocab)
	if len(own) == 0 {
		return ends, err
	}
	c.EOS, ends = own[0], nil
	for _, id := range own[1:] {
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
		return nil, problem("config.type", file, "Field", field, "Have", Clip(string(raw)))
	}
	for _, id := range list {
		if id < 0 || id >= vocab {
			return nil, problem("config.range", file, "Field", field, "Have", id, "Min", 0, "Max", vocab-1)
		}
	}
	return list, nil
}

// Clip shortens text of a stranger that goes into a message.
func Clip(s string) string { return hf.Clip(s) }

// fieldNames are how one format calls the fields of sim.Config, for messages.
type fieldNames struct{ dim, layers, heads, kvHeads, headDim, ffn, vocab, context, eps, base string }

var (
	hfNames = fieldNames{"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
		"head_dim", "intermediate_size", "vocab_size", "max_position_embeddings", "rms_norm_eps", "rope_theta"}
	gpt2Names = fieldNames{"n_embd", "n_layer", "n_head", "n_head", "n_embd / n_head", "n_inner", "vocab_size",
		"n_positions", "layer_norm_epsilon", ""}
	llama2cNames = fieldNames{"dim", "n_layers", "n_heads", "n_kv_heads",
		"dim / n_heads", "hidden_dim", "vocab_size", "seq_len", "", ""}
)

// checkConfig refuses a shape that no transformer can have: sizes of zero or
// beyond all reason, key/value heads that do not share the query heads evenly,
// heads of odd width (RoPE turns pairs).
func checkConfig(file string, c sim.Config, n fieldNames) error {
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
	case !(c.NormEps > 0):
		return problem("config.above", file, "Field", n.eps, "Have", c.NormEps, "Than", 0)
	case !(c.NormEps < 1):
		return problem("config.range", file, "Field", n.eps, "Have", c.NormEps, "Min", 0, "Max", 1)
	case !c.NoPE && !(c.RopeBase >= 1 && c.RopeBase < math.MaxFloat32):
		return problem("config.range", file, "Field", n.base, "Have", c.RopeBase, "Min", 1, "Max", float32(math.MaxFloat32))
	}
	return nil
}
