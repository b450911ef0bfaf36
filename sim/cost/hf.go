package cost

import (
	"errors"
	"fmt"
	"slices"

	"kvstep/sim"
	"kvstep/sim/hf"
)

// MaxConfig is the largest config.json that ReadConfig takes, in bytes.
const MaxConfig = 1 << 20

// hfFamilies are the model types that are read, and the family of each.
var hfFamilies = map[string]string{
	"llama": "llama", "mistral": "llama", "mixtral": "llama", "phi3": "llama",
	"qwen2": "qwen2", "qwen3": "qwen3", "qwen3_moe": "qwen3",
	"gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3", "gemma3_text": "gemma3",
	"deepseek_v2": "deepseek", "deepseek_v3": "deepseek",
	"gpt2": "gpt2", "opt": "opt",
}

// ReadConfig returns the shape that a Hugging Face config.json describes, in
// float16. file is its name in messages. Errors are *sim.Problem "config.*",
// naming the field as it is spelled in the file.
func ReadConfig(file string, data []byte) (Shape, error) {
	if len(data) > MaxConfig {
		return Shape{}, hf.Problem("checkpoint.large", file, "Have", len(data), "Max", MaxConfig)
	}
	h, err := hf.Read(file, data)
	if err != nil {
		return Shape{}, err
	}
	family, known := hfFamilies[h.Type]
	switch {
	case h.Type == "":
		return Shape{}, hf.Problem("config.missing", file, "Field", "model_type")
	case !known:
		return Shape{}, hf.Problem("cost.type", file, "Have", hf.Clip(h.Type), "Known", hf.Classes())
	}
	r := &reader{Config: h, file: file}
	s := r.shape(family)
	if h.Err != nil {
		return Shape{}, h.Err
	}
	return s, inFile(file, s.Check())
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

// reader takes fields one by one. The first thing that is wrong stays in Err.
type reader struct {
	*hf.Config
	file string
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func (r *reader) shape(family string) Shape {
	names := [][]string{{"hidden_size"}, {"num_hidden_layers"}, {"num_attention_heads"}, {"max_position_embeddings"}}
	if family == "gpt2" { // which has both
		for i, own := range []string{"n_embd", "n_layer", "n_head", "n_positions"} {
			names[i] = append(names[i], own)
		}
	}
	if r.Nested == "" && !slices.ContainsFunc(append(names[0], names[1]...), r.Says) {
		r.Fail(hf.Problem("config.missing", r.file, "Field", "hidden_size")) // a file that says so little is of no model
	}
	c := sim.Config{
		Family: family, BOS: -1, EOS: -1,
		Dim:     r.Need(names[0]...),
		Layers:  r.Need(names[1]...),
		Heads:   r.Need(names[2]...),
		Vocab:   r.Need("vocab_size"),
		Context: r.Need(names[3]...),
		Tied:    r.Is("tie_word_embeddings"),
	}
	switch family {
	case "gpt2":
		c.FFN = or(r.Int("n_inner"), 4*min(c.Dim, maxWidth))
	case "opt":
		c.FFN = r.Need("ffn_dim")
	default:
		c.FFN = r.Need("intermediate_size")
	}
	c.KVHeads = c.Heads
	if family != "gpt2" && family != "opt" && family != "deepseek" {
		c.KVHeads = or(r.Int("num_key_value_heads"), c.Heads)
		c.NoPE = r.nope(c.Layers)
	}
	r.headDim(&c)
	if r.Err != nil {
		return Shape{}
	}
	s := styled(c)
	r.Stored()
	r.Causal()
	r.Headed()
	r.style(&s)
	r.windows(&s)
	r.experts(&s)
	if family == "deepseek" {
		s.MLA = MLA{QRank: or(r.Int("q_lora_rank"), 0), KVRank: r.Need("kv_lora_rank"), Rope: r.Need("qk_rope_head_dim"),
			Nope: r.Need("qk_nope_head_dim"), V: r.Need("v_head_dim")}
		s.HeadDim, s.KVHeads = min(s.MLA.Rope, maxWidth)+min(s.MLA.Nope, maxWidth), s.Heads
	}
	return s
}

// headDim takes hidden_size / heads, unless it is written down.
func (r *reader) headDim(c *sim.Config) {
	width := r.Int("head_dim")
	switch {
	case c.Family == "deepseek" || c.Heads <= 0:
		c.HeadDim = 1 // set by the latent's widths; or refused by Check
	case width != nil && c.Family != "gpt2" && c.Family != "opt":
		c.HeadDim = *width
	case c.Dim%c.Heads != 0:
		r.Fail(hf.Problem("config.divide", r.file, "Field", "hidden_size", "Have", c.Dim, "By", "num_attention_heads", "ByHave", c.Heads))
	default:
		c.HeadDim = c.Dim / c.Heads
	}
	if width != nil && *width != c.HeadDim && c.Family != "deepseek" {
		r.Unsupported("head_dim", *width) // of a class that has no such field
	}
}

// nope reports whether no layer uses RoPE. All layers must agree.
func (r *reader) nope(layers int) bool {
	list := r.Ints("no_rope_layers")
	if len(list) == 0 {
		return false
	}
	if len(list) != layers || slices.Contains(list, 1-list[0]) {
		r.Unsupported("no_rope_layers", fmt.Sprint(list))
	}
	return list[0] == 0
}
