package kv

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// evicting keeps a fixed number of tokens in every head and evicts one for each new one
// when it is full; the rule of its policy says which. A row never moves: the newest token
// takes the slot of the one that went, and a list says where each position stands.
type evicting struct {
	basic
	spec  Spec
	rule  rule
	arena *Arena
	slab  []float32
	heads [][]held // [layer][kv_head]
	lens  []int    // positions seen, by layer
}

// rule is how an evicting policy chooses what goes.
type rule struct {
	// victim is the index of the row that goes from a full head. The token that comes is
	// the newest itself.
	victim func(x *held) int
	// score notes how a query head of the newest token spread its attention over the rows;
	// first is true of the first of the query heads that share a K/V head. nil: no scores.
	score func(x *held, probs []float32, first bool)
}

// held is what one head keeps, in order of positions.
type held struct {
	at     []int       // positions
	k, v   [][]float32 // their rows, [head_dim] each
	scores []float32   // what the rule says of each, 0 at first
	spare  [][]float32 // slots not used yet
	asked  bool        // a query head of the newest token has attended
}

// least returns the index of the row with the lowest score, of those that are not among the
// newest when one more comes; of equals the oldest.
func (x *held) least(newest int) int {
	old, least := len(x.at)-(newest-1), 0
	for i := range max(1, old) {
		if x.scores[i] < x.scores[least] {
			least = i
		}
	}
	return least
}

// evictingTraits returns those of a policy under which every head keeps the same tokens.
func evictingTraits(k Keeps) Traits {
	return Traits{Evicts: true, Bits: 8 * floatBytes, Keeps: &k, Alike: true}
}

// bounded are the sizes of a cache that keeps no more than some tokens.
type bounded struct{ reserved }

func (bounded) start(s Spec, p sim.CachePolicy) int64 {
	return s.slab(TraitsOf(p).NumCached(s.Most), p.Budget)
}

func (bounded) fits(s Spec, p sim.CachePolicy, budget int64) int {
	if budget/s.TokenBytes() >= int64(TraitsOf(p).NumCached(s.Most)) {
		return s.Most
	}
	return 0
}

func (b bounded) layerBytes(s Spec, p sim.CachePolicy, tokens, quantised int) int64 {
	return b.reserved.layerBytes(s, p, TraitsOf(p).NumCached(tokens), quantised)
}

var _ Cache = (*evicting)(nil)

// newEvicting takes the memory of most tokens, or of the whole run where that has fewer.
func newEvicting(s Spec, most int, r rule, a *Arena) (*evicting, error) {
	most = min(most, s.Most)
	slab, err := a.floats(most * s.Layers * s.width() * 2)
	if err != nil {
		return nil, err
	}
	c := &evicting{spec: s, rule: r, arena: a, slab: slab, lens: make([]int, s.Layers)}
	for range s.Layers {
		heads := make([]held, s.KVHeads)
		for h := range heads {
			for range 2 * most {
				heads[h].spare, slab = append(heads[h].spare, slab[:s.HeadDim:s.HeadDim]), slab[s.HeadDim:]
			}
		}
		c.heads = append(c.heads, heads)
	}
	return c, nil
}

// Reserve has room for any number of tokens: old ones go.
func (c *evicting) Reserve(n int) (int, error) { return n, nil }

// Append puts the token in the slot of the one that the policy evicts.
func (c *evicting) Append(layer int, k, v []float32) {
	hd := c.spec.HeadDim
	for h := range c.heads[layer] {
		x := &c.heads[layer][h]
		if len(x.spare) == 0 {
			c.evict(layer, h, c.rule.victim(x))
		}
		last := len(x.spare)
		kRow, vRow := x.spare[last-1], x.spare[last-2]
		x.spare, x.asked = x.spare[:last-2], false
		copy(kRow, k[h*hd:(h+1)*hd])
		copy(vRow, v[h*hd:(h+1)*hd])
		x.at, x.k, x.v, x.scores = append(x.at, c.lens[layer]), append(x.k, kRow), append(x.v, vRow), append(x.scores, 0)
	}
	c.lens[layer]++
}

// evict frees the slot of row i of a head.
func (c *evicting) evict(layer, kvHead, i int) {
	x := &c.heads[layer][kvHead]
	if c.to != nil {
		c.to.Evicted(layer, kvHead, x.at[i], c.lens[layer], x.scores[i])
	}
	x.spare = append(x.spare, x.v[i], x.k[i])
	x.at, x.k, x.v = slices.Delete(x.at, i, i+1), slices.Delete(x.k, i, i+1), slices.Delete(x.v, i, i+1)
	x.scores = slices.Delete(x.scores, i, i+1)
}

// Sees returns what is kept.
func (c *evicting) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	x, hd := &c.heads[layer][kvHead], c.spec.HeadDim
	return mat.Paged(len(x.k), hd, x.k, 1, 0), mat.Paged(len(x.v), hd, x.v, 1, 0), x.at
}

// Lasts until the next row, which may push one out.
func (c *evicting) Lasts() (row, pass bool) { return true, false }

// Attended scores the rows that were seen.
func (c *evicting) Attended(layer, kvHead int, probs []float32) {
	if c.rule.score != nil {
		x := &c.heads[layer][kvHead]
		c.rule.score(x, probs, !x.asked)
		x.asked = true
	}
}

// Scores returns what the rule says of each row.
func (c *evicting) Scores(layer int) (scores [][]float32) {
	if c.rule.score == nil {
		return nil
	}
	for _, x := range c.heads[layer] {
		scores = append(scores, x.scores)
	}
	return scores
}

// Truncate forgets everything, and cannot forget less: what was evicted does not come back.
func (c *evicting) Truncate(n int) {
	if n != 0 {
		panic("kv: an evicting cache cannot go back")
	}
	for l := range c.heads {
		for h := range c.heads[l] {
			x := &c.heads[l][h]
			for i := range x.k {
				x.spare = append(x.spare, x.v[i], x.k[i])
			}
			*x = held{spare: x.spare}
		}
		c.lens[l] = 0
	}
}

// Free gives the memory back.
func (c *evicting) Free() {
	c.arena.give(c.slab)
	c.slab, c.heads = nil, nil
}

// Usage counts the kept rows.
func (c *evicting) Usage() sim.CacheUsage {
	u := sim.CacheUsage{Allocated: int64(len(c.slab)) * floatBytes, Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.heads {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes counts the rows that a layer keeps.
func (c *evicting) LayerBytes(layer int) (n int64) {
	for h := range c.heads[layer] {
		n += int64(len(c.heads[layer][h].at)*c.spec.HeadDim) * 2 * floatBytes
	}
	return n
}
