// Package kv holds the keys and values of past tokens.
package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

const floatBytes = 4 // the engine keeps K and V in float32

// Cache is a contiguous KV cache of one sequence (batch 1): for each layer K
// and V are [kv_heads, capacity, head_dim]. It only ever grows, so a view of
// an earlier moment stays true. Memory is taken once, for the whole run.
type Cache struct {
	keys, values [][]mat.Matrix // [layer][kv_head] -> [capacity, head_dim]
	lens         []int          // positions held, by layer
	capacity     int
	headDim      int
}

// New makes an empty cache for capacity positions.
func New(layers, kvHeads, headDim, capacity int) *Cache {
	c := &Cache{lens: make([]int, layers), capacity: capacity, headDim: headDim}
	for range layers {
		k, v := make([]mat.Matrix, kvHeads), make([]mat.Matrix, kvHeads)
		for h := range kvHeads {
			k[h], v[h] = mat.New(capacity, headDim), mat.New(capacity, headDim)
		}
		c.keys, c.values = append(c.keys, k), append(c.values, v)
	}
	return c
}

// Append stores rows of k and v, [m, kv_heads*head_dim] with heads side by
// side, after the positions that the layer holds. A cache that is too small
// refuses with Problem "kv.full" and keeps what it has.
func (c *Cache) Append(layer int, k, v mat.Matrix) error {
	at := c.lens[layer]
	if at+k.NumRows() > c.capacity {
		return sim.NewProblem("kv.full", "Have", c.capacity, "Want", at+k.NumRows())
	}
	for h := range c.keys[layer] {
		from, to := h*c.headDim, (h+1)*c.headDim
		for i := range k.NumRows() {
			copy(c.keys[layer][h].Row(at+i), k.Row(i)[from:to])
			copy(c.values[layer][h].Row(at+i), v.Row(i)[from:to])
		}
	}
	c.lens[layer] = at + k.NumRows()
	return nil
}

// Clear forgets everything and keeps the memory.
func (c *Cache) Clear() { clear(c.lens) }

// Len is the number of positions held by a layer.
func (c *Cache) Len(layer int) int { return c.lens[layer] }

// Keys are the keys of one head so far, [Len(layer), head_dim].
func (c *Cache) Keys(layer, kvHead int) mat.Matrix {
	return c.keys[layer][kvHead].Rows(0, c.lens[layer])
}

// Values are the values of one head so far, [Len(layer), head_dim].
func (c *Cache) Values(layer, kvHead int) mat.Matrix {
	return c.values[layer][kvHead].Rows(0, c.lens[layer])
}

// Bytes is what K and V of all positions take, in float32.
func (c *Cache) Bytes() int64 { return c.bytes(c.Len) }

func (c *Cache) bytes(held func(layer int) int) (n int64) {
	for l, heads := range c.keys {
		n += int64(held(l)) * int64(len(heads)*c.headDim) * 2 * floatBytes
	}
	return n
}

// Fork copies the first n positions of every layer into a new cache of the
// given capacity; from must hold at least n positions in each layer.
func Fork(from sim.KVCache, n, layers, kvHeads, headDim, capacity int) *Cache {
	c := New(layers, kvHeads, headDim, capacity)
	for l := range layers {
		for h := range kvHeads {
			k, v := from.Keys(l, h), from.Values(l, h)
			for p := range n {
				copy(c.keys[l][h].Row(p), k.Row(p))
				copy(c.values[l][h].Row(p), v.Row(p))
			}
		}
		c.lens[l] = n
	}
	return c
}

// View is a cache at one moment inside a pass: layers up to Done hold After
// positions, the others Before. It shares the cache's memory.
type View struct {
	cache         *Cache
	done          int // last layer that has appended in this pass
	before, after int // positions before and after the pass
}

var _ sim.KVCache = View{}

// At views the cache as it stands when layer done has grown from before to
// after positions and later layers have not.
func (c *Cache) At(done, before, after int) View { return View{c, done, before, after} }

// Len is the number of positions a layer held at that moment.
func (v View) Len(layer int) int {
	if layer <= v.done {
		return v.after
	}
	return v.before
}

// Keys are [Len(layer), head_dim].
func (v View) Keys(layer, kvHead int) mat.Matrix {
	return v.cache.keys[layer][kvHead].Rows(0, v.Len(layer))
}

// Values are [Len(layer), head_dim].
func (v View) Values(layer, kvHead int) mat.Matrix {
	return v.cache.values[layer][kvHead].Rows(0, v.Len(layer))
}

// Bytes is what the layers held at that moment.
func (v View) Bytes() int64 { return v.cache.bytes(v.Len) }
