package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

var contiguousPolicy = &Policy{
	Kind:   sim.CacheContiguous,
	Traits: func(sim.CachePolicy) Traits { return exact },
	Open: func(_ Spec, _ sim.CachePolicy, a *Arena) Source {
		return func(s Spec) (Cache, error) { return made(newChunked(s, a, evenly(s.Most))) }
	},
	Sizes: reserved{},
}

// made returns a cache, or nil and the reason, where a nil pointer would be no nil Cache.
func made[C Cache](c C, err error) (Cache, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Contiguous is a cache with room for a whole run, reserved at its start. That of a run takes
// its memory from the machine chunk by chunk, see standing.
type Contiguous struct {
	basic
	spec     Spec
	arena    *Arena
	rows     *standing
	lens     []int // positions held, by layer
	capacity int
	reserved int   // numbers
	unseen   int   // of the first positions: nobody observed how they were appended
	shown    int64 // bytes of rows that others count: the steps that show them
}

var _ Cache = (*Contiguous)(nil)

// NewContiguous reserves as much of s.Most as the arena has room for, side by side; an arena
// without room for one token refuses with Problem "kv.memory".
func NewContiguous(s Spec, a *Arena) (*Contiguous, error) {
	c, err := newChunked(s, a, s.Most)
	if err == nil {
		c.rows.grow(c.capacity)
	}
	return c, err
}

// newChunked reserves room in chunks of at most so many tokens, and has none of them yet.
func newChunked(s Spec, a *Arena, chunk int) (*Contiguous, error) {
	c := &Contiguous{spec: s, arena: a, lens: make([]int, s.Layers)}
	c.capacity = max(1, a.fits(s.TokenBytes(), s.Most))
	per := min(chunk, c.capacity)
	c.rows = &standing{spec: s, per: per, most: blocks(c.capacity, per)}
	c.reserved = c.capacity * s.Layers * s.width() * 2
	return c, a.reserve(c.reserved)
}

// Reserve has its memory reserved already; past it there is no more.
func (c *Contiguous) Reserve(n int) (int, error) {
	room := min(n, c.capacity-c.lens[0])
	if c.rows.grow(c.lens[0] + room); room < n {
		return room, sim.NewProblem("kv.memory", "Want", c.Usage().Allocated/int64(c.capacity)*int64(n-room), "Held", c.arena.held, "Budget", c.arena.budget)
	}
	return n, nil
}

// Append copies the token's heads to their places. What an observer hears of is shown by the
// steps that remember it, which count it from then on.
func (c *Contiguous) Append(layer int, k, v []float32) {
	at := c.lens[layer]
	c.rows.put(layer, at, k, v)
	if c.lens[layer] = at + 1; c.to != nil {
		c.show(c.spec.rowBytes())
	} else {
		c.unseen = at + 1
	}
}

// Report tells an observer of rows that it may show. A diary shows none.
func (c *Contiguous) Report(to Observer) {
	if c.to = to; isDiary(to) {
		c.to = nil
	}
}

func isDiary(to Observer) bool {
	h, ok := to.(*History)
	return ok && h.diary
}

// show hands bytes to those who count steps, or takes them back.
func (c *Contiguous) show(n int64) {
	c.shown += n
	c.arena.memory.Hand(n)
}

// Begin takes up the first n tokens that a view of another contiguous cache remembers, in a cache
// that is empty. It reports false of other views.
func (c *Contiguous) Begin(from sim.KVCache, n int) bool {
	v, ok := from.(View)
	if !ok || v.history.rows == nil {
		return false
	}
	shared := c.rows.begin(v.history.rows, n)
	for l := range c.lens {
		c.lens[l] = n
	}
	c.unseen = n
	c.show(int64(shared) * c.spec.TokenBytes()) // the steps before count them
	return true
}

// Sees returns everything so far.
func (c *Contiguous) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	n := c.lens[layer]
	return c.rows.view(layer, 0, kvHead, n), c.rows.view(layer, 1, kvHead, n), nil
}

// Clear forgets what a layer holds and keeps the memory.
func (c *Contiguous) Clear(layer int) { c.lens[layer] = 0 }

// Len returns the number of positions held by a layer.
func (c *Contiguous) Len(layer int) int { return c.lens[layer] }

// Truncate forgets and keeps the memory.
func (c *Contiguous) Truncate(n int) {
	for l := range c.lens {
		if gone := c.lens[l] - max(n, c.unseen); gone > 0 { // steps that show them have copies
			c.show(-int64(gone) * c.spec.rowBytes())
		}
		c.lens[l] = min(c.lens[l], n)
	}
	c.unseen = min(c.unseen, n)
}

// Free gives the memory back, but what steps show of it.
func (c *Contiguous) Free() {
	c.arena.memory.Add(c.shown)
	c.arena.free(c.reserved)
	c.rows, c.reserved, c.shown = nil, 0, 0
}

// Usage counts rows as used when their layer has appended them.
func (c *Contiguous) Usage() sim.CacheUsage {
	u := sim.CacheUsage{Allocated: int64(c.reserved) * floatBytes, Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.lens {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes counts the rows that a layer has appended.
func (c *Contiguous) LayerBytes(layer int) int64 { return int64(c.lens[layer]) * c.spec.rowBytes() }
