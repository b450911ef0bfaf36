package kv

import (
	"slices"
	"sync"

	"kvstep/sim/mat"
)

// measure is a number that says something of a row.
type measure int

const (
	rowSize  measure = iota // root mean square, as attention reads the row
	rowError                // largest difference of a number from what was computed
	rowScale                // largest scale of its codes
)

// measured names a list of measures, one for each position.
type measured struct {
	measure
	layer, kvHead int
	value         bool
}

// measures are kept with a history's rows, which never change, so that nobody reads the whole cache
// for what it has worked out before. Several who look may do so at once.
type measures struct {
	mu    sync.Mutex
	lists map[measured][]float32
}

// first returns those of the first n positions (of K in codes, of the first ready).
func (x *measures) first(n, ready int) *measures {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := &measures{lists: make(map[measured][]float32, len(x.lists))}
	for key, list := range x.lists {
		most := n
		if !key.value {
			most = ready
		}
		most = min(most, len(list))
		f.lists[key] = list[:most:most]
	}
	return f
}

// Sizes returns the root mean square of every row of a head of K, or with value of V, [Len(layer)].
func (v View) Sizes(layer, kvHead int, value bool) []float32 {
	rows := v.rowsOf(layer, kvHead, value)
	return v.measured(measured{rowSize, layer, kvHead, value}, func(p int, _ []float32) float32 {
		var square [1]float32
		row := rows(p)
		mat.Squares(square[:], mat.RowOf(row))
		return mat.Sqrt(square[0] / float32(len(row)))
	})
}

// Errors returns, of every row of a head of K or V, the largest difference of a number from what was
// computed, [Len(layer)]: 0 where it is kept as it was.
func (v View) Errors(layer, kvHead int, value bool) []float32 {
	rows, computed := v.rowsOf(layer, kvHead, value), v.Computed(layer, kvHead, value)
	return v.measured(measured{rowError, layer, kvHead, value}, func(p int, _ []float32) (most float32) {
		y := computed.Row(p)
		for i, x := range rows(p) {
			most = max(most, x-y[i], y[i]-x)
		}
		return most
	})
}

// Scales returns the largest scale of every row's codes likewise, 0 where it has none. Where groups run along
// tokens, a row has that of the first of its group.
func (v View) Scales(layer, kvHead int, value bool) []float32 {
	traits, stride := v.history.traits, v.history.spec.HeadDim
	along := traits.GroupTokens > 0 && !value
	if along {
		stride = 1
	} else if traits.Group > 0 {
		stride = traits.Group
	}
	return v.measured(measured{rowScale, layer, kvHead, value}, func(p int, before []float32) (most float32) {
		if along && p%traits.GroupTokens > 0 {
			return before[p-1]
		}
		for d := 0; d < v.history.spec.HeadDim; d += stride {
			_, scale, _, _ := v.Code(layer, kvHead, p, d, value)
			most = max(most, scale)
		}
		return most
	})
}

// final returns how many positions read as they always will: K that waits for a group does not.
func (v View) final(layer int, value bool) int {
	if n := v.Len(layer); value || !v.history.traits.Quantises() {
		return n
	}
	return min(v.Len(layer), v.ready)
}

// rowsOf returns the rows of a head of K or V as attention reads them, by position. It copies no list of them.
func (v View) rowsOf(layer, kvHead int, value bool) func(p int) []float32 {
	computed := v.Computed(layer, kvHead, value)
	if !v.history.traits.Quantises() {
		return computed.Row
	}
	v.history.mu.RLock()
	defer v.history.mu.RUnlock()
	list := v.history.layers[layer].readK
	if value {
		list = v.history.layers[layer].readV
	}
	n := v.final(layer, value)
	read := v.head(list[:n], kvHead)
	return func(p int) []float32 {
		if p < n {
			return read.Row(p)
		}
		return computed.Row(p)
	}
}

// measured returns a list of measures of the positions that the view has. What of is asked of a row stays with
// the history, as soon as the row reads as it always will.
func (v View) measured(key measured, of func(p int, before []float32) float32) []float32 {
	final := v.final(key.layer, key.value)
	list := v.history.measures.upTo(key, final, of)
	for p := final; p < v.Len(key.layer); p++ {
		list = append(list, of(p, list)) // a copy: it has no room
	}
	return list
}

// upTo returns the first n of a list, which grows by what is missing.
func (x *measures) upTo(key measured, n int, of func(p int, before []float32) float32) []float32 {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := x.lists[key]
	if len(list) < n {
		list = slices.Grow(list, n-len(list))
		for p := len(list); p < n; p++ {
			list = append(list, of(p, list))
		}
		x.lists[key] = list
	}
	return list[:n:n]
}
