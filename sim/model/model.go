package model

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Cache is what a layer needs of a KV cache; sim/kv has the real ones. Its
// memory must be there before a pass begins.
type Cache interface {
	// Append stores the K and V of the next token, [kv_heads*head_dim] each.
	Append(layer int, k, v []float32)
	// Sees is what that token's query meets, [sees, head_dim] each, and the
	// positions of these rows; nil means 0, 1, 2, ...
	Sees(layer, kvHead int) (k, v mat.Matrix, at []int)
	// Lasts tells whether what Sees returned may be read until the next row is appended (else
	// until Sees is called again), and whether until the pass ends, where a query sees the first
	// rows of what later ones see, and nobody asks how it spread its attention.
	Lasts() (row, pass bool)
	// Attended is how a query head of that token spread its attention, [sees].
	Attended(layer, kvHead int, probs []float32)
}

// Row is where one row of a pass stands: its position in its sequence, and the
// cache of that sequence, which holds what stands before it.
type Row struct {
	Pos   int
	Cache Cache
}

// Rows returns m rows of one sequence, from position pos on.
func Rows(m, pos int, cache Cache) []Row {
	rows := make([]Row, m)
	for i := range rows {
		rows[i] = Row{pos + i, cache}
	}
	return rows
}

// Model is a config, its weights and the tables made from them. It is never
// written after New, so any number of runs may share it.
type Model struct {
	Config  sim.Config
	Weights sim.Weights
	rope    *mat.Rope // nil for a model without positions
	scale   float32   // 1/sqrt(head_dim)
	group   int       // query heads that share one K/V head
}

// New checks the shape and prepares the RoPE table.
func New(c sim.Config, w sim.Weights) (*Model, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	if c.WeightBits = 0; w.Embed.Bits() != 32 {
		c.WeightBits = w.Embed.Bits()
	}
	m := &Model{Config: c, Weights: w, scale: mat.Rsqrt(float32(c.HeadDim)), group: c.Heads / c.KVHeads}
	if !c.NoPE {
		m.rope = mat.NewRope(c.Context, c.HeadDim, c.RopeBase, c.RopeInterleaved, llama3Scale(c.RopeScaling))
	}
	return m, nil
}

// llama3Scale returns how Llama 3 scales the angle per position of a pair, nil for not.
func llama3Scale(s *sim.RopeScaling) func(angle float64) float64 {
	if s == nil {
		return nil
	}
	return func(angle float64) float64 {
		turns := float64(float64(s.Original)*angle) / (2 * math.Pi) // in the context of the training
		switch {
		case turns > s.HighFreq:
			return angle
		case turns < s.LowFreq:
			return angle / s.Factor
		}
		smooth := (turns - s.LowFreq) / (s.HighFreq - s.LowFreq)
		return float64((1-smooth)*(angle/s.Factor)) + float64(smooth*angle)
	}
}

// Families are the kinds of decoder that Layer knows.
var Families = []string{"llama", "qwen2", "qwen3", "gpt2"}

// Check refuses impossible shapes with Problem "config.field", naming the field.
func Check(c sim.Config) error {
	bad := func(field string, have any) error {
		return sim.NewProblem("config.field", "Field", field, "Have", have)
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"dim", c.Dim}, {"layers", c.Layers}, {"heads", c.Heads}, {"kv_heads", c.KVHeads},
		{"head_dim", c.HeadDim}, {"ffn", c.FFN}, {"vocab", c.Vocab}, {"context", c.Context}} {
		if f.n <= 0 {
			return bad(f.name, f.n)
		}
	}
	switch {
	case !slices.Contains(Families, c.Family):
		return bad("family", c.Family)
	case c.Heads%c.KVHeads != 0: // a query head must belong to exactly one K/V head
		return bad("kv_heads", c.KVHeads)
	case !c.NoPE && c.HeadDim%2 != 0: // RoPE turns pairs
		return bad("head_dim", c.HeadDim)
	case !c.NoPE && (!(c.RopeBase > 0) || math.IsInf(c.RopeBase, 0)):
		return bad("rope_base", c.RopeBase)
	case !(c.NormEps > 0):
		return bad("norm_eps", c.NormEps)
	}
	return nil
}

// KVHead returns the K/V head that query head h reads.
func (m *Model) KVHead(h int) int { return h / m.group }

// Embed copies the embedding of each token into x, [len(tokens), dim]; in a model
// with learned positions it adds those from pos on.
func (m *Model) Embed(x mat.Matrix, tokens []int, pos int) {
	learned := m.Weights.Positions
	for i, id := range tokens {
		m.Weights.Embed.CopyRow(x.Row(i), id)
		if learned.NumRows() > 0 {
			mat.Add(x.Row(i), x.Row(i), learned.Row(pos+i))
		}
	}
}
