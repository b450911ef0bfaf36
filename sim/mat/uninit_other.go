//go:build !linux

package mat

// Uninit returns memory for n numbers that will all be written before they are read.
func Uninit(n int) []float32 { return make([]float32, n) }

// Slab does what Uninit does, for a few large pieces of memory, out of which others are cut.
func Slab(n int) []float32 { return make([]float32, n) }

// SlabBytes returns what Slab takes.
func SlabBytes(n int) int64 { return 4 * int64(n) }
