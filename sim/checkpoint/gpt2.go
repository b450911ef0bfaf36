package checkpoint

import (
	"encoding/json"

	"kvstep/sim"
)

// gpt2Config is what config.json of a GPT-2 has. Defaults are transformers'.
type gpt2Config struct {
	Act       *string  `json:"activation_function"` // default gelu_new
	Dim       *int     `json:"n_embd"`
	Layers    *int     `json:"n_layer"`
	Heads     *int     `json:"n_head"`
	FFN       *int     `json:"n_inner"` // default 4 n_embd
	Vocab     *int     `json:"vocab_size"`
	Positions *int     `json:"n_positions"`
	Ctx       *int     `json:"n_ctx"` // the same, in older files
	NormEps   *float64 `json:"layer_norm_epsilon"`
	Tied      *bool    `json:"tie_word_embeddings"` // default true

	// What would change the computation, and is not built.
	Scale        *bool           `json:"scale_attn_weights"` // default true
	ScaleByLayer bool            `json:"scale_attn_by_inverse_layer_idx"`
	Cross        bool            `json:"add_cross_attention"`
	Quantization json.RawMessage `json:"quantization_config"`

	BOS json.RawMessage `json:"bos_token_id"`
	EOS json.RawMessage `json:"eos_token_id"`
}

// parseGPT2 is parseConfig for a GPT-2.
func parseGPT2(file string, data []byte) (c sim.Config, ends []int, err error) {
	var h gpt2Config
	if err := unmarshal(file, data, &h); err != nil {
		return c, nil, err
	}
	c = sim.Config{Family: "gpt2", NoPE: true, Tied: or(h.Tied, true), NormEps: float32(or(h.NormEps, 1e-5))}
	if h.Positions == nil {
		h.Positions = h.Ctx
	}
	if err := need(file, []size{
		{"n_embd", h.Dim, &c.Dim}, {"n_layer", h.Layers, &c.Layers}, {"n_head", h.Heads, &c.Heads},
		{"vocab_size", h.Vocab, &c.Vocab}, {"n_positions", h.Positions, &c.Context},
	}); err != nil {
		return c, nil, err
	}
	if err := h.supported(file); err != nil {
		return c, nil, err
	}
	if c.KVHeads = c.Heads; c.Heads > 0 {
		if c.Dim%c.Heads != 0 {
			return c, nil, problem("config.divide", file, "Field", "n_embd", "Have", c.Dim, "By", "n_head", "ByHave", c.Heads)
		}
		c.HeadDim = c.Dim / c.Heads
	}
	if c.FFN = or(h.FFN, 0); h.FFN == nil && c.Dim <= maxWidth {
		c.FFN = 4 * c.Dim
	}
	if err := checkConfig(file, c, gpt2Names); err != nil {
		return c, nil, err
	}
	ends, err = tokenIDs(file, h.BOS, h.EOS, &c)
	return c, ends, err
}

// supported refuses what the engine would compute wrongly.
func (h *gpt2Config) supported(file string) error {
	refuse := func(field string, have any) error {
		return problem("config.unsupported", file, "Field", field, "Have", have)
	}
	switch {
	// Two names of the same tanh; "gelu" is the one with erf.
	case h.Act != nil && *h.Act != "gelu_new" && *h.Act != "gelu_pytorch_tanh":
		return refuse("activation_function", clip(*h.Act))
	case h.Scale != nil && !*h.Scale:
		return refuse("scale_attn_weights", false)
	case h.ScaleByLayer:
		return refuse("scale_attn_by_inverse_layer_idx", true)
	case h.Cross:
		return refuse("add_cross_attention", true)
	case given(h.Quantization):
		return refuse("quantization_config", clip(string(h.Quantization)))
	}
	return nil
}
