package kv

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// never is later than every query.
const never = math.MaxInt

// Record remembers what a cache held at every moment of a run, whatever its
// policy has let go or rounded since. It keeps rows that the steps keep anyway,
// and no memory of the cache's.
type Record struct {
	spec   Spec
	policy sim.CachePolicy
	layers []layerRecord
	copied int64 // bytes of lists that First copied, until a view counts them
}

// layerRecord has one entry for each position.
type layerRecord struct {
	k, v             [][]float32 // as computed, [kv_heads*head_dim]
	storedK, storedV [][]float32 // as they read once quantised; nil for other policies
	gone             [][]int     // by K/V head: the first query that a position was let go before
	lost             [][]float32 // by K/V head: the attention that it had received by then
}

// NewRecord is empty.
func NewRecord(s Spec, p sim.CachePolicy) *Record {
	r := &Record{spec: s, policy: s.grouped(p), layers: make([]layerRecord, s.Layers)}
	if p.Evicts() {
		for l := range r.layers {
			r.layers[l].gone, r.layers[l].lost = make([][]int, s.KVHeads), make([][]float32, s.KVHeads)
		}
	}
	return r
}

// Quantised tells whether numbers are kept in fewer bits.
func (r *Record) Quantised() bool {
	return r.policy.Kind == sim.CacheInt8 || r.policy.Kind == sim.CacheInt4
}

// appended notes what cache c did with the token that a layer appended last.
func (r *Record) appended(c Cache, layer int) {
	x := &r.layers[layer]
	gone, k, v := c.Last(layer)
	if r.Quantised() {
		if k == nil && r.policy.Axis == AxisChannel {
			x.storedK = append(x.storedK, nil)
		} else {
			x.storedK = append(x.storedK, append([]float32(nil), k...))
		}
		x.storedV = append(x.storedV, append([]float32(nil), v...))
	}
	for h := range x.gone {
		now := len(x.gone[h])
		if gone != nil {
			x.gone[h][gone[h]], x.lost[h][gone[h]] = now, c.(*evicting).lost[layer][h]
		}
		x.gone[h], x.lost[h] = append(x.gone[h], never), append(x.lost[h], 0)
	}
}

// Watch is cache c for a layer to append to: the record notes what it does.
func (r *Record) Watch(c Cache) Cache {
	if r.policy.Exact() {
		return c
	}
	return watched{c, r}
}

type watched struct {
	Cache
	record *Record
}

func (w watched) Append(layer int, k, v []float32) {
	w.Cache.Append(layer, k, v)
	w.record.appended(w.Cache, layer)
}

// Keep adds the rows that a layer computed in one pass, [m, kv_heads*head_dim].
// They must stay as they are.
func (r *Record) Keep(layer int, k, v mat.Matrix) {
	x := &r.layers[layer]
	for i := range k.NumRows() {
		x.k, x.v = append(x.k, k.Row(i)), append(x.v, v.Row(i))
	}
}

// Settled notes the groups that cache c quantised at the end of a pass.
func (r *Record) Settled(c Cache) {
	q, ok := c.(*quantised)
	if !ok || !q.byChannel() {
		return
	}
	for l := range r.layers {
		x := &r.layers[l]
		for p := q.settled - 1; p >= 0 && x.storedK[p] == nil; p-- {
			x.storedK[p] = make([]float32, r.spec.width())
			for h := range r.spec.KVHeads {
				hd, size := r.spec.HeadDim, r.policy.Group
				q.keys[l][h].columns(x.storedK[p][h*hd:(h+1)*hd], p/size, p%size, hd, size)
			}
		}
	}
}

// First is a record of the first n tokens alone, which this one can go on
// without. Only what was let go before query n is gone in it.
func (r *Record) First(n int) *Record {
	f := NewRecord(r.spec, r.policy)
	for l := range r.layers {
		from, to := &r.layers[l], &f.layers[l]
		to.k, to.v = clip(from.k, n), clip(from.v, n)
		to.storedK, to.storedV = clip(from.storedK, n), clip(from.storedV, n)
		if r.policy.Axis == AxisChannel { // a group that ends later had other tokens in it
			clear(to.storedK[n/r.policy.Group*r.policy.Group:])
		}
		for h, gone := range from.gone {
			for _, q := range gone[:min(n, len(gone))] {
				if q >= n {
					q = never
				}
				to.gone[h] = append(to.gone[h], q)
			}
			to.lost[h] = clip(from.lost[h], n)
		}
		// They grow by more than they need when they go on.
		f.copied += int64(len(to.k)+len(to.v)+len(to.storedK)+len(to.storedV))*slice*5/4 + int64(len(to.gone)*n)*(number+floatBytes)
	}
	return f
}

func clip[T any](x []T, n int) []T { return append([]T(nil), x[:min(n, len(x))]...) }

// View is a record at one moment inside a pass.
type View struct {
	record        *Record
	done          int // last layer that has appended in this pass
	before, after int // positions before and after the pass
	settled       int // positions whose K reads quantised in this pass
	use           sim.CacheUse
	received      [][]float32 // by K/V head: the attention that each position kept by layer done has received
	copied        int64       // bytes of the record that this view is the first to have
}

var _ sim.KVCache = View{}

// First is a new record of the first n tokens of what the view remembers.
func (v View) First(n int) *Record { return v.record.First(n) }

// At views the record as it stands when layer done has grown from before to
// after positions and later layers have not; c is the cache at that moment.
func (r *Record) At(c Cache, done, before, after int) View {
	v := View{record: r, done: done, before: before, after: after, settled: after, use: c.Use(), copied: r.copied}
	r.copied = 0
	if q, ok := c.(*quantised); ok && q.byChannel() {
		v.settled = q.settled
	}
	if x, ok := c.(*evicting); ok && done < len(x.heads) {
		for _, h := range x.heads[done] {
			v.received = append(v.received, slices.Clone(h.weight))
		}
	}
	return v
}

// Len is the number of positions a layer had written at that moment.
func (v View) Len(layer int) int {
	if layer <= v.done {
		return v.after
	}
	return v.before
}

// Keys are [Len(layer), head_dim], those that were let go included.
func (v View) Keys(layer, kvHead int) mat.Matrix {
	x, n := &v.record.layers[layer], v.Len(layer)
	rows := x.k[:n]
	if v.record.Quantised() {
		stored := min(n, v.settled)
		rows = x.storedK[:stored]
		if stored < n {
			rows = append(append([][]float32(nil), rows...), x.k[stored:n]...)
		}
	}
	return v.head(rows, kvHead)
}

// Values are [Len(layer), head_dim], those that were let go included.
func (v View) Values(layer, kvHead int) mat.Matrix {
	x, n := &v.record.layers[layer], v.Len(layer)
	if v.record.Quantised() {
		return v.head(x.storedV[:n], kvHead)
	}
	return v.head(x.v[:n], kvHead)
}

// head is one head of rows with all heads side by side.
func (v View) head(rows [][]float32, kvHead int) mat.Matrix {
	hd := v.record.spec.HeadDim
	return mat.Paged(len(rows), hd, rows, 1, kvHead*hd)
}

// Sees is what the query at a position met.
func (v View) Sees(layer, kvHead, query int) (keys, values mat.Matrix, at []int) {
	keys, values = v.Keys(layer, kvHead).Rows(0, query+1), v.Values(layer, kvHead).Rows(0, query+1)
	if !v.record.policy.Evicts() {
		return keys, values, nil
	}
	var k, x [][]float32
	for p := range query + 1 {
		if v.Gone(layer, kvHead, p) > query {
			k, x, at = append(k, keys.Row(p)), append(x, values.Row(p)), append(at, p)
		}
	}
	hd := v.record.spec.HeadDim
	return mat.Paged(len(k), hd, k, 1, 0), mat.Paged(len(x), hd, x, 1, 0), at
}

// Gone is the first query that position p was let go before.
func (v View) Gone(layer, kvHead, p int) int {
	if x := &v.record.layers[layer]; x.gone != nil {
		return x.gone[kvHead][p]
	}
	return never
}

// Received is the attention that position p had received from all queries up to
// this moment, or up to the moment when it was let go: what heavy hitters are
// chosen by. It is known of the layer that ran last, where tokens are let go.
func (v View) Received(kvHead, p int) (float32, bool) {
	x := &v.record.layers[v.done]
	if v.received == nil || p >= v.after {
		return 0, false
	}
	if x.gone[kvHead][p] < v.after {
		return x.lost[kvHead][p], true
	}
	at := 0 // kept rows stand in order of positions
	for q := range p {
		if x.gone[kvHead][q] >= v.after {
			at++
		}
	}
	return v.received[kvHead][at], true
}

// Settled is how many positions have their K in codes: all, but for those that
// fill no group yet where a group runs along tokens.
func (v View) Settled() int { return min(v.settled, v.after) }

// Code is how one number is kept.
func (v View) Code(layer, kvHead, p, dim int, value bool) (code sim.Code, scale, low float32, ok bool) {
	r := v.record
	if !r.Quantised() || !value && p >= v.settled {
		return code, 0, 0, false
	}
	x, at, size := &r.layers[layer], kvHead*r.spec.HeadDim+dim, r.policy.Group
	var numbers []float32
	if !value && r.policy.Axis == AxisChannel {
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
	bits := bitsOf(r.policy)
	g := fit(least, most, bits)
	code = sim.Code{Value: int(g.encode(numbers[at], bits)), Top: 1<<bits - 1}
	return code, mat.F32(g.scale), mat.F32(g.low), true
}

// LetGo lists what the layer of a step let go in it: {query, kv_head, position},
// the query being the position of the token that took the place.
func LetGo(s *sim.Step) (gone [][3]int) {
	v, ok := s.KV.(View)
	if !ok || s.Part != sim.LayerPart || !v.record.policy.Evicts() {
		return nil
	}
	for h := range v.record.spec.KVHeads {
		for p := range s.Cached + s.Rows {
			if q := s.KV.Gone(s.Layer, h, p); q >= s.Cached && q < s.Cached+s.Rows {
				gone = append(gone, [3]int{q, h, p})
			}
		}
	}
	return gone
}

// Bytes is what the cache's rows took at that moment.
func (v View) Bytes() int64 { return v.use.Used }

// Use is the same, with what was allocated.
func (v View) Use() sim.CacheUse { return v.use }

// Bytes of a list's head, and of a number in it.
const slice, number = 24, 8

// Held is what remembering the rows of a step takes beside them, bytes: where they are,
// how a policy rounded them and when it let them go, and the tables of what the cache took.
func (v View) Held(rows int) int64 {
	r := v.record
	n := v.copied + int64(len(v.use.Table)+len(v.use.Refs)+len(v.use.Free))*number
	each := int64(2*slice) * 5 / 4 // lists grow by more than they need
	if r.Quantised() {
		each += 2*slice + 2*int64(r.spec.width())*floatBytes
	}
	if r.policy.Evicts() {
		each += int64(r.spec.KVHeads) * (number + floatBytes)
	}
	for _, x := range v.received {
		n += slice + int64(len(x))*floatBytes
	}
	return n + int64(rows)*each
}
