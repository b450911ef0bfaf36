// Package kv holds the keys and values of past tokens: one Cache for each way
// of keeping them, the Arena that their memory comes from, and the Record that
// remembers what any of them held at any moment.
package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// Cache keeps K and V of one sequence. A layer appends one token at a time and
// then asks what the token's query sees; it does not know which policy answers.
type Cache interface {
	// Reserve takes the memory for n more tokens in all layers and returns for
	// how many of them there is room; err says why there is not for all.
	Reserve(n int) (room int, err error)
	// Append stores a token's K and V in a layer, [kv_heads*head_dim] each, heads
	// side by side. Its memory must be reserved.
	Append(layer int, k, v []float32)
	// Sees is what the newest token's query may attend to: K and V of a head,
	// [n, head_dim], and their positions, in order; nil means 0, 1, ... n-1.
	Sees(layer, kvHead int) (k, v mat.Matrix, at []int)
	// Attended tells how one query head of the newest token spread its
	// attention over what it saw.
	Attended(layer, kvHead int, probs []float32)
	// Settle ends a pass: all layers have appended, nothing is being read.
	Settle()
	// Truncate forgets every token from position n on.
	Truncate(n int)
	// Free gives all memory back.
	Free()

	// Use is what is allocated and what is in it.
	Use() sim.CacheUse
	// LayerBytes is what a layer has in it: what one pass reads there.
	LayerBytes(layer int) int64
	// Last reports on the newest token of a layer: the positions let go for it,
	// one for each K/V head (nil: none), and the K and V as they will be read
	// (nil: as they were appended).
	Last(layer int) (gone []int, k, v []float32)
}

// Spec is the shape of a cache.
type Spec struct {
	Layers, KVHeads, HeadDim int
	Most                     int // tokens that the run can have
}

// SpecOf is the shape of a model's cache for a run of at most most tokens.
func SpecOf(c sim.Config, most int) Spec { return Spec{c.Layers, c.KVHeads, c.HeadDim, most} }

// width is the numbers of one token's K (or V) in one layer.
func (s Spec) width() int { return s.KVHeads * s.HeadDim }

// TokenBytes is what K and V of one token take in all layers, in float32.
func (s Spec) TokenBytes() int64 { return int64(s.Layers*s.width()) * 2 * floatBytes }

// Bytes is what a cache of a policy takes of the machine's memory at its start.
func (s Spec) Bytes(p sim.CachePolicy) int64 {
	p = s.grouped(p)
	tokens := s.Most
	switch {
	case p.Kind == sim.CachePaged: // block by block, later
		return 0
	case p.Evicts():
		tokens = min(p.Most(), tokens)
	case p.Group > 0:
		n := s.codedBytes(p, tokens) + 2*int64(s.groupTokens(p, tokens)*s.HeadDim)*floatBytes
		if p.Axis == AxisChannel { // one group that is not full yet is always there
			n += int64(p.Group*s.Layers*s.width()) * floatBytes
		}
		return n
	}
	n := mat.SlabBytes(tokens * s.Layers * s.width() * 2)
	if p.Budget > 0 {
		n = min(n, p.Budget)
	}
	return n
}

// New makes the cache that a policy asks for. The policy must have passed Check.
func New(s Spec, p sim.CachePolicy, a *Arena) (Cache, error) {
	switch p.Kind {
	case sim.CachePaged:
		return NewPool(s, p.Block, a).Sequence(), nil
	case sim.CacheWindow, sim.CacheH2O:
		return newEvicting(s, p, a)
	case sim.CacheInt8, sim.CacheInt4:
		return newQuantised(s, p, a)
	}
	return NewContiguous(s, a)
}

// Contiguous is a cache with room for a whole run side by side, reserved at
// its start: for each layer K and V are [kv_heads, capacity, head_dim].
type Contiguous struct {
	arena        *Arena
	keys, values [][]mat.Matrix // [layer][kv_head] -> [capacity, head_dim]
	lens         []int          // positions held, by layer
	capacity     int
	headDim      int
	slab         []float32
}

var _ Cache = (*Contiguous)(nil)

// NewContiguous reserves as much of s.Most as the arena has room for; an arena
// without room for one token refuses with Problem "kv.memory".
func NewContiguous(s Spec, a *Arena) (*Contiguous, error) {
	c := &Contiguous{arena: a, lens: make([]int, s.Layers), headDim: s.HeadDim}
	c.capacity = max(1, a.room(s.TokenBytes(), s.Most))
	slab, err := a.floats(c.capacity * s.Layers * s.width() * 2)
	if err != nil {
		return nil, err
	}
	c.slab = slab
	one := c.capacity * s.HeadDim
	for range s.Layers {
		k, v := make([]mat.Matrix, s.KVHeads), make([]mat.Matrix, s.KVHeads)
		for h := range s.KVHeads {
			k[h], v[h] = mat.Of(c.capacity, s.HeadDim, slab[:one]), mat.Of(c.capacity, s.HeadDim, slab[one:2*one])
			slab = slab[2*one:]
		}
		c.keys, c.values = append(c.keys, k), append(c.values, v)
	}
	return c, nil
}

// Reserve has taken its memory already; past it there is no more.
func (c *Contiguous) Reserve(n int) (int, error) {
	if room := c.capacity - c.lens[0]; room < n {
		return room, sim.NewProblem("kv.memory", "Want", c.Use().Allocated/int64(c.capacity)*int64(n-room), "Held", c.arena.held, "Budget", c.arena.budget)
	}
	return n, nil
}

// Append copies the token's heads to their places.
func (c *Contiguous) Append(layer int, k, v []float32) {
	at := c.lens[layer]
	for h := range c.keys[layer] {
		from, to := h*c.headDim, (h+1)*c.headDim
		copy(c.keys[layer][h].Row(at), k[from:to])
		copy(c.values[layer][h].Row(at), v[from:to])
	}
	c.lens[layer] = at + 1
}

// Sees is everything so far.
func (c *Contiguous) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	return c.keys[layer][kvHead].Rows(0, c.lens[layer]), c.values[layer][kvHead].Rows(0, c.lens[layer]), nil
}

// Clear forgets what a layer holds and keeps the memory.
func (c *Contiguous) Clear(layer int) { c.lens[layer] = 0 }

// Len is the number of positions held by a layer.
func (c *Contiguous) Len(layer int) int { return c.lens[layer] }

func (c *Contiguous) Attended(int, int, []float32) {}
func (c *Contiguous) Settle()                      {}

// Truncate forgets and keeps the memory.
func (c *Contiguous) Truncate(n int) {
	for l := range c.lens {
		c.lens[l] = min(c.lens[l], n)
	}
}

// Free gives the memory back.
func (c *Contiguous) Free() {
	c.arena.give(c.slab)
	c.slab, c.keys, c.values = nil, nil, nil
}

// Use counts rows as used when their layer has appended them.
func (c *Contiguous) Use() sim.CacheUse {
	u := sim.CacheUse{Allocated: int64(len(c.slab)) * floatBytes, Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.lens {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes are the rows that a layer has appended.
func (c *Contiguous) LayerBytes(layer int) int64 {
	return int64(c.lens[layer]*len(c.keys[layer])*c.headDim) * 2 * floatBytes
}

// Last has nothing to report.
func (c *Contiguous) Last(int) (gone []int, k, v []float32) { return nil, nil, nil }
