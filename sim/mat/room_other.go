//go:build !linux

package mat

// Room is memory for n numbers that will all be written before they are read.
func Room(n int) []float32 { return make([]float32, n) }

// Slab is Room for a few large pieces of memory, out of which others are cut.
func Slab(n int) []float32 { return make([]float32, n) }
