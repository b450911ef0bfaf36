//go:build !linux

package mat

// Room is memory for n numbers that will all be written before they are read.
func Room(n int) []float32 { return make([]float32, n) }

// Slab is Room for a few large pieces of memory, out of which others are cut.
func Slab(n int) []float32 { return make([]float32, n) }

// SlabBytes is what Slab takes.
func SlabBytes(n int) int64 { return 4 * int64(n) }
