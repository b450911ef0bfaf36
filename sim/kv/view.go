package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// View is a history at one moment inside a pass.
type View struct {
	history       *History
	done          int // last layer that has appended in this pass
	before, after int // positions before and after the pass
	ready         int // positions whose K reads quantised in this pass
	use           sim.CacheUsage
	blocks        blockMoves  // since the view before
	scores        [][]float32 // by K/V head: of each position kept by layer done
	gone          [][3]int    // of a diary: {kv_head, position, query} of rows evicted since the view before
	copied        int64       // bytes of the history that this view is the first to have
}

var _ sim.KVCache = View{}

// First returns a new history of the first n tokens of what the view remembers.
func (v View) First(n int) *History { return v.history.First(n) }

// Len returns the number of positions a layer had written at that moment.
func (v View) Len(layer int) int {
	if layer <= v.done {
		return v.after
	}
	return v.before
}

// Keys returns [Len(layer), head_dim], those that were evicted included.
func (v View) Keys(layer, kvHead int) mat.Matrix {
	n := v.Len(layer)
	stored := min(n, v.ready)
	if !v.history.traits.Quantises() || stored == 0 {
		return v.Computed(layer, kvHead, false)
	}
	v.history.mu.RLock()
	defer v.history.mu.RUnlock()
	x := &v.history.layers[layer]
	rows := x.readK[:stored]
	if stored < n {
		rows = append(append([][]float32(nil), rows...), x.k[stored:n]...)
	}
	return v.head(rows, kvHead)
}

// Values returns [Len(layer), head_dim], those that were evicted included.
func (v View) Values(layer, kvHead int) mat.Matrix {
	if !v.history.traits.Quantises() {
		return v.Computed(layer, kvHead, true)
	}
	v.history.mu.RLock()
	defer v.history.mu.RUnlock()
	return v.head(v.history.layers[layer].readV[:v.Len(layer)], kvHead)
}

// Computed returns [Len(layer), head_dim] as the layer computed it.
func (v View) Computed(layer, kvHead int, value bool) mat.Matrix {
	h, n := v.history, v.Len(layer)
	h.mu.RLock()
	defer h.mu.RUnlock()
	which, rows := 0, h.layers[layer].k
	if value {
		which, rows = 1, h.layers[layer].v
	}
	if h.rows == nil {
		return v.head(rows[:n], kvHead)
	}
	if h.cut == nil || n <= h.cutAt {
		return h.rows.head(layer, which, kvHead, n)
	}
	// Some were written over.
	all := make([][]float32, n)
	stay, copies := h.rows.head(layer, which, kvHead, h.cutAt), h.cut.head(layer, which, kvHead, n-h.cutAt)
	for p := range all {
		if p < h.cutAt {
			all[p] = stay.Row(p)
		} else {
			all[p] = copies.Row(p - h.cutAt)
		}
	}
	return mat.Paged(n, h.spec.HeadDim, all, 1, 0)
}

// head returns one head of rows with all heads side by side.
func (v View) head(rows [][]float32, kvHead int) mat.Matrix {
	hd := v.history.spec.HeadDim
	return mat.Paged(len(rows), hd, rows, 1, kvHead*hd)
}

// Sees returns what the query at a position met.
func (v View) Sees(layer, kvHead, query int) (keys, values mat.Matrix, at []int) {
	keys, values = v.Keys(layer, kvHead).Rows(0, query+1), v.Values(layer, kvHead).Rows(0, query+1)
	if !v.history.traits.Evicts {
		return keys, values, nil
	}
	var k, x [][]float32
	for p := range query + 1 {
		if v.EvictedAt(layer, kvHead, p) > query {
			k, x, at = append(k, keys.Row(p)), append(x, values.Row(p)), append(at, p)
		}
	}
	hd := v.history.spec.HeadDim
	return mat.Paged(len(k), hd, k, 1, 0), mat.Paged(len(x), hd, x, 1, 0), at
}

// EvictedAt returns the first query that position p was evicted before.
func (v View) EvictedAt(layer, kvHead, p int) int { return v.eviction(layer, kvHead, p).before }

func (v View) eviction(layer, kvHead, p int) eviction {
	if !v.history.traits.Evicts {
		return stays
	}
	v.history.mu.RLock()
	defer v.history.mu.RUnlock()
	if x := v.history.layers[layer].evicted[kvHead]; p < len(x) {
		return x[p]
	}
	return stays
}

// Scores returns what each position is kept by at this moment, or was when it was evicted, [positions]: under
// h2o the attention that it has received from all queries. It is known of the layer that ran
// last, under a policy that chooses by attention; else nil.
func (v View) Scores(kvHead int) []float32 {
	if v.scores == nil {
		return nil
	}
	all, at := make([]float32, v.after), 0 // kept rows stand in order of positions
	for p := range all {
		if e := v.eviction(v.done, kvHead, p); e.before < v.after {
			all[p] = e.score
			continue
		}
		all[p] = v.scores[kvHead][at]
		at++
	}
	return all
}

// QuantisedLen returns how many positions have their K in codes: all, but for those that
// fill no group yet where a group is of tokens.
func (v View) QuantisedLen() int { return min(v.ready, v.after) }

// Blocks returns those that the cache has taken and given back since the view before.
func (v View) Blocks() (taken, freed []int) { return v.blocks.taken, v.blocks.freed }

// Code returns how one number is kept.
func (v View) Code(layer, kvHead, p, dim int, value bool) (code sim.Code, scale, low float32, ok bool) {
	r := v.history
	if !r.traits.Quantises() || !value && p >= v.ready {
		return code, 0, 0, false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	x, at, size := &r.layers[layer], kvHead*r.spec.HeadDim+dim, r.group
	var numbers []float32
	if !value && r.traits.GroupTokens > 0 {
		for _, row := range x.k[p/size*size:][:size] {
			numbers = append(numbers, row[at])
		}
		at = p % size
	} else {
		row := x.k
		if value {
			row = x.v
		}
		from := kvHead*r.spec.HeadDim + dim/size*size
		numbers, at = row[p][from:from+size], dim%size
	}
	least, most := bounds(numbers)
	bits := r.traits.Bits
	g := fit(least, most, bits)
	code = sim.Code{Value: int(g.encode(numbers[at], bits)), Top: 1<<bits - 1}
	return code, mat.F32(g.scale), mat.F32(g.low), true
}

// Evictions lists what the layer of a step evicted in it: {query, kv_head, position},
// the query being the position of the token that took the slot.
func Evictions(s *sim.Step) (all [][3]int) {
	v, ok := s.KV.(View)
	if !ok || s.Part != sim.LayerPart || !v.history.traits.Evicts {
		return nil
	}
	for _, e := range v.gone {
		all = append(all, [3]int{e[2], e[0], e[1]})
	}
	if v.history.diary {
		return all
	}
	for h := range v.history.spec.KVHeads {
		for p := range s.Cached + s.Rows {
			if q := s.KV.EvictedAt(s.Layer, h, p); q >= s.Cached && q < s.Cached+s.Rows {
				all = append(all, [3]int{q, h, p})
			}
		}
	}
	return all
}

// Bytes returns what the cache's rows took at that moment.
func (v View) Bytes() int64 { return v.use.Used }

// Usage returns the same, with what was allocated.
func (v View) Usage() sim.CacheUsage { return v.use }

// Bytes of a list's head, and of a number in it.
const slice, number = 24, 8

// RowBytes returns what K and V of so many rows of a layer take, as they were computed.
func (v View) RowBytes(rows int) int64 { return int64(rows) * v.history.spec.rowBytes() }

// Remembered returns what a history of a policy's cache takes for a row of a layer beside K and V.
func Remembered(s Spec, p sim.CachePolicy) (bytes int64) {
	t := TraitsOf(p)
	bytes = int64(s.KVHeads) * 2 * floatBytes // sizes, see measures
	if t.Quantises() {
		bytes *= 3 // errors and scales
	}
	if KeepsRows(p) {
		bytes += int64(2*slice) * 5 / 4 // lists grow by more than they need
	}
	if t.Quantises() {
		bytes += 2*slice + s.rowBytes()
	}
	if t.Evicts {
		bytes += int64(s.KVHeads) * 2 * number
	}
	return bytes
}

// Held returns what remembering the rows of a step takes beside them, bytes: where they are,
// how they read once quantised and when they were evicted, and the tables of what the cache took.
func (v View) Held(rows int) int64 {
	r := v.history
	n := v.copied + int64(len(v.blocks.taken)+len(v.blocks.freed)+len(v.use.Table)+len(v.use.Refs)+len(v.use.Free))*number
	each := r.each
	for _, x := range v.scores {
		n += slice + int64(len(x))*floatBytes
	}
	return n + int64(rows)*each
}
