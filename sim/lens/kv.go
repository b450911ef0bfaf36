package lens

import (
	"kvstep/sim"
	"kvstep/sim/recipe"
)

// kvLens is the whole KV cache in short: one byte for each row's size.
var kvLens = Lens{Name: "kv", Of: OfRun, Show: both(showKV), Tensors: []Spec{
	{"cache_k", "U8", "[L, G, T]", "root mean square of each cached row of K, as a share of `kv.max_k`: value = u8/255 x max; 0 where a layer has not reached that position"},
	{"cache_v", "U8", "[L, G, T]", "of V, as a share of `kv.max_v`"},
	{"cache_gone", "U8 or U16", "[L, G, T]", "policies that let tokens go: 1 + the position of the query that a row made room for, 0 where it is kept; a window has G = 1, for all heads alike"},
}}

// CacheInfo is the whole KV cache in short.
type CacheInfo struct {
	Lens          []int   `json:"lens"`            // positions held, by layer
	Before        int     `json:"before"`          // positions before this pass
	Bytes         Integer `json:"bytes"`           // held under the cache policy
	BytesPerToken Integer `json:"bytes_per_token"` // of that policy
	Capacity      int     `json:"capacity"`        // positions that the run may need
	MaxK          float32 `json:"max_k"`           // what 255 stands for in cache_k
	MaxV          float32 `json:"max_v"`           // and in cache_v
}

// showKV summarises the whole KV cache: one byte for each row's size.
func showKV(m *Moment) (CacheInfo, []Tensor) {
	c := m.Model.Model.Config
	info := CacheInfo{
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
	k, maxK := rowSizes(c, positions, kv, false)
	v, maxV := rowSizes(c, positions, kv, true)
	info.MaxK, info.MaxV = maxK, maxV
	shape := []int{c.Layers, c.KVHeads, positions}
	return info, append([]Tensor{
		bytesOf("cache_k", k, shape...), bytesOf("cache_v", v, shape...),
	}, evictedRows(m)...)
}

// rowSizes returns the root mean square of every cached row of K, or with value of V, as a share of the
// largest, in 1/255.
func rowSizes(c sim.Config, positions int, kv sim.KVCache, value bool) ([]byte, float32) {
	lists, largest := make([][]float32, 0, c.Layers*c.KVHeads), float32(0)
	for l := range c.Layers {
		for h := range c.KVHeads {
			sizes := kv.Sizes(l, h, value)
			for _, s := range sizes {
				largest = max(largest, s)
			}
			lists = append(lists, sizes)
		}
	}
	out := make([]byte, len(lists)*positions)
	if largest > 0 {
		for i, sizes := range lists {
			row := out[i*positions:][:positions]
			for p, s := range sizes {
				row[p] = byte(float64(s/largest*255) + 0.5)
			}
		}
	}
	return out, largest
}
