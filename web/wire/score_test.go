package wire

import (
	"kvstep/sim/lens"
	"math"
	"testing"
)

// TestScore: float32 digits where float32 reaches, else all of them, and a word where
// there is no number.
func TestScore(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1.1: "1.1", 1.0 / 3: "0.33333334", 1e300: "1e+300", -1e300: "-1e+300", 1e-300: "1e-300",
		math.Inf(-1): `{"float":"-Infinity"}`} {
		if got := text(lens.Score(x)); got != want {
			t.Errorf("%v is %s, want %s", x, got, want)
		}
	}
}
