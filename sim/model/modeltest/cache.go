package modeltest

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
)

// Cache is an empty contiguous cache for most tokens, without a budget.
func Cache(c sim.Config, most int) *kv.Contiguous {
	cache, err := kv.NewContiguous(kv.SpecOf(c, most), kv.NewArena(0))
	if err != nil {
		panic(err)
	}
	return cache
}

// View is what the cache holds in one layer, as a step would remember it.
func View(c sim.Config, cache *kv.Contiguous, layer int) sim.KVCache {
	n := cache.Len(layer)
	spec, policy := kv.SpecOf(c, n), sim.CachePolicy{}
	k, v := mat.New(n, c.KVDim()), mat.New(n, c.KVDim())
	for h := range c.KVHeads {
		keys, values, _ := cache.Sees(layer, h)
		for p := range n {
			copy(k.Row(p)[h*c.HeadDim:], keys.Row(p))
			copy(v.Row(p)[h*c.HeadDim:], values.Row(p))
		}
	}
	h := kv.NewHistory(spec, policy)
	h.Keep(layer, k, v)
	return h.At(cache, layer, 0, n)
}
