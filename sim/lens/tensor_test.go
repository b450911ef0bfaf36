package lens

import (
	"math"
	"testing"

	"kvstep/sim/mat"
)

// TestCoarseOfNothing: what has no largest number stays float16.
func TestCoarseOfNothing(t *testing.T) {
	for _, odd := range []float32{0, float32(math.NaN()), float32(math.Inf(1))} { // nothing to be a share of
		x := mat.New(1, 2)
		x.Row(0)[1] = odd
		if got, most := coarse("x", x); got.DType != "F16" || most != 0 {
			t.Errorf("%v travels as %s of %v", odd, got.DType, most)
		}
	}
}
