package kv

import (
	"slices"
	"sync"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// History remembers what a cache held at every moment of a run, whatever its policy has
// evicted or quantised since: it hears of that as the cache's Observer. Rows of a contiguous
// cache it reads where they stand; of others it keeps its own. Views may be asked from any
// goroutine while the run goes on.
type History struct {
	spec   Spec
	traits Traits
	group  int      // numbers that share a scale
	each   int64    // bytes that a row of a layer takes beside K and V
	diary  bool     // nothing is remembered beyond a view: nobody looks back
	gone   [][3]int // of a diary: {kv_head, position, query} of rows evicted since the last view

	mu     sync.RWMutex // of all below that views read
	rows   *standing    // of a contiguous cache; nil of others
	cut    *standing    // copies of its rows from cutAt on, which were written over; nil: none were
	cutAt  int
	layers []layerHistory

	ready  int        // positions whose K reads quantised in every layer; of K that waits for a group
	blocks blockMoves // since the last view
	copies int

	measures *measures // of the rows
	copied   int64     // bytes of lists that First copied, until a view counts them
}

// blockMoves are blocks that a cache took and gave back.
type blockMoves struct{ taken, freed []int }

// layerHistory has one entry for each position.
type layerHistory struct {
	k, v         [][]float32  // as computed, [kv_heads*head_dim]; of a cache whose rows do not stay
	readK, readV [][]float32  // as they read once quantised; nil for other policies
	evicted      [][]eviction // by K/V head, of positions up to the last one that went
}

// eviction is the first query that a position was evicted before, and the score that it
// had by then.
type eviction struct {
	before int
	score  float32
}

var stays = eviction{before: never}

var _ Observer = (*History)(nil)

// NewHistory begins a history of nothing.
func NewHistory(s Spec, p sim.CachePolicy) *History {
	h := &History{spec: s, traits: TraitsOf(p), group: s.grouped(p).Group, each: Remembered(s, p), measures: &measures{lists: map[measured][]float32{}}}
	h.layers = h.empty()
	return h
}

// NewDiary begins a history without rows, for a run of which nobody looks back: its views tell what
// the cache uses at that moment, and what it did since the view before.
func NewDiary(s Spec, p sim.CachePolicy) *History {
	h := NewHistory(s, p)
	h.diary = true
	return h
}

// empty has a history of nothing for every layer.
func (h *History) empty() []layerHistory {
	layers := make([]layerHistory, h.spec.Layers)
	for l := range layers {
		if h.traits.Evicts {
			layers[l].evicted = make([][]eviction, h.spec.KVHeads)
		}
	}
	return layers
}

// Evicted notes that a position went before a query.
func (h *History) Evicted(layer, kvHead, position, query int, score float32) {
	if h.diary {
		h.gone = append(h.gone, [3]int{kvHead, position, query})
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	x := &h.layers[layer].evicted[kvHead]
	for len(*x) <= position {
		*x = append(*x, stays)
	}
	(*x)[position] = eviction{query, score}
}

// Quantised notes how a position reads from now on.
func (h *History) Quantised(layer, position int, k, v []float32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := &h.layers[layer]; !h.diary {
		note(&x.readK, position, k)
		note(&x.readV, position, v)
	}
	if k != nil {
		h.ready = max(h.ready, position+1)
	}
}

// note copies a row to its position in a list, which grows by as much; nil changes nothing.
func note(rows *[][]float32, position int, row []float32) {
	for len(*rows) <= position {
		*rows = append(*rows, nil)
	}
	if row != nil {
		(*rows)[position] = slices.Clone(row)
	}
}

// BlockTaken notes a block that the cache has now.
func (h *History) BlockTaken(block int, copied bool) {
	h.blocks.taken = append(h.blocks.taken, block)
	if copied {
		h.copies++
	}
}

// BlockFreed notes a block that nobody has now.
func (h *History) BlockFreed(block int) { h.blocks.freed = append(h.blocks.freed, block) }

// Copies returns how many blocks of the cache are copies of shared ones, taken since the
// history began.
func (h *History) Copies() int { return h.copies }

// KeepsRows reports whether the history of such a cache wants the rows that layers compute (Keep).
func KeepsRows(p sim.CachePolicy) bool { return Of(p) != contiguousPolicy }

// Keep adds the rows that a layer computed in one pass, [m, kv_heads*head_dim], where the history
// wants them. They must stay as they are.
func (h *History) Keep(layer int, k, v mat.Matrix) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := &h.layers[layer]
	for i := range k.NumRows() {
		x.k, x.v = append(x.k, k.Row(i)), append(x.v, v.Row(i))
	}
}

// Cut returns First(n) for a cache that is about to forget its rows [n, end) and to write
// others over them: this history has copies of those from then on.
func (h *History) Cut(n, end int) *History {
	f := h.First(n)
	if h.rows != nil && !h.diary {
		copies := &standing{spec: h.spec, per: end - n, most: 1}
		copies.grow(end - n)
		copies.copyFrom(h.rows, n, end, n)
		h.mu.Lock()
		h.cut, h.cutAt = copies, n
		h.mu.Unlock()
	}
	return f
}

// First returns a history of the first n tokens alone, which this one can go on
// without. Only what was evicted before query n is so in it.
func (h *History) First(n int) *History {
	f := h.beginning(n)
	f.measures = h.measures.first(n, f.ready)
	return f
}

// beginning is First without measures.
func (h *History) beginning(n int) *History {
	h.mu.RLock()
	defer h.mu.RUnlock()
	f := &History{spec: h.spec, traits: h.traits, group: h.group, diary: h.diary, each: h.each, ready: min(h.ready, n)}
	if g := h.traits.GroupTokens; g > 0 { // a group that ends later had other tokens in it
		f.ready = min(h.ready, n/g*g)
	}
	f.layers = f.empty()
	for l := range h.layers {
		from, to := &h.layers[l], &f.layers[l]
		to.k, to.v = clip(from.k, n), clip(from.v, n)
		to.readK, to.readV = clip(from.readK, f.ready), clip(from.readV, n)
		for head, evicted := range from.evicted {
			to.evicted[head] = clip(evicted, n)
			for p, e := range to.evicted[head] {
				if e.before >= n {
					to.evicted[head][p] = stays
				}
			}
		}
		// They grow by more than they need when they go on.
		f.copied += int64(len(to.k)+len(to.v)+len(to.readK)+len(to.readV))*slice*5/4 + int64(len(to.evicted)*n)*2*number
	}
	return f
}

func clip[T any](x []T, n int) []T { return append([]T(nil), x[:min(n, len(x))]...) }

// At views the history as it stands when layer done has grown from before to
// after positions and later layers have not; c is the cache at that moment.
func (h *History) At(c Cache, done, before, after int) View {
	if x, ok := c.(*Contiguous); ok && h.rows != x.rows {
		h.mu.Lock()
		h.rows = x.rows
		h.mu.Unlock()
	}
	v := View{history: h, done: done, before: before, after: after, ready: after, use: c.Usage(), blocks: h.blocks, copied: h.copied}
	h.copied, h.blocks = 0, blockMoves{}
	if h.diary {
		slices.SortFunc(h.gone, func(a, b [3]int) int { return slices.Compare(a[:], b[:]) })
		v.gone, h.gone = h.gone, nil
	}
	if h.traits.GroupTokens > 0 {
		v.ready = h.ready
	}
	for _, scores := range c.Scores(done) {
		if h.diary {
			break
		}
		v.scores = append(v.scores, slices.Clone(scores))
	}
	return v
}
