package run

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// resume takes up the state after the pass that prefix ends with.
func (e *engine) resume(prefix []sim.Step) error {
	q, last := e.all[0], &prefix[len(prefix)-1]
	for i := range prefix {
		s := &prefix[i]
		for _, id := range s.NewTokens() {
			q.write(id)
		}
		if s.Effect != nil {
			q.changed = s.Effect.Changed
		}
	}
	e.n, e.pass, e.totals = last.N+1, last.Pass+1, last.Totals
	standing := last.SequenceTokens()
	if rest := q.tokens[min(len(standing), len(q.tokens)):]; last.Token < 0 { // the prompt goes on
		standing = append(standing, rest...)
	}
	q.tokens, q.cached = append(q.tokens[:0:0], standing...), last.Cached+last.Committed()
	q.waits, q.compared = last.Waits(), min(last.Compared, q.cached)
	q.differed = last.Differed
	e.decoder.resume(prefix)
	if err := e.held.Fits(e.cacheBytes(q)); err != nil {
		return err
	}
	q.join(e.pass)
	if err := e.newCache(q); err != nil || q.cache == nil {
		return err
	}
	q.cache.Report(nil) // what is built again happened before
	var err error
	if c, ok := q.cache.(*kv.Contiguous); !ok || !c.Begin(last.KV, q.cached) {
		err = q.rebuild(e.m.Model, prefix)
	}
	q.hold(q.cache, last.KV.(kv.View).First(q.cached))
	held := q.cache.Usage().Table
	for _, b := range last.KV.Usage().Table {
		if !slices.Contains(held, b) { // a rejected proposal's, which the run itself gave back here
			q.history.BlockFreed(b)
		}
	}
	return err
}
