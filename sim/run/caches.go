package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/schedule"
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
	q.hold(cache, e.newHistory(q))
	return nil
}

// newHistory begins to remember what the cache of a sequence holds, as far as somebody wants to know.
func (e *engine) newHistory(q *sequence) *kv.History {
	if e.once {
		return kv.NewDiary(e.spec(q), e.recipe.Cache)
	}
	return kv.NewHistory(e.spec(q), e.recipe.Cache)
}

// spec returns the shape of a sequence's cache.
func (e *engine) spec(q *sequence) kv.Spec { return kv.SpecOf(e.m.Model.Config, q.maxTokens) }

// block returns the tokens of a block of the caches; 0 where they take their memory at once.
func (e *engine) block() int { return kv.TraitsOf(e.recipe.Cache).Block }

// blockBytes returns what a block takes of the budget.
func (e *engine) blockBytes() int64 {
	return int64(e.block()) * kv.SpecOf(e.m.Model.Config, e.block()).TokenBytes()
}

// fitsAlone reports whether one more token of a sequence would have memory if nobody else
// had any. Of blocks that is known from their number; other caches hold all that they will
// ever have.
func (e *engine) fitsAlone(q *sequence) bool {
	switch {
	case q.cache == nil || e.block() > 0 && e.recipe.Cache.Budget == 0:
		return true
	case e.block() > 0:
		return e.spec(q).Fits(e.recipe.Cache, e.recipe.Cache.Budget) > q.cached
	}
	n, _ := q.cache.Reserve(1)
	return n > 0
}

// fitsWhole reports whether a cache that takes all its memory at once can have it beside
// the others.
func (e *engine) fitsWhole(q *sequence) bool {
	p := e.recipe.Cache
	if e.lanes[sim.Cached] == nil || e.block() > 0 || p.Budget == 0 {
		return true
	}
	return e.spec(q).Fits(p, p.Budget-e.memory.Held()) >= q.maxTokens
}

// haveBlocks reports whether there are blocks for so many tokens of each; remembered ones
// make way.
func (e *engine) haveBlocks(shares []schedule.Share) bool {
	if e.recipe.Cache.Budget == 0 {
		return true
	}
	var lacks int64 // of the machine
	for _, x := range shares {
		q := e.all[x.Request]
		lacks += q.cache.Lacks(min(x.NumTokens, len(q.pending())))
	}
	need := int(lacks / mat.SlabBytes(int(e.blockBytes()/4)))
	free := int((e.memory.Budget() - e.memory.Held()) / e.blockBytes())
	if need > free && need <= free+e.prefixes.evictable() {
		return e.prefixes.evict()
	}
	return need <= free
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
