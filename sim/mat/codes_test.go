package mat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCodesAtEveryLevel: numbers made of codes have the bits of the portable
// code, whatever their sizes, for groups and for columns.
func TestCodesAtEveryLevel(t *testing.T) {
	was := selected
	defer func() { selected = was }()
	r := rand.New(rand.NewPCG(71, 1))
	halves := func(n int, signed bool) []uint16 {
		x := make([]uint16, n)
		for i := range x {
			if x[i] = uint16(r.IntN(0x7c00)); signed && r.IntN(2) == 0 { // finite, subnormal ones too
				x[i] |= 0x8000
			}
		}
		return x
	}
	for range 2000 {
		bits, rows, cols := []int{4, 8}[r.IntN(2)], 1+r.IntN(9), 1+r.IntN(40)
		if r.IntN(2) == 0 {
			cols = 8 * (1 + r.IntN(6))
		}
		at := 2 * r.IntN(5)
		c := NewCodes(at+rows*cols, bits)
		for i := range at + rows*cols {
			c.Set(i, byte(r.IntN(c.Top()+1)))
		}
		size := cols
		if cols%16 == 0 && r.IntN(2) == 0 {
			size = 8
		}
		scales, lows := halves(rows*cols, false), halves(rows*cols, true)
		n := rows * cols
		want, got := make([]float32, n), make([]float32, n)
		for _, make := range []func(dst []float32){
			func(dst []float32) { c.Groups(dst, at, scales, lows, size) },
			func(dst []float32) { c.Columns(dst, at, scales, lows, cols) },
		} {
			selected = Portable
			make(want)
			for _, l := range Levels() {
				selected = l
				make(got)
				for i := range want {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%v, %d bits, %d x %d from %d, groups of %d: number %d is %v, want %v", l, bits, rows, cols, at, size, i, got[i], want[i])
					}
				}
			}
		}
	}
}
