package lens

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// attentionLens is the picture of one head.
var attentionLens = Lens{Name: "attention", Of: OfHead, Needs: []Need{matrices, noOp}, Show: both(showAttention), Tensors: []Spec{
	{"Q", "F16 or U8", "[m, hd]", "queries of the picked head, after RoPE"},
	{"K", "F16", "[T, hd]", "keys of its kv head: `cached` rows from the cache, then the m new ones"},
	{"V", "F16", "[T, hd]", "values, likewise"},
	{"scores", "F16", "triangle", "q.k/sqrt(hd) of every pair that the causal mask allows, those included whose key the cache had evicted"},
	evictedSpec,
	{"probs", "F16", "triangle", "softmax over the pairs that are seen, 0 for evicted keys"},
	{"out", "F16 or U8", "[m, hd]", "probs x V"},
}}

// AttentionInfo is how the picture of one head travels, where not all of it has its digits.
type AttentionInfo struct {
	// Max is of Q and out, where they have 2,048 numbers or more and nobody reads them (`table` is not open):
	// then each is a picture only (U8), value = (u8 - 128)/127 x max. A cell that is picked is told exactly.
	Max map[string]float32 `json:"max"`
}

// showAttention returns the picture of one head that is shown where no op is picked.
func showAttention(m *Moment) (info *AttentionInfo, tensors []Tensor) {
	a := m.Model.Model.Causal(m.From, m.Head())
	seldomRead := func(name string, x mat.Matrix) Tensor {
		if x.NumRows()*x.NumCols() < coarseFrom || m.View.shows("table") {
			return Floats(name, F16, x)
		}
		t := Pictured(name, x)
		if t.As == Picture {
			if info == nil {
				info = &AttentionInfo{Max: map[string]float32{}}
			}
			info.Max[name] = t.Max
		}
		return t
	}
	tensors = []Tensor{seldomRead("Q", a.Q), Floats("K", F16, a.K), Floats("V", F16, a.V), ofPairs("scores", a.Scores)}
	tensors = append(append(tensors, evictedKeys(m)...), ofPairs("probs", a.Probs), seldomRead("out", a.Out))
	return info, tensors
}

// ofPairs returns a triangle. It has, row after row, the pairs of a query with the positions up to its own:
// cached+1 numbers of the first one, cached+2 of the second, and so on. What lies beyond is masked. A triangle
// has one dimension, as no other tensor has.
func ofPairs(name string, numbers []float32) Tensor {
	t := Floats(name, F16, mat.RowOf(numbers))
	t.Shape = []int{len(numbers)}
	return t
}

// Triangle returns that of a matrix with a row for each query of a step and a column for each position.
func Triangle(name string, s *sim.Step, x mat.Matrix) Tensor {
	numbers := make([]float32, 0, model.Triangle(s.Cached, s.Rows))
	for i := range x.NumRows() {
		numbers = append(numbers, x.Row(i)[:s.Cached+i+1]...)
	}
	return ofPairs(name, numbers)
}

var evictedSpec = Spec{"evicted", "U8 or U16", "[1, T]", "where the cache had evicted keys of this head: 1 + the position of the first query that each of them was evicted before, 0 where it is kept; pairs of that query and later ones are not seen"}

// evictedKeys returns since when the keys of the head that is looked at are not seen; nil where all are.
func evictedKeys(m *Moment) []Tensor {
	s, kvHead := m.From, m.Model.Model.KVHead(m.Head())
	since, some := make([]uint32, s.Cached+s.Rows), false
	for p := range since {
		if q := s.KV.EvictedAt(s.Layer, kvHead, p); q < len(since) {
			since[p], some = uint32(q)+1, true
		}
	}
	if !some {
		return nil
	}
	return []Tensor{wholes("evicted", since, 1, len(since))}
}
