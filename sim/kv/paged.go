package kv

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

var pagedPolicy = &Policy{
	Kind: sim.CachePaged,
	Params: []Param{
		count("block", 1, 64, 4, func(p *sim.CachePolicy) any { return &p.Block }),
	},
	Traits: func(p sim.CachePolicy) Traits {
		t := exact
		t.Block = p.Block
		return t
	},
	Open: func(s Spec, p sim.CachePolicy, a *Arena) Source {
		pool := NewPool(s, p.Block, a)
		return func(Spec) (Cache, error) { return pool.Sequence(), nil }
	},
	Sizes: inBlocks{},
}

// inBlocks are the sizes of a cache that takes its memory block by block.
type inBlocks struct{ reserved }

func (inBlocks) start(Spec, sim.CachePolicy) int64 { return 0 }

func (inBlocks) fits(s Spec, p sim.CachePolicy, budget int64) int {
	blocks := budget / (s.TokenBytes() * int64(p.Block))
	return int(min(blocks*int64(p.Block), int64(s.Most)))
}

func (inBlocks) shortBy(s Spec, p sim.CachePolicy, _ int) int64 {
	return s.TokenBytes() * int64(p.Block)
}

// Pool is the physical memory of paged caches (PagedAttention, Kwon et al.
// 2023): blocks of a few tokens each, taken from the arena one by one and
// shared by reference count. A block has the K and V of its tokens in all
// layers, [layers, 2, kv_heads, block, head_dim].
type Pool struct {
	spec  Spec
	block int // tokens to a block
	arena *Arena

	pages [][]float32 // by block number; nil where the block is free
	refs  []int       // sequences that use the block
	free  []int       // numbers of free blocks, the last one freed is taken first
}

// NewPool has no blocks yet.
func NewPool(s Spec, block int, a *Arena) *Pool { return &Pool{spec: s, block: block, arena: a} }

func (p *Pool) blockFloats() int { return p.spec.Layers * 2 * p.spec.width() * p.block }

// BlockBytes returns what one block takes.
func (p *Pool) BlockBytes() int64 { return int64(p.blockFloats()) * floatBytes }

// InUse returns the number of blocks that some sequence uses.
func (p *Pool) InUse() int { return len(p.pages) - len(p.free) }

// take takes a block for one sequence.
func (p *Pool) take() (int, error) {
	page, err := p.arena.floats(p.blockFloats())
	if err != nil {
		return 0, err
	}
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		p.pages[b], p.refs[b] = page, 1
		return b, nil
	}
	p.pages, p.refs = append(p.pages, page), append(p.refs, 1)
	return len(p.pages) - 1, nil
}

// drop takes one reference away, and with the last one the block. It reports whether that
// was the last.
func (p *Pool) drop(b int) bool {
	if p.refs[b]--; p.refs[b] > 0 {
		return false
	}
	p.arena.give(p.pages[b])
	p.pages[b] = nil
	p.free = append(p.free, b)
	return true
}

// Sequence begins an empty sequence in the pool.
func (p *Pool) Sequence() *Paged { return &Paged{pool: p, lens: make([]int, p.spec.Layers)} }

// Paged is one sequence of a Pool: its block table says where its tokens are.
type Paged struct {
	basic
	pool  *Pool
	table []int       // block numbers, in order of positions
	pages [][]float32 // the memory of those blocks
	lens  []int       // positions held, by layer
}

var _ Cache = (*Paged)(nil)

// Fork makes a sequence that begins with the first n tokens of q and shares their
// blocks. Whoever writes to a shared block first gets a copy of it.
func (q *Paged) Fork(n int) Cache {
	f := q.pool.Sequence()
	for l := range f.lens {
		f.lens[l] = min(n, q.lens[l])
	}
	f.share(q.table[:blocks(n, q.pool.block)])
	return f
}

// share adds blocks that others use to the end of the table.
func (q *Paged) share(table []int) {
	for _, b := range table {
		q.pool.refs[b]++
		q.table, q.pages = append(q.table, b), append(q.pages, q.pool.pages[b])
	}
}

// take takes a block of the sequence's own; copied says that it becomes that of a shared one.
func (q *Paged) take(copied bool) (int, error) {
	b, err := q.pool.take()
	if err == nil && q.to != nil {
		q.to.BlockTaken(b, copied)
	}
	return b, err
}

// drop gives a block of the sequence back.
func (q *Paged) drop(b int) {
	if q.pool.drop(b) && q.to != nil {
		q.to.BlockFreed(b)
	}
}

// blocks returns how many blocks n tokens need.
func blocks(n, block int) int { return (n + block - 1) / block }

// Reserve takes the blocks that n more tokens need, and a copy of a shared
// block that they would be written into.
func (q *Paged) Reserve(n int) (int, error) {
	p, have := q.pool, q.lens[0]
	if last := have / p.block; n > 0 && have%p.block > 0 && p.refs[q.table[last]] > 1 {
		b, err := q.take(true)
		if err != nil {
			return 0, err
		}
		copy(p.pages[b], q.pages[last])
		q.drop(q.table[last])
		q.table[last], q.pages[last] = b, p.pages[b]
	}
	for len(q.table) < blocks(have+n, p.block) {
		b, err := q.take(false)
		if err != nil {
			return len(q.table)*p.block - have, err
		}
		q.table, q.pages = append(q.table, b), append(q.pages, p.pages[b])
	}
	return n, nil
}

// Lacks returns how many bytes of the machine Reserve of n tokens would take, at most.
func (q *Paged) Lacks(n int) int64 {
	p, have := q.pool, q.lens[0]
	more := max(0, blocks(have+n, p.block)-len(q.table))
	if last := have / p.block; n > 0 && have%p.block > 0 && p.refs[q.table[last]] > 1 {
		more++ // a copy
	}
	return int64(more) * mat.SlabBytes(p.blockFloats())
}

// offset returns where the rows of a head begin in a block; value is 0 for K, 1 for V.
func (p *Pool) offset(layer, value, kvHead int) int {
	return ((layer*2+value)*p.spec.KVHeads + kvHead) * p.block * p.spec.HeadDim
}

// Append writes the token to its place in its block.
func (q *Paged) Append(layer int, k, v []float32) {
	p, hd, at := q.pool, q.pool.spec.HeadDim, q.lens[layer]
	page, row := q.pages[at/p.block], at%p.block*hd
	for h := range p.spec.KVHeads {
		copy(page[p.offset(layer, 0, h)+row:][:hd], k[h*hd:])
		copy(page[p.offset(layer, 1, h)+row:][:hd], v[h*hd:])
	}
	q.lens[layer]++
}

// Sees returns everything so far, read where it stands in the blocks.
func (q *Paged) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	p, n := q.pool, q.lens[layer]
	return mat.Paged(n, p.spec.HeadDim, q.pages, p.block, p.offset(layer, 0, kvHead)),
		mat.Paged(n, p.spec.HeadDim, q.pages, p.block, p.offset(layer, 1, kvHead)), nil
}

// Truncate gives back the blocks that no token is left in.
func (q *Paged) Truncate(n int) {
	for l := range q.lens {
		q.lens[l] = min(q.lens[l], n)
	}
	keep := min(len(q.table), blocks(n, q.pool.block))
	for _, b := range q.table[keep:] {
		q.drop(b)
	}
	q.table, q.pages = q.table[:keep], q.pages[:keep]
}

// Free gives all blocks back.
func (q *Paged) Free() { q.Truncate(0) }

// Usage counts this sequence's blocks; shared ones count in each sequence.
func (q *Paged) Usage() sim.CacheUsage {
	p := q.pool
	u := sim.CacheUsage{
		Allocated: int64(len(q.table)) * p.BlockBytes(), Held: p.arena.held, Budget: p.arena.budget,
		Table: slices.Clone(q.table), Free: slices.Clone(p.free),
	}
	u.Refs = make([]int, 0, len(q.table))
	for _, b := range q.table {
		u.Refs = append(u.Refs, p.refs[b])
	}
	for l := range q.lens {
		u.Used += q.LayerBytes(l)
	}
	return u
}

// LayerBytes counts the rows that a layer has appended, without the rest of the
// last block.
func (q *Paged) LayerBytes(layer int) int64 {
	return int64(q.lens[layer]*q.pool.spec.width()) * 2 * floatBytes
}
