//go:build amd64 || arm64

package mat

import (
	"flag"
	"math"
	"testing"
)

var step = flag.Uint64("step", 4099, "Exp of every how manyth number; 1 takes all 2^32")

// TestExpOfEveryNumber: the kernels' exponential has the bits of Exp.
func TestExpOfEveryNumber(t *testing.T) {
	x, got := make([]float32, 4096), make([]float32, 4096)
	for from := uint64(0); from < 1<<32; from += *step * 4096 {
		for i := range x {
			x[i] = math.Float32frombits(uint32(from + *step*uint64(i)))
		}
		for _, l := range fast() {
			l.run(func() { exps(l, got, x) })
			for i := range x {
				want := Exp(x[i])
				if math.Float32bits(got[i]) != math.Float32bits(want) && (got[i] == got[i] || want == want) {
					t.Fatalf("%v: Exp(%v) = %x, want %x", l, x[i], math.Float32bits(got[i]), math.Float32bits(want))
				}
			}
		}
	}
}

// TestGELUOfEveryNumber: so has the kernels' GELU those of the portable one.
func TestGELUOfEveryNumber(t *testing.T) {
	x, got, want := make([]float32, 4096), make([]float32, 4096), make([]float32, 4096)
	for from := uint64(0); from < 1<<32; from += *step * 4096 {
		for i := range x {
			x[i] = math.Float32frombits(uint32(from + *step*uint64(i)))
		}
		Portable.run(func() { GELU(want, x) })
		for _, l := range fast() {
			l.run(func() { GELU(got, x) })
			if i, bad := differ(got, want); bad {
				t.Fatalf("%v: GELU(%v) = %x, want %x", l, x[i], math.Float32bits(got[i]), math.Float32bits(want[i]))
			}
		}
	}
}
