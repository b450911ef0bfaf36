// Package sim holds the words of kvstep: the values that every other room
// exchanges. It has no behaviour.
//
// Read step.go first: a Step is one pause of a run, and the only thing that
// crosses a floor of the house (docs/architecture.md).
package sim

import "kvstep/sim/mat"

// Config is the shape of a transformer. Names follow the Hugging Face fields
// they are read from; all sizes are counts.
type Config struct {
	Family  string `json:"family"`   // "llama", "qwen2" (biases on Q, K, V), "qwen3" (norms of Q and K) or "gpt2"
	Dim     int    `json:"dim"`      // width of the residual stream, d_model
	Layers  int    `json:"layers"`   // number of decoder layers
	Heads   int    `json:"heads"`    // query heads, H
	KVHeads int    `json:"kv_heads"` // key/value heads, G: G = H is MHA, G = 1 is MQA, between is GQA
	HeadDim int    `json:"head_dim"` // width of one head; Heads x HeadDim need not equal Dim
	FFN     int    `json:"ffn"`      // hidden width of the MLP
	Vocab   int    `json:"vocab"`    // number of token ids
	Context int    `json:"context"`  // longest sequence the model was built for, in tokens

	NormEps  float32 `json:"norm_eps"`  // added to the mean square in RMSNorm, to the variance in LayerNorm
	RopeBase float64 `json:"rope_base"` // RoPE angle of pair i at position p is p * base^(-2i/head_dim)
	// RopeInterleaved pairs elements (2i, 2i+1) as llama2.c does; otherwise
	// (i, i+head_dim/2) as Hugging Face does.
	RopeInterleaved bool `json:"rope_interleaved"`
	// RopeScaling stretches the angles for a context longer than that of the
	// training, nil for none.
	RopeScaling *RopeScaling `json:"rope_scaling,omitempty"`
	// NoPE leaves Q and K as they are: no position is encoded but by the mask, or
	// by a learned row that is added to each embedding (GPT-2).
	NoPE bool `json:"nope,omitempty"`
	Tied bool `json:"tied"` // the output head is the embedding table

	// WeightBits is how many a number of a weight matrix has in memory where that is
	// not 32: 16, as in the file, in a large model. Nothing that is computed depends on it.
	WeightBits int `json:"weight_bits,omitempty"`

	BOS int `json:"bos"` // id put before a prompt, -1 for none
	EOS int `json:"eos"` // id that ends a text, -1 for none
}

// RopeScaling is Llama 3's: pairs that turn slowly, less than once in the context
// of the training / LowFreq, turn Factor times slower; fast ones, more than once
// in it / HighFreq, as ever; in between it is blended.
type RopeScaling struct {
	Factor   float64 `json:"factor"`
	LowFreq  float64 `json:"low_freq_factor"`
	HighFreq float64 `json:"high_freq_factor"`
	Original int     `json:"original_max_position_embeddings"`
}

// QDim returns the width of all query heads together, H x head_dim.
func (c Config) QDim() int { return c.Heads * c.HeadDim }

// KVDim returns the width of all key (or value) heads together, G x head_dim.
func (c Config) KVDim() int { return c.KVHeads * c.HeadDim }

// Weights are the parameters of one model. Every matrix is [out, in], so that
// a linear layer is the dot product of an input row with each weight row.
type Weights struct {
	Embed     mat.Matrix // [vocab, dim]
	Positions mat.Matrix // [context, dim], learned, added to the embeddings; no rows in models with RoPE
	Layers    []LayerWeights
	FinalNorm []float32  // [dim]
	FinalBias []float32  // [dim] of a LayerNorm, nil for an RMSNorm
	Unembed   mat.Matrix // [vocab, dim]; the same memory as Embed when tied
}

// LayerWeights are the parameters of one decoder layer. Those that a family does
// not have are nil, or have no rows.
type LayerWeights struct {
	AttnNorm []float32  // [dim], gain of the norm before attention
	Q        mat.Matrix // [heads*head_dim, dim]
	K        mat.Matrix // [kv_heads*head_dim, dim]
	V        mat.Matrix // [kv_heads*head_dim, dim]
	O        mat.Matrix // [dim, heads*head_dim]
	MLPNorm  []float32  // [dim], gain of the norm before the MLP
	Gate     mat.Matrix // [ffn, dim], none where the MLP is Down gelu(Up x)
	Up       mat.Matrix // [ffn, dim]
	Down     mat.Matrix // [dim, ffn]

	AttnBias, MLPBias   []float32 // [dim] of LayerNorms
	QBias, KBias, VBias []float32 // [heads*head_dim], [kv_heads*head_dim] twice
	OBias, DownBias     []float32 // [dim]
	UpBias              []float32 // [ffn]
	QNorm, KNorm        []float32 // [head_dim], gain of the RMSNorm of every head of Q, of K
}
