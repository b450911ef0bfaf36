package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// newCache gives a sequence its cache, empty, in a run that has caches.
func (e *engine) newCache(q *sequence) error {
	if e.lanes[sim.Cached] == nil {
		return nil
	}
	cache, err := e.caches(e.spec(q))
	if err != nil {
		return err
	}
	q.hold(cache, kv.NewHistory(e.spec(q), e.recipe.Cache))
	return nil
}

// spec is the shape of a sequence's cache.
func (e *engine) spec(q *sequence) kv.Spec { return kv.SpecOf(e.m.Model.Config, q.maxTokens) }

// block is the tokens of a block of the caches; 0 where they take their memory at once.
func (e *engine) block() int { return kv.TraitsOf(e.recipe.Cache).Block }

// blockBytes is what a block takes of the budget.
func (e *engine) blockBytes() int64 {
	return int64(e.block()) * kv.SpecOf(e.m.Model.Config, e.block()).TokenBytes()
}

// cacheBytes returns what sequences' caches take of the machine when they begin.
func (e *engine) cacheBytes(all ...*sequence) (n int64) {
	if e.lanes[sim.Cached] == nil {
		return 0
	}
	for _, q := range all {
		n += e.spec(q).Bytes(e.recipe.Cache)
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
