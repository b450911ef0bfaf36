package model

import (
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// BenchmarkLogits makes the logits of one row of GPT-2's shape again: what looking back
// at a head step costs.
func BenchmarkLogits(b *testing.B) {
	c := sim.Config{Dim: 768, Vocab: 50257, NormEps: 1e-5}
	w := sim.Weights{Unembed: mat.Of(c.Vocab, c.Dim, mat.Uninit(c.Vocab*c.Dim)), FinalNorm: make([]float32, c.Dim)}
	for i := range c.Vocab {
		for j, row := 0, w.Unembed.Row(i); j < c.Dim; j++ {
			row[j] = float32((i+j)%7 - 3)
		}
	}
	m, x := &Model{Config: c, Weights: w}, mat.New(1, c.Dim)
	x.Row(0)[0] = 1
	for b.Loop() {
		m.Logits(x)
	}
}
