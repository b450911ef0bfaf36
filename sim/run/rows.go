package run

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// arena gives kept rows their memory, slab by slab, so that a decode step allocates
// none of its own most of the time.
type arena struct {
	free     []float32
	slab     int         // numbers in the next slab
	kv       bool        // K and V are kept too, by a history that has none of the cache's
	perToken int         // numbers that all layers keep of a token
	matrices int         // in which they are
	memory   *sim.Memory // counts what no step has
	rest     int64       // which is so much, bytes
}

// newArena sizes slabs for 16 tokens at least, for no more than there can be, and between for as many as
// fill a large page (mat.Slab), but not for more than 64: a small model takes what it needs.
func newArena(c sim.Config, kv bool, capacity int, memory *sim.Memory) arena {
	const page = 1 << 19 // numbers
	n, matrices := keptNumbers(c, kv), c.Layers+1
	if kv {
		matrices += 2 * c.Layers
	}
	return arena{slab: min(capacity*n, max(16*n, min(64*n, page))), kv: kv, perToken: n, matrices: matrices, memory: memory}
}

// keptNumbers counts those that are kept of a token: every layer has Out, layer 0 its X, and
// where it is so K and V.
func keptNumbers(c sim.Config, kv bool) int {
	n := (c.Layers + 1) * c.Dim
	if kv {
		n += c.Layers * 2 * c.KVDim()
	}
	return n
}

// reserve takes the memory that a pass of so many rows will keep, in one piece.
func (a *arena) reserve(rows int) {
	if need := a.need(rows); need > len(a.free) {
		a.grow(need)
	}
}

// need returns how many numbers a pass of so many rows keeps, each matrix up to a whole line.
func (a *arena) need(rows int) int { return rows*a.perToken + a.matrices*(mat.RoundToLine(1)-1) }

func (a *arena) grow(n int) {
	size := mat.RoundToLine(max(n, a.slab))
	a.count(mat.SlabBytes(size)) // what is left of the one before stays there: rows stand before it
	a.free = mat.Slab(size)
}

// count notes bytes that are held, and that no step has.
func (a *arena) count(n int64) {
	a.memory.Add(n)
	a.rest += n
}

// take returns memory for a matrix, all of which the caller writes. From then on whoever keeps
// the step counts it.
func (a *arena) take(rows, cols int) mat.Matrix {
	n := rows * cols
	if mat.RoundToLine(n) > len(a.free) {
		a.grow(n)
	}
	m := mat.Of(rows, cols, a.free[:n:n])
	a.free = a.free[mat.RoundToLine(n):]
	a.memory.Hand(4 * int64(n))
	a.rest -= 4 * int64(n)
	return m
}

// wants returns how many bytes more a pass of so many rows will keep, those included that it
// takes for later ones.
func (a *arena) wants(rows int) int64 {
	need := a.need(rows)
	if need <= len(a.free) {
		return 0 // what steps keep is what was free
	}
	return mat.SlabBytes(max(need, a.slab))
}

// clone gives a matrix memory that is kept.
func (a *arena) clone(m mat.Matrix) mat.Matrix {
	kept := a.take(m.NumRows(), m.NumCols())
	for i := range m.NumRows() {
		copy(kept.Row(i), m.Row(i))
	}
	return kept
}
