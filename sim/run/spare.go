package run

import (
	"sync"

	"kvstep/sim/mat"
)

// spare is working memory that lanes lend each other: a pass takes it and gives it back, so that runs
// which wait for somebody have none of their own, and those that work have no more than there are
// of them. What nobody takes for a while the garbage collector has.
var spare workingMemory

// littleMemory is so much, in numbers, that a lane keeps it: giving it back would cost a decode pass of
// one row more than it saves.
const littleMemory = 1 << 16

type workingMemory struct{ pool sync.Pool }

// take returns memory for n numbers, with anything in it.
func (w *workingMemory) take(n int) []float32 {
	if n <= littleMemory {
		return mat.Slab(n)
	}
	x, _ := w.pool.Get().(*[]float32)
	switch {
	case x == nil:
		return mat.Slab(n)
	case cap(*x) < n: // somebody grows
		return mat.Slab(n * 9 / 8)[:n]
	case cap(*x) > 4*n: // for a longer one
		w.pool.Put(x)
		return mat.Slab(n)
	}
	return (*x)[:n]
}

// give takes memory back that nobody looks at any more, and reports whether it did.
func (w *workingMemory) give(x []float32) bool {
	if len(x) <= littleMemory {
		return false
	}
	x = x[:0]
	w.pool.Put(&x)
	return true
}
