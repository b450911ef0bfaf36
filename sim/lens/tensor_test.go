package lens

import (
	"math"
	"testing"

	"kvstep/sim/mat"
)

// TestPictureOfNothing: what has no largest number stays float16.
func TestPictureOfNothing(t *testing.T) {
	for _, odd := range []float32{0, float32(math.NaN()), float32(math.Inf(1))} { // nothing to be a share of
		x := mat.New(1, 2)
		x.Row(0)[1] = odd
		if got := Pictured("x", x); got.As != F16 || got.Max != 0 {
			t.Errorf("%v is wanted as %d of %v", odd, got.As, got.Max)
		}
	}
}
