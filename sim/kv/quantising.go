package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// quantised keeps every token in 8 or 4 bits a number, with a float16 scale and
// low for each group of numbers (KIVI, Liu et al. 2024).
//
//	axis token    a group is some neighbouring numbers of one token's row
//	axis channel  K: one channel of some neighbouring tokens; tokens that do not
//	              fill a group yet stay in float32. V: as by token.
//
// Attention reads numbers made from the codes again, whenever it reads.
type quantised struct {
	basic
	spec     Spec
	policy   sim.CachePolicy // its group written out
	coded    coded
	held     int64 // of the machine, the room for decoded rows included
	arena    *Arena
	bytes    int64 // of codes and scales
	capacity int   // tokens
	lens     []int // positions held, by layer
	ready    int   // channel: positions whose K is in codes

	keys, values [][]packed     // [layer][kv_head]
	rest         [][]mat.Matrix // [layer][kv_head]: K of tokens from ready on, in float32
	restRows     int            // there is room for
	k, v         []float32      // [capacity, head_dim] working memory: what Sees made last
	rowK, rowV   []float32      // working memory: what a token reads as
}

var _ Cache = (*quantised)(nil)

func newQuantised(s Spec, p sim.CachePolicy, d coded, a *Arena) (*quantised, error) {
	p = s.grouped(p)
	c := &quantised{spec: s, policy: p, coded: d, arena: a, lens: make([]int, s.Layers), capacity: s.Most}
	if a.budget > 0 {
		c.capacity = max(1, d.fits(s, p, a.budget-a.held))
	}
	n := groupedTokens(p, c.capacity) * s.HeadDim
	c.bytes = d.codedBytes(s, p, c.capacity)
	if err := a.take(c.bytes); err != nil {
		return nil, err
	}
	c.held = c.bytes + 2*int64(n)*floatBytes
	a.memory.Add(c.held)
	pack := func() packed {
		return packed{mat.NewCodes(n, c.coded.bits), make([]uint16, n/p.Group), make([]uint16, n/p.Group)}
	}
	for range s.Layers {
		k, v := make([]packed, s.KVHeads), make([]packed, s.KVHeads)
		for h := range k {
			k[h], v[h] = pack(), pack()
		}
		c.keys, c.values, c.rest = append(c.keys, k), append(c.values, v), append(c.rest, make([]mat.Matrix, s.KVHeads))
	}
	if c.byChannel() { // one group that is not full yet is always there
		if err := c.resize(p.Group); err != nil {
			return nil, err
		}
	}
	c.k, c.v = make([]float32, n), make([]float32, n)
	c.rowK, c.rowV = make([]float32, s.width()), make([]float32, s.width())
	return c, nil
}

func (c *quantised) byChannel() bool { return c.policy.Axis == AxisChannel }

// Reserve has taken memory for the codes already. Where groups run along
// tokens, the new ones need float32 until the pass is over.
func (c *quantised) Reserve(n int) (int, error) {
	room, open := min(n, c.capacity-c.lens[0]), c.lens[0]-c.ready
	if c.byChannel() && open+room > c.restRows && c.resize(open+room) != nil {
		room = c.restRows - open // the rest comes in the next pass, when groups are full
	}
	if room < n {
		want := (c.coded.tokenBits(c.spec, c.policy)*int64(n-room) + 7) / 8
		return room, sim.NewProblem("kv.memory", "Want", want, "Held", c.arena.held, "Budget", c.arena.budget)
	}
	return n, nil
}

// Lacks returns how many bytes of the machine Reserve of n tokens would take, at most.
func (c *quantised) Lacks(n int) int64 {
	rows := c.lens[0] - c.ready + min(n, c.capacity-c.lens[0])
	if !c.byChannel() || rows <= c.restRows {
		return 0
	}
	return c.restBytes(rows) // while it copies, both rooms are held
}

// resize gives the tokens in float32 room for rows; what they hold stays. While
// it copies, both rooms are held.
func (c *quantised) resize(rows int) error {
	if rows == c.restRows {
		return nil
	}
	if rows > c.restRows {
		if err := c.arena.take(c.restBytes(rows)); err != nil {
			return err
		}
	} else { // less than is held is always to be had
		c.arena.held += c.restBytes(rows)
	}
	for l := range c.rest {
		for h, old := range c.rest[l] {
			c.rest[l][h] = mat.New(rows, c.spec.HeadDim)
			for i := range min(rows, old.NumRows()) {
				copy(c.rest[l][h].Row(i), old.Row(i))
			}
		}
	}
	c.arena.held -= c.restBytes(c.restRows)
	more := c.restBytes(rows) - c.restBytes(c.restRows)
	c.arena.memory.Add(more)
	c.held += more
	c.restRows = rows
	return nil
}

func (c *quantised) restBytes(rows int) int64 {
	return int64(rows*c.spec.Layers*c.spec.width()) * floatBytes
}

// Append quantises the token at once, or keeps its K until its group is full.
func (c *quantised) Append(layer int, k, v []float32) {
	hd, at := c.spec.HeadDim, c.lens[layer]
	for h := range c.spec.KVHeads {
		from, to := h*hd, (h+1)*hd
		if c.byChannel() {
			copy(c.rest[layer][h].Row(at-c.ready), k[from:to])
		} else {
			c.keys[layer][h].put(at, k[from:to], c.policy.Group)
		}
		c.values[layer][h].put(at, v[from:to], c.policy.Group)
	}
	c.lens[layer]++
	if c.to == nil {
		return
	}
	readK := c.rowK
	for h := range c.spec.KVHeads {
		from, to := h*hd, (h+1)*hd
		c.values[layer][h].rows(c.rowV[from:to], at, hd, c.policy.Group)
		if c.byChannel() {
			readK = nil
		} else {
			c.keys[layer][h].rows(c.rowK[from:to], at, hd, c.policy.Group)
		}
	}
	c.to.Quantised(layer, at, readK, c.rowV)
}

// Sees makes every number again from its code.
func (c *quantised) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	n, hd, size := c.lens[layer], c.spec.HeadDim, c.policy.Group
	keys, rest := c.keys[layer][kvHead], c.rest[layer][kvHead]
	c.values[layer][kvHead].rows(c.v[:n*hd], 0, hd, size)
	if !c.byChannel() {
		keys.rows(c.k[:n*hd], 0, hd, size)
	} else {
		for p := 0; p < c.ready; p += size {
			keys.columns(c.k[p*hd:(p+size)*hd], p/size, 0, hd, size)
		}
		for p := c.ready; p < n; p++ {
			copy(c.k[p*hd:(p+1)*hd], rest.Row(p-c.ready))
		}
	}
	return mat.Of(n, hd, c.k[:n*hd]), mat.Of(n, hd, c.v[:n*hd]), nil
}

// Lasts until the next head is read, to the same place.
func (c *quantised) Lasts() (row, pass bool) { return false, false }

// EndPass quantises the groups of tokens that are full now.
func (c *quantised) EndPass() {
	size := c.policy.Group
	full := c.lens[0] / size * size
	if !c.byChannel() || full <= c.ready {
		return
	}
	c.quantise(full)
	if c.restRows > size { // what the pass needed beyond one group goes back
		_ = c.resize(size) // to shrink is never refused
	}
}

// quantise puts the K of all tokens before full into codes.
func (c *quantised) quantise(full int) {
	size, before := c.policy.Group, c.ready
	for l := range c.rest {
		for h, rest := range c.rest[l] {
			for p := before; p < full; p += size {
				c.keys[l][h].putGroup(p/size, rest.Rows(p-before, p-before+size))
			}
			for p := full; p < c.lens[0]; p++ {
				copy(rest.Row(p-full), rest.Row(p-before))
			}
		}
	}
	c.ready = full
	for l := range c.rest {
		for p := before; p < full && c.to != nil; p++ {
			c.to.Quantised(l, p, c.rowOfGroup(l, p), nil)
		}
	}
}

// rowOfGroup returns K of a position as its group's codes read.
func (c *quantised) rowOfGroup(layer, p int) []float32 {
	hd, size := c.spec.HeadDim, c.policy.Group
	for h, keys := range c.keys[layer] {
		keys.columns(c.rowK[h*hd:(h+1)*hd], p/size, p%size, hd, size)
	}
	return c.rowK
}

// Truncate forgets tokens whose K is not in codes yet; full groups of K stay.
func (c *quantised) Truncate(n int) {
	if n < c.ready && n != 0 {
		panic("kv: a full group cannot be taken apart")
	}
	for l := range c.lens {
		c.lens[l] = min(c.lens[l], n)
	}
	c.ready = min(c.ready, n)
}

// Free gives the memory back.
func (c *quantised) Free() {
	c.arena.held -= c.bytes + c.restBytes(c.restRows)
	c.arena.memory.Give(c.held)
	*c = quantised{}
}

// Usage counts codes, scales and the K that is still in float32.
func (c *quantised) Usage() sim.CacheUsage {
	u := sim.CacheUsage{Allocated: c.bytes + c.restBytes(c.restRows), Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.lens {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes counts a layer's codes, scales and K in float32.
func (c *quantised) LayerBytes(layer int) int64 {
	return c.coded.layerBytes(c.spec, c.policy, c.lens[layer], c.ready)
}
