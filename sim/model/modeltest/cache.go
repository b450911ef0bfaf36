package modeltest

import (
	"kvstep/sim"
	"kvstep/sim/kv"
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
	return kv.NewHistory(kv.SpecOf(c, n), sim.CachePolicy{}).At(cache, layer, 0, n)
}
