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
	spec     Spec
	policy   sim.CachePolicy
	bits     int
	held     int64 // of the machine, the room for decoded rows included
	arena    *Arena
	bytes    int64 // of codes and scales
	capacity int   // tokens
	lens     []int // positions held, by layer
	settled  int   // channel: positions whose K is in codes

	keys, values [][]packed     // [layer][kv_head]
	rest         [][]mat.Matrix // [layer][kv_head]: K of tokens from settled on, in float32
	restRows     int            // there is room for
	k, v         []float32      // [capacity, head_dim] working memory: what Sees made last
	lastK, lastV []float32      // what the newest token reads as
}

// groupTokens is the tokens that there is room for where there must be for n:
// by channel whole groups.
func (s Spec) groupTokens(p sim.CachePolicy, n int) int {
	if p.Axis == AxisChannel {
		return blocks(n, p.Group) * p.Group
	}
	return n
}

// codedBytes are the codes and scales of room for n tokens. p has its group.
func (s Spec) codedBytes(p sim.CachePolicy, n int) int64 {
	numbers := s.groupTokens(p, n) * s.HeadDim // of K, or of V, of a head
	return int64(s.Layers*s.KVHeads) * 2 * int64((numbers*bitsOf(p)+7)/8+numbers/p.Group*2*scaleBytes)
}

// codedTokens is for how many tokens a number of bytes has room, by channel
// beside a group of K in float32.
func (s Spec) codedTokens(p sim.CachePolicy, bytes int64) int {
	p = s.grouped(p)
	if p.Axis == AxisChannel {
		bytes -= int64(p.Group*s.Layers*s.width()) * floatBytes
	}
	n := int(min(int64(s.Most), max(0, bytes)*8/s.TokenBits(p)))
	for n > 0 && s.codedBytes(p, n) > bytes {
		n--
	}
	return n
}

// packed is K or V of one head. Groups have a float16 scale and low each, by
// token [position, head_dim/group], by channel [position/group, head_dim].
type packed struct {
	codes        mat.Codes
	scales, lows []uint16
}

var _ Cache = (*quantised)(nil)

func bitsOf(p sim.CachePolicy) int {
	switch p.Kind {
	case sim.CacheInt8:
		return 8
	case sim.CacheInt4:
		return 4
	}
	return 8 * floatBytes
}

// TokenBits is what one token takes in all layers, in bits: for quantised
// policies bits + 2*16/group a number, its share of the scales.
func (s Spec) TokenBits(p sim.CachePolicy) int64 {
	p = s.grouped(p)
	numbers, bits := 2*int64(s.Layers*s.width()), int64(bitsOf(p))
	if p.Group > 0 {
		return numbers*bits + numbers*2*8*scaleBytes/int64(p.Group)
	}
	return numbers * bits
}

func newQuantised(s Spec, p sim.CachePolicy, a *Arena) (*quantised, error) {
	p = s.grouped(p)
	c := &quantised{spec: s, policy: p, bits: bitsOf(p), arena: a, lens: make([]int, s.Layers), capacity: s.Most}
	if a.budget > 0 {
		c.capacity = max(1, s.codedTokens(p, a.budget-a.held))
	}
	n := s.groupTokens(p, c.capacity) * s.HeadDim
	c.bytes = s.codedBytes(p, c.capacity)
	if err := a.take(c.bytes); err != nil {
		return nil, err
	}
	c.held = c.bytes + 2*int64(n)*floatBytes
	a.memory.Add(c.held)
	pack := func() packed {
		return packed{mat.NewCodes(n, c.bits), make([]uint16, n/p.Group), make([]uint16, n/p.Group)}
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
	c.lastK, c.lastV = make([]float32, s.width()), make([]float32, s.width())
	return c, nil
}

func (c *quantised) byChannel() bool { return c.policy.Axis == AxisChannel }

// Reserve has taken memory for the codes already. Where groups run along
// tokens, the new ones need float32 until the pass is over.
func (c *quantised) Reserve(n int) (int, error) {
	room, open := min(n, c.capacity-c.lens[0]), c.lens[0]-c.settled
	if c.byChannel() && open+room > c.restRows && c.resize(open+room) != nil {
		room = c.restRows - open // the rest comes in the next pass, when groups are settled
	}
	if room < n {
		want := (c.spec.TokenBits(c.policy)*int64(n-room) + 7) / 8
		return room, sim.NewProblem("kv.memory", "Want", want, "Held", c.arena.held, "Budget", c.arena.budget)
	}
	return n, nil
}

// Lacks is how many bytes of the machine Reserve of n tokens would take, at most.
func (c *quantised) Lacks(n int) int64 {
	rows := c.lens[0] - c.settled + min(n, c.capacity-c.lens[0])
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
			copy(c.rest[layer][h].Row(at-c.settled), k[from:to])
		} else {
			c.keys[layer][h].put(at, k[from:to], c.policy.Group)
			c.keys[layer][h].rows(c.lastK[from:to], at, hd, c.policy.Group)
		}
		c.values[layer][h].put(at, v[from:to], c.policy.Group)
		c.values[layer][h].rows(c.lastV[from:to], at, hd, c.policy.Group)
	}
	c.lens[layer]++
}

// put quantises row p, which is x, in groups along the row.
func (x packed) put(p int, row []float32, size int) {
	for from := 0; from < len(row); from += size {
		part := row[from : from+size]
		least, most := bounds(part)
		g := fit(least, most, x.codes.Bits())
		x.scales[(p*len(row)+from)/size], x.lows[(p*len(row)+from)/size] = g.scale, g.low
		for i, v := range part {
			x.codes.Set(p*len(row)+from+i, g.encode(v, x.codes.Bits()))
		}
	}
}

// rows makes the numbers of whole rows, from row p on, in groups along them.
func (x packed) rows(dst []float32, p, width, size int) {
	first := p * width / size
	x.codes.Groups(dst, p*width, x.scales[first:], x.lows[first:], size)
}

// columns makes the numbers of whole groups of tokens, the first of which is
// number g, or of some of its tokens.
func (x packed) columns(dst []float32, g, from, width, size int) {
	x.codes.Columns(dst, (g*size+from)*width, x.scales[g*width:], x.lows[g*width:], width)
}

// Sees makes every number again from its code.
func (c *quantised) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	n, hd, size := c.lens[layer], c.spec.HeadDim, c.policy.Group
	keys, rest := c.keys[layer][kvHead], c.rest[layer][kvHead]
	c.values[layer][kvHead].rows(c.v[:n*hd], 0, hd, size)
	if !c.byChannel() {
		keys.rows(c.k[:n*hd], 0, hd, size)
	} else {
		for p := 0; p < c.settled; p += size {
			keys.columns(c.k[p*hd:(p+size)*hd], p/size, 0, hd, size)
		}
		for p := c.settled; p < n; p++ {
			copy(c.k[p*hd:(p+1)*hd], rest.Row(p-c.settled))
		}
	}
	return mat.Of(n, hd, c.k[:n*hd]), mat.Of(n, hd, c.v[:n*hd]), nil
}

func (c *quantised) Attended(int, int, []float32) {}

// Settle quantises the groups of tokens that are full now.
func (c *quantised) Settle() {
	size, hd := c.policy.Group, c.spec.HeadDim
	full := c.lens[0] / size * size
	if !c.byChannel() || full <= c.settled {
		return
	}
	column := make([]float32, size)
	for l := range c.rest {
		for h, rest := range c.rest[l] {
			x := c.keys[l][h]
			for p := c.settled; p < full; p += size {
				for d := range hd {
					for i := range column {
						column[i] = rest.At(p-c.settled+i, d)
					}
					least, most := bounds(column)
					g := fit(least, most, c.bits)
					x.scales[p/size*hd+d], x.lows[p/size*hd+d] = g.scale, g.low
					for i, v := range column {
						x.codes.Set((p+i)*hd+d, g.encode(v, c.bits))
					}
				}
			}
			for p := full; p < c.lens[0]; p++ {
				copy(rest.Row(p-full), rest.Row(p-c.settled))
			}
		}
	}
	c.settled = full
	if c.restRows > size { // what the pass needed beyond one group goes back
		_ = c.resize(size) // to shrink is never refused
	}
}

// Truncate forgets tokens that are not settled; full groups of K stay.
func (c *quantised) Truncate(n int) {
	if n < c.settled && n != 0 {
		panic("kv: a full group cannot be taken apart")
	}
	for l := range c.lens {
		c.lens[l] = min(c.lens[l], n)
	}
	c.settled = min(c.settled, n)
}

// Free gives the memory back.
func (c *quantised) Free() {
	c.arena.held -= c.bytes + c.restBytes(c.restRows)
	c.arena.memory.Give(c.held)
	*c = quantised{}
}

// Use counts codes, scales and the K that is still in float32.
func (c *quantised) Use() sim.CacheUse {
	u := sim.CacheUse{Allocated: c.bytes + c.restBytes(c.restRows), Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.lens {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes are a layer's codes, scales and K in float32.
func (c *quantised) LayerBytes(layer int) int64 {
	return c.spec.LayerBytes(c.policy, c.lens[layer], c.settled)
}

// Last is the newest token as it will be read; K by channel is as it was appended.
func (c *quantised) Last(int) (gone []int, k, v []float32) {
	if c.byChannel() {
		return nil, nil, c.lastV
	}
	return nil, c.lastK, c.lastV
}
