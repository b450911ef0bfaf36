package run

import "kvstep/sim/kv"

// prefixCache remembers the blocks of prompts, so that a prompt that begins
// like an earlier one finds them: prefix caching. Only whole blocks are shared.
type prefixCache struct {
	block int
	known []knownPrompt
}

// knownPrompt is a sequence whose prompt is in the cache, held by a fork of it.
type knownPrompt struct {
	tokens  []int
	cache   kv.Cache
	history *kv.History
}

// insert keeps the whole blocks of a prompt that has been fed.
func (p *prefixCache) insert(q *sequence) {
	if p == nil {
		return
	}
	n := q.prompt / p.block * p.block
	if q.cache != nil && n > 0 {
		p.known = append(p.known, knownPrompt{q.tokens[:n:n], q.cache.Fork(n), q.history.First(n)})
	}
}

// evict gives back what is remembered, and reports whether there was anything.
func (p *prefixCache) evict() bool {
	if p == nil || len(p.known) == 0 {
		return false
	}
	for _, k := range p.known {
		k.cache.Free()
	}
	p.known = nil
	return true
}

// evictable returns how many blocks evict would give back: those that nobody else uses.
func (p *prefixCache) evictable() (n int) {
	if p == nil {
		return 0
	}
	times := map[int]int{}
	for _, k := range p.known {
		use := k.cache.Usage()
		for i, block := range use.Table {
			if times[block]++; times[block] == use.Refs[i] {
				n++
			}
		}
	}
	return n
}

// match gives a sequence that begins the blocks of the known prompt that agrees
// with it longest. At least its last token is computed: it gives the logits.
func (p *prefixCache) match(q *sequence) {
	if p == nil {
		return
	}
	longest, from := 0, -1
	for i, k := range p.known {
		n := 0
		for n < len(k.tokens) && n < q.prompt-1 && k.tokens[n] == q.tokens[n] {
			n++
		}
		if n = n / p.block * p.block; n > longest {
			longest, from = n, i
		}
	}
	if from < 0 {
		return
	}
	q.cache.Free()
	q.hold(p.known[from].cache.Fork(longest), p.known[from].history.First(longest))
	q.cached, q.reused = longest, longest
}
