package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

const (
	floatBytes = 4 // the engine keeps K and V in float32
	scaleBytes = 2 // and scales of quantised groups in float16
)

// Arena is where caches take their memory from. It counts every byte that is
// held and refuses what would pass its budget.
type Arena struct {
	budget int64 // bytes; 0: no limit
	held   int64
	memory *sim.Memory // of the machine; counts what is held there, nil counts nothing
}

// NewArena makes an arena of so many bytes; 0 means no limit.
func NewArena(budget int64) *Arena { return &Arena{budget: budget} }

// In has the arena tell memory what it really holds.
func (a *Arena) In(memory *sim.Memory) *Arena {
	a.memory = memory
	return a
}

// Held returns how many bytes are taken and not given back.
func (a *Arena) Held() int64 { return a.held }

// Budget returns how many bytes there may be; 0: no limit.
func (a *Arena) Budget() int64 { return a.budget }

// fits returns how many things of a size can still be taken, at most most.
func (a *Arena) fits(size int64, most int) int {
	if a.budget == 0 {
		return most
	}
	return int(min(int64(most), max(0, a.budget-a.held)/size))
}

// take counts bytes as held, or refuses with Problem "kv.memory".
func (a *Arena) take(bytes int64) error {
	if a.budget > 0 && a.held+bytes > a.budget {
		return sim.NewProblem("kv.memory", "Want", bytes, "Held", a.held, "Budget", a.budget)
	}
	a.held += bytes
	return nil
}

// reserve counts the memory of n numbers as taken, which is had from the machine when it is used.
func (a *Arena) reserve(n int) error {
	if err := a.take(int64(n) * floatBytes); err != nil {
		return err
	}
	a.memory.Add(mat.SlabBytes(n))
	return nil
}

// floats takes memory for n numbers, which are written before they are read.
func (a *Arena) floats(n int) ([]float32, error) {
	if err := a.reserve(n); err != nil {
		return nil, err
	}
	return mat.Slab(n), nil
}

// give takes back memory, which nothing may use any more.
func (a *Arena) give(x []float32) { a.free(len(x)) }

// free counts the memory of n numbers as given back.
func (a *Arena) free(n int) {
	a.held -= int64(n) * floatBytes
	if n > 0 {
		a.memory.Give(mat.SlabBytes(n))
	}
}
