package lens

import (
	"kvstep/sim"
	"kvstep/sim/model"
)

// attentionLens is the picture of one head.
var attentionLens = Lens{Name: "attention", Needs: []Need{matrices, noOp}, Show: bare(showAttention), Tensors: []Spec{
	{"Q", "F16", "[m, hd]", "queries of the picked head, after RoPE"},
	{"K", "F16", "[T, hd]", "keys of its kv head: `cached` rows from the cache, then the m new ones"},
	{"V", "F16", "[T, hd]", "values, likewise"},
	{"scores", "F16", "[m, T]", "q.k/sqrt(hd) of every pair, masked ones included"},
	{"mask", "U8", "[m, T]", "1 where the query may see the key, 0 where the causal mask forbids it, 2 where the cache had let the key go"},
	{"probs", "F16", "[m, T]", "softmax over the allowed pairs, 0 where masked"},
	{"out", "F16", "[m, hd]", "probs x V"},
}}

// showAttention returns the picture of one head that is shown where no op is picked.
func showAttention(m *Moment) []Tensor {
	a := m.Model.Model.Attention(m.From, m.Head())
	return []Tensor{Floats("Q", F16, a.Q), Floats("K", F16, a.K), Floats("V", F16, a.V), Floats("scores", F16, a.Scores),
		mask(m.From, m.Model.Model.KVHead(m.Head())), Floats("probs", F16, a.Probs), Floats("out", F16, a.Out)}
}

// mask returns 1 where a query may see a key, 0 where the causal mask forbids it, and
// 2 where the mask allows it, but the cache of the K/V head had let the key go.
func mask(s *sim.Step, kvHead int) Tensor {
	positions := s.Cached + s.Rows
	data := make([]byte, 0, s.Rows*positions)
	for i := range s.Rows {
		for j := range positions {
			switch {
			case model.Masked(s.Cached, i, j):
				data = append(data, 0)
			case model.Hidden(s, kvHead, i, j):
				data = append(data, 2)
			default:
				data = append(data, 1)
			}
		}
	}
	return bytesOf("mask", data, s.Rows, positions)
}
