//go:build !linux

package mat

// Room is memory for n numbers that will all be written before they are read.
func Room(n int) []float32 { return make([]float32, n) }
