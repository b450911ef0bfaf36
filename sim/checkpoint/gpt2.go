package checkpoint

import (
	"kvstep/sim"
	"kvstep/sim/hf"
)

// parseGPT2 reads what a GPT-2 has.
func parseGPT2(h *hf.Config) sim.Config {
	c := sim.Config{
		Family: "gpt2", NoPE: true, Tied: h.Is("tie_word_embeddings"), NormEps: float32(or(h.Float("layer_norm_epsilon"), 0)),
		Dim: h.Need("n_embd", "hidden_size"), Layers: h.Need("n_layer", "num_hidden_layers"), Heads: h.Need("n_head", "num_attention_heads"),
		Vocab: h.Need("vocab_size"), Context: h.Need("n_positions", "max_position_embeddings"),
	}
	c.KVHeads, c.HeadDim = c.Heads, headDim(h.File, h, "", c)
	if c.FFN = or(h.Int("n_inner"), 0); h.Int("n_inner") == nil && c.Dim <= maxWidth {
		c.FFN = 4 * c.Dim
	}
	// What the engine would compute wrongly. Two names of the same tanh; "gelu" is the one with erf.
	if act := or(h.Text("activation_function"), "gelu_new"); act != "gelu_new" && act != "gelu_pytorch_tanh" {
		h.Unsupported("activation_function", act)
	}
	if !or(h.Bool("scale_attn_weights"), true) {
		h.Unsupported("scale_attn_weights", false)
	}
	for _, field := range []string{"scale_attn_by_inverse_layer_idx", "add_cross_attention"} {
		if h.Is(field) {
			h.Unsupported(field, true)
		}
	}
	return c
}
