package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// Spec is the shape of a cache.
type Spec struct {
	Layers, KVHeads, HeadDim int
	Most                     int // tokens that the run can have
}

// SpecOf returns the shape of a model's cache for a run of at most most tokens.
func SpecOf(c sim.Config, most int) Spec { return Spec{c.Layers, c.KVHeads, c.HeadDim, most} }

// width returns the numbers of one token's K (or V) in one layer.
func (s Spec) width() int { return s.KVHeads * s.HeadDim }

// rowBytes returns what K and V of one token take in one layer, in float32.
func (s Spec) rowBytes() int64 { return int64(s.width()) * 2 * floatBytes }

// TokenBytes returns what K and V of one token take in all layers, in float32.
func (s Spec) TokenBytes() int64 { return int64(s.Layers*s.width()) * 2 * floatBytes }

// Sizes foretell from a shape alone what a policy takes.
type Sizes interface {
	// start is the bytes of the machine that a cache takes when it is made.
	start(s Spec, p sim.CachePolicy) int64
	// tokenBits is what one token takes in all layers, in bits.
	tokenBits(s Spec, p sim.CachePolicy) int64
	// fits is how many tokens a budget of bytes has room for.
	fits(s Spec, p sim.CachePolicy, budget int64) int
	// shortBy is how many bytes more n tokens take that a full cache has no room for.
	shortBy(s Spec, p sim.CachePolicy, n int) int64
	// layerBytes is what a layer holds with so many tokens, the K of the first of them quantised.
	layerBytes(s Spec, p sim.CachePolicy, tokens, quantised int) int64
}

// Bytes returns what a cache of a policy takes of the machine's memory at its start.
func (s Spec) Bytes(p sim.CachePolicy) int64 { return Of(p).Sizes.start(s, p) }

// TokenBits returns what one token takes in all layers, in bits, with its share of scales.
func (s Spec) TokenBits(p sim.CachePolicy) int64 { return Of(p).Sizes.tokenBits(s, p) }

// Fits returns how many tokens a budget of bytes has room for under a policy,
// predicted from its shape alone: 0 if none, most if all of them.
func (s Spec) Fits(p sim.CachePolicy, budget int64) int { return Of(p).Sizes.fits(s, p, budget) }

// ShortBy returns how many bytes more a policy takes for n tokens that a full cache has
// no room for: what its refusal says.
func (s Spec) ShortBy(p sim.CachePolicy, n int) int64 { return Of(p).Sizes.shortBy(s, p, n) }

// LayerBytes returns what a layer holds with so many tokens, and reads once a pass. Where K is
// quantised in groups of tokens, that of tokens after the first quantised ones is still in
// float32.
func (s Spec) LayerBytes(p sim.CachePolicy, tokens, quantised int) int64 {
	return Of(p).Sizes.layerBytes(s, p, tokens, quantised)
}

// QuantisedLen returns how many tokens have their K in codes during a pass that finds so
// many in the cache: whole groups of them, where groups are of tokens.
func (s Spec) QuantisedLen(p sim.CachePolicy, cached int) int {
	if n := TraitsOf(p).GroupTokens; n > 0 {
		return cached / n * n
	}
	return cached
}

// reserved are the sizes of a cache with room for a whole run from its start, in float32.
type reserved struct{}

func (reserved) start(s Spec, p sim.CachePolicy) int64 { return s.slab(s.Most, p.Budget) }

func (reserved) tokenBits(s Spec, _ sim.CachePolicy) int64 { return s.TokenBytes() * 8 }

func (reserved) fits(s Spec, _ sim.CachePolicy, budget int64) int {
	return int(min(budget/s.TokenBytes(), int64(s.Most)))
}

func (reserved) shortBy(s Spec, _ sim.CachePolicy, n int) int64 { return s.TokenBytes() * int64(n) }

func (reserved) layerBytes(s Spec, _ sim.CachePolicy, tokens, _ int) int64 {
	return int64(tokens*s.width()) * 2 * floatBytes
}

// slab returns what room for so many tokens takes of the machine, within a budget.
func (s Spec) slab(tokens int, budget int64) int64 {
	n := mat.SlabBytes(tokens * s.Layers * s.width() * 2)
	if budget > 0 {
		n = min(n, budget)
	}
	return n
}
