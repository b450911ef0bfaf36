package lens

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
)

type KVInfo struct {
	Lens          []int   `json:"lens"`
	Before        int     `json:"before"`
	Bytes         Integer `json:"bytes"`
	BytesPerToken Integer `json:"bytes_per_token"`
	Capacity      int     `json:"capacity"`
	MaxK          float32 `json:"max_k"`
	MaxV          float32 `json:"max_v"`
}

// showKV summarises the whole KV cache: one byte for each row's size.
func showKV(m *Moment) (KVInfo, []Tensor) {
	c := m.Model.Model.Config
	info := KVInfo{
		Lens: make([]int, c.Layers), Capacity: recipe.Fed(m.Prompt, m.maxNew()),
		BytesPerToken: Integer((m.spec().TokenBits(m.Recipe.Cache) + 7) / 8),
	}
	if m.Step == nil || m.Step.KV == nil {
		return info, nil
	}
	kv := m.Step.KV
	info.Before, info.Bytes = m.Step.Cached, Integer(kv.Bytes())
	positions := m.Step.Cached + m.Step.Rows
	for l := range c.Layers {
		info.Lens[l] = kv.Len(l)
	}
	k, maxK := rowSizes(c, positions, kv.Keys)
	v, maxV := rowSizes(c, positions, kv.Values)
	info.MaxK, info.MaxV = maxK, maxV
	shape := []int{c.Layers, c.KVHeads, positions}
	return info, append([]Tensor{
		bytesOf("cache_k", k, shape...), bytesOf("cache_v", v, shape...),
	}, evictedRows(m)...)
}

// rowSizes is the root mean square of every cached row as a share of the
// largest, in 1/255.
func rowSizes(c sim.Config, positions int, rows func(l, h int) mat.Matrix) ([]byte, float32) {
	sizes := make([]float32, c.Layers*c.KVHeads*positions)
	var largest float32
	for l := range c.Layers {
		for h := range c.KVHeads {
			x := rows(l, h)
			some := sizes[(l*c.KVHeads+h)*positions:][:x.NumRows()]
			mat.Squares(some, x)
			for p, square := range some {
				some[p] = mat.Sqrt(square / float32(c.HeadDim))
				largest = max(largest, some[p])
			}
		}
	}
	out := make([]byte, len(sizes))
	if largest > 0 {
		for i, s := range sizes {
			out[i] = byte(float64(s/largest*255) + 0.5)
		}
	}
	return out, largest
}
