package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

var contiguousPolicy = &Policy{
	Kind:   sim.CacheContiguous,
	Traits: func(sim.CachePolicy) Traits { return exact },
	Open: func(_ Spec, _ sim.CachePolicy, a *Arena) Source {
		return func(s Spec) (Cache, error) { return made(NewContiguous(s, a)) }
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

// Contiguous is a cache with room for a whole run side by side, reserved at
// its start: for each layer K and V are [kv_heads, capacity, head_dim].
type Contiguous struct {
	basic
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
	c.capacity = max(1, a.fits(s.TokenBytes(), s.Most))
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
		return room, sim.NewProblem("kv.memory", "Want", c.Usage().Allocated/int64(c.capacity)*int64(n-room), "Held", c.arena.held, "Budget", c.arena.budget)
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

// Sees returns everything so far.
func (c *Contiguous) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	return c.keys[layer][kvHead].Rows(0, c.lens[layer]), c.values[layer][kvHead].Rows(0, c.lens[layer]), nil
}

// Clear forgets what a layer holds and keeps the memory.
func (c *Contiguous) Clear(layer int) { c.lens[layer] = 0 }

// Len returns the number of positions held by a layer.
func (c *Contiguous) Len(layer int) int { return c.lens[layer] }

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

// Usage counts rows as used when their layer has appended them.
func (c *Contiguous) Usage() sim.CacheUsage {
	u := sim.CacheUsage{Allocated: int64(len(c.slab)) * floatBytes, Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.lens {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes counts the rows that a layer has appended.
func (c *Contiguous) LayerBytes(layer int) int64 {
	return int64(c.lens[layer]*len(c.keys[layer])*c.headDim) * 2 * floatBytes
}
