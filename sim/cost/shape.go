package cost

import (
	"cmp"

	"kvstep/sim"
)

// Shape is a model as the counting sees it: its sizes, what its layers are
// made of, and the width of one number. It has no weights. Of makes the shape
// of a model that runs here; Preset and ReadConfig know published ones, which
// need more words than the engine's Config has.
type Shape struct {
	sim.Config
	Style

	Bits   int // of one weight: 32 is float32, 16 float16, 4 a quantised weight
	KVBits int // of one number of the cache

	// Window is how many keys a query of a local layer sees, itself included,
	// and so how many tokens such a layer keeps. 0: there are none.
	Window int
	Local  int // how many of the Layers are local

	MoE MoE // zero: every MLP is dense
	MLA MLA // zero: K and V are cached as they are
}

// Style is what sets one kind of decoder apart.
type Style struct {
	Norms      int   // norms of the residual stream in a layer: 2, or 4 (before and after, Gemma 2 and 3)
	LayerNorm  bool  // LayerNorm with bias; otherwise RMSNorm, gain only
	Gated      bool  // the MLP has a gate: three matrices, otherwise two
	Act        int64 // operations per hidden unit: SiLU 4, GELU(tanh) 9, ReLU 1, and 1 for the gate's product
	Rope       bool  // Q and K are rotated
	Rotated    int   // numbers of each head that are, 0 for all
	Positions  int   // rows of a learned table of positions, 0 for none
	QKVBias    bool  // biases on Q, K and V
	OutBias    bool  // bias on the output projection
	MLPBias    bool  // biases on the MLP
	HeadNorm   bool  // every head of Q and of K passes an RMSNorm before RoPE
	EmbedScale bool  // embeddings are multiplied by a number
	Softcap    bool  // scores are divided, squashed by tanh, multiplied
	LogitCap   bool  // logits likewise
}

// MoE is a mixture of experts in place of the MLP. Every expert is gated.
type MoE struct {
	Experts int  // E
	Active  int  // k: how many of them each token takes
	FFN     int  // hidden width of one expert
	Shared  int  // hidden width of what every token takes beside them, 0 for none
	Dense   int  // the first layers, which keep an ordinary MLP
	Bias    bool // a number is added to each expert's share before the choice (DeepSeek-V3)
}

// MLA is multi-head latent attention (DeepSeek-V2): what is cached is one
// latent vector and one rotated key per token and layer, for all heads.
type MLA struct {
	QRank  int    // width of the latent that Q is made of, 0 for none
	KVRank int    // c: width of the cached latent
	Rope   int    // width of the part of Q and K that is rotated
	Nope   int    // width of the part that is not
	V      int    // width of one head of V
	Form   string // "absorbed", "expanded", or "" : see price.go
}

// forms of MLA.
const (
	Auto     = ""         // expanded while nothing is cached, absorbed after that
	Absorbed = "absorbed" // scores and values are taken in the latent itself
	Expanded = "expanded" // K and V of every head are made of the latent first, in every pass again
)

const (
	rmsGated = 5  // SiLU and the product with the gate
	gelu     = 9  // tanh form
	geglu    = 10 // the same, and the product
	gelusErf = 5  // the form with erf, which counts as one operation
	relu     = 1
)

// styles are the families by name. Positions is filled in by styled.
var styles = map[string]Style{
	"llama":    {Norms: 2, Gated: true, Act: rmsGated, Rope: true},
	"qwen2":    {Norms: 2, Gated: true, Act: rmsGated, Rope: true, QKVBias: true},
	"qwen3":    {Norms: 2, Gated: true, Act: rmsGated, Rope: true, HeadNorm: true},
	"gemma":    {Norms: 2, Gated: true, Act: geglu, Rope: true, EmbedScale: true},
	"gemma2":   {Norms: 4, Gated: true, Act: geglu, Rope: true, EmbedScale: true, Softcap: true, LogitCap: true},
	"gemma3":   {Norms: 4, Gated: true, Act: geglu, Rope: true, EmbedScale: true, HeadNorm: true},
	"grok":     {Norms: 4, Gated: true, Act: geglu, Rope: true, EmbedScale: true, Softcap: true},
	"deepseek": {Norms: 2, Gated: true, Act: rmsGated, Rope: true},
	"gpt2":     {Norms: 2, LayerNorm: true, Act: gelu, QKVBias: true, OutBias: true, MLPBias: true},
	"opt":      {Norms: 2, LayerNorm: true, Act: relu, QKVBias: true, OutBias: true, MLPBias: true},
}

// styled returns a shape of a family, in float16.
func styled(c sim.Config) Shape {
	s := Shape{Config: c, Style: styles[c.Family], Bits: 16, KVBits: 16}
	switch c.Family {
	case "gpt2":
		s.Positions = c.Context
	case "opt":
		s.Positions = c.Context + 2 // its table begins two rows late
	}
	if c.NoPE {
		s.Rope = false
	}
	return s
}

// Of returns the shape of a model that runs here: in float32, but for weights that have
// stayed in 16 bits (norms and biases are counted like the rest).
func Of(c sim.Config) Shape { return styled(c).Wide(cmp.Or(c.WeightBits, 32), 32) }

// Keeping returns Of(c) with a cache that keeps at most so many tokens, 0 for all: a
// window in every layer. (What quantised rows take is for the cache to say, sim/kv.)
func Keeping(c sim.Config, most int) Shape {
	s := Of(c)
	if most > 0 {
		s.Window, s.Local = most, c.Layers
	}
	return s
}

// Wide returns s with other numbers: bits of a weight, and of what is cached.
func (s Shape) Wide(weight, kv int) Shape {
	s.Bits, s.KVBits = weight, kv
	return s
}

// Full returns s with every layer seeing everything.
func (s Shape) Full() Shape {
	s.Window, s.Local = 0, 0
	return s
}

// group is one half of some layers that cost the same: attention and MLP cost
// what they cost whichever of the other stands beside them.
type group struct {
	layers int64
	half   half
	window int64 // attention: keys a query sees, 0 for all
}

type half int

const (
	attention half = iota
	denseMLP
	experts
)

// groups returns the halves of all layers.
func (s Shape) groups() []group {
	dense := s.dense()
	return []group{
		{int64(s.Local), attention, int64(s.Window)},
		{int64(s.Layers - s.Local), attention, 0},
		{int64(dense), denseMLP, 0},
		{int64(s.Layers - dense), experts, 0},
	}
}

// layerHalves returns the two halves of one layer. Which layers are local a Shape does not
// know, only how many: they are taken as the first ones.
func (s Shape) layerHalves(l int) [2]group {
	a, m := group{1, attention, 0}, group{1, denseMLP, 0}
	if l < s.Local {
		a.window = int64(s.Window)
	}
	if l >= s.dense() {
		m.half = experts
	}
	return [2]group{a, m}
}

// dense returns the number of layers with an ordinary MLP.
func (s Shape) dense() int {
	if s.MoE.Experts > 0 {
		return s.MoE.Dense
	}
	return s.Layers
}
