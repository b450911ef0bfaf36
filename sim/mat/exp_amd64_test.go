package mat

import (
	"flag"
	"math"
	"testing"
)

// exps is Exp of every number of x, by way of the kernel of softmax.
func exps(l Level, dst, x []float32) {
	var sums [lanes]float32
	if l == AVX512 {
		expSumsAVX512(&dst[0], &x[0], 0, &sums, len(x))
	} else {
		expSumsAVX2(&dst[0], &x[0], 0, &sums, len(x))
	}
}

var every = flag.Bool("every", false, "Exp of all 2^32 numbers, not of every 4099th")

// TestExpOfEveryNumber: the kernels' exponential has the bits of Exp.
func TestExpOfEveryNumber(t *testing.T) {
	step := uint64(4099)
	if *every {
		step = 1
	}
	x, got := make([]float32, 4096), make([]float32, 4096)
	for from := uint64(0); from < 1<<32; from += step * 4096 {
		for i := range x {
			x[i] = math.Float32frombits(uint32(from + step*uint64(i)))
		}
		for _, l := range fast() {
			exps(l, got, x)
			for i := range x {
				want := Exp(x[i])
				if math.Float32bits(got[i]) != math.Float32bits(want) && (got[i] == got[i] || want == want) {
					t.Fatalf("%v: Exp(%v) = %x, want %x", l, x[i], math.Float32bits(got[i]), math.Float32bits(want))
				}
			}
		}
	}
}
