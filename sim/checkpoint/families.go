package checkpoint

import (
	"fmt"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// weights puts the tensors of a checkpoint into their places.
func (t *tensorReader) weights(c sim.Config) (sim.Weights, error) {
	var w sim.Weights
	t.decide()
	if c.Family == "gpt2" {
		w = t.gpt2(c)
	} else {
		w = t.llama(c)
	}
	if err := t.finish(); err != nil {
		return sim.Weights{}, err
	}
	return w, nil
}

// llama takes the tensors of a Llama, and of its relatives: Qwen2 has biases for
// Q, K and V, Qwen3 norms for every head of Q and K.
func (t *tensorReader) llama(c sim.Config) sim.Weights {
	model := "model." // missing where only the decoder was saved
	if !t.has("model.embed_tokens.weight") && t.has("embed_tokens.weight") {
		model = ""
	}
	embed := model + "embed_tokens.weight"
	w := sim.Weights{Embed: t.matrix(embed, c.Vocab, c.Dim)} // [vocab, dim]
	// Stops at the first error: a config may claim 4096 layers over an empty file.
	for i := 0; i < c.Layers && t.err == nil; i++ {
		in := func(name string) string { return fmt.Sprintf("%slayers.%d.%s", model, i, name) }
		l := sim.LayerWeights{
			AttnNorm: t.vector(in("input_layernorm.weight"), c.Dim),             // [dim]
			Q:        t.matrix(in("self_attn.q_proj.weight"), c.QDim(), c.Dim),  // [heads*head_dim, dim]
			K:        t.matrix(in("self_attn.k_proj.weight"), c.KVDim(), c.Dim), // [kv_heads*head_dim, dim]
			V:        t.matrix(in("self_attn.v_proj.weight"), c.KVDim(), c.Dim), // [kv_heads*head_dim, dim]
			O:        t.matrix(in("self_attn.o_proj.weight"), c.Dim, c.QDim()),  // [dim, heads*head_dim]
			MLPNorm:  t.vector(in("post_attention_layernorm.weight"), c.Dim),    // [dim]
			Gate:     t.matrix(in("mlp.gate_proj.weight"), c.FFN, c.Dim),        // [ffn, dim]
			Up:       t.matrix(in("mlp.up_proj.weight"), c.FFN, c.Dim),          // [ffn, dim]
			Down:     t.matrix(in("mlp.down_proj.weight"), c.Dim, c.FFN),        // [dim, ffn]
		}
		switch c.Family {
		case "qwen2":
			l.QBias = t.vector(in("self_attn.q_proj.bias"), c.QDim())
			l.KBias = t.vector(in("self_attn.k_proj.bias"), c.KVDim())
			l.VBias = t.vector(in("self_attn.v_proj.bias"), c.KVDim())
		case "qwen3":
			l.QNorm = t.vector(in("self_attn.q_norm.weight"), c.HeadDim)
			l.KNorm = t.vector(in("self_attn.k_norm.weight"), c.HeadDim)
		}
		t.skip(in("self_attn.rotary_emb.inv_freq")) // a table that older files kept
		w.Layers = append(w.Layers, l)
	}
	w.FinalNorm = t.vector(model+"norm.weight", c.Dim)
	w.Unembed = t.head(c, w.Embed, embed)
	return w
}

// gpt2 takes the tensors of a GPT-2. Its linear layers (Conv1D) keep weights as
// [in, out], and those of Q, K and V side by side in one.
func (t *tensorReader) gpt2(c sim.Config) sim.Weights {
	model := "" // without a language model's head, the decoder's names have no prefix
	if t.has("transformer.wte.weight") {
		model = "transformer."
	}
	embed := model + "wte.weight"
	w := sim.Weights{
		Embed:     t.matrix(embed, c.Vocab, c.Dim),               // [vocab, dim]
		Positions: t.table(model+"wpe.weight", c.Context, c.Dim), // [context, dim]
	}
	d := c.Dim
	for i := 0; i < c.Layers && t.err == nil; i++ {
		in := func(name string) string { return fmt.Sprintf("%sh.%d.%s", model, i, name) }
		qkv := t.transposed(in("attn.c_attn.weight"), 3*d, d) // [3*dim, dim]: Q, K, V
		bias := t.vector(in("attn.c_attn.bias"), 3*d)
		if t.err != nil {
			break
		}
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: t.vector(in("ln_1.weight"), d), AttnBias: t.vector(in("ln_1.bias"), d),
			Q: qkv.Rows(0, d), K: qkv.Rows(d, 2*d), V: qkv.Rows(2*d, 3*d),
			QBias: bias[:d:d], KBias: bias[d : 2*d : 2*d], VBias: bias[2*d:],
			O: t.transposed(in("attn.c_proj.weight"), d, d), OBias: t.vector(in("attn.c_proj.bias"), d),
			MLPNorm: t.vector(in("ln_2.weight"), d), MLPBias: t.vector(in("ln_2.bias"), d),
			Up: t.transposed(in("mlp.c_fc.weight"), c.FFN, d), UpBias: t.vector(in("mlp.c_fc.bias"), c.FFN),
			Down: t.transposed(in("mlp.c_proj.weight"), d, c.FFN), DownBias: t.vector(in("mlp.c_proj.bias"), d),
		})
		t.skip(in("attn.bias")) // the causal mask, which older files kept
		t.skip(in("attn.masked_bias"))
	}
	w.FinalNorm, w.FinalBias = t.vector(model+"ln_f.weight", d), t.vector(model+"ln_f.bias", d)
	w.Unembed = t.head(c, w.Embed, embed)
	return w
}

// head returns the output head: the same memory as the embedding when tied.
func (t *tensorReader) head(c sim.Config, embed mat.Matrix, name string) mat.Matrix {
	const head = "lm_head.weight"
	if !c.Tied {
		return t.matrix(head, c.Vocab, c.Dim)
	}
	t.skipCopy(head, name)
	return embed
}
