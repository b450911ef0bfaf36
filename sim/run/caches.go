package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// start gives a sequence its cache.
func (e *engine) start(q *sequence) error {
	spec := kv.SpecOf(e.m.Model.Config, q.maxTokens)
	if e.lanes[sim.Cached] != nil {
		cache, err := e.caches(spec)
		if err != nil {
			return err
		}
		q.hold(cache, kv.NewHistory(spec, e.recipe.Cache))
	}
	q.started = e.pass
	return nil
}

// cacheBytes returns what sequences' caches take of the machine when they begin.
func (e *engine) cacheBytes(all ...*sequence) (n int64) {
	if e.lanes[sim.Cached] == nil {
		return 0
	}
	for _, q := range all {
		n += kv.SpecOf(e.m.Model.Config, q.maxTokens).Bytes(e.recipe.Cache)
	}
	if budget := e.recipe.Cache.Budget; budget > 0 {
		n = min(n, budget)
	}
	return n
}

// used returns what all caches hold, in bytes.
func (e *engine) used() (n int64) {
	for _, q := range e.all {
		if q.cache == nil {
			continue
		}
		for l := range e.m.Model.Config.Layers {
			n += q.cache.LayerBytes(l)
		}
	}
	return n
}

// bill replaces what the counting cannot tell from shapes alone: the bytes that
// the caches hold now, and where they are not float32 what layer l read and, of
// held bytes before, what it wrote. l is -1 for the head.
func (e *engine) bill(c *sim.Counters, l int, held int64) {
	c.KVBytes = e.used()
	if l < 0 || !kv.TraitsOf(e.recipe.Cache).Quantises() {
		return
	}
	c.KVReadBytes, c.KVWriteBytes = 0, c.KVBytes-held
	for _, q := range e.live {
		c.KVReadBytes += q.cache.LayerBytes(l)
	}
}
