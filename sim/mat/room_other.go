//go:build !linux

package mat

// Room is memory for n numbers that will be read again and again, such as weights.
func Room(n int) []float32 { return make([]float32, n) }
