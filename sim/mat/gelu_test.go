package mat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTanhAndGELU(t *testing.T) {
	for x := float32(-12); x < 12; x += 0.00137 {
		if got, want := float64(Tanh(x)), math.Tanh(float64(x)); math.Abs(got-want) > 2e-7 {
			t.Fatalf("tanh(%v) = %v, want %v", x, got, want)
		}
		var got [1]float32
		GELU(got[:], []float32{x})
		v := float64(x)
		want := 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		if math.Abs(float64(got[0])-want) > 2e-6 {
			t.Fatalf("gelu(%v) = %v, want %v", x, got[0], want)
		}
	}
	if Tanh(float32(math.Inf(1))) != 1 || Tanh(float32(math.Inf(-1))) != -1 || Tanh(0) != 0 {
		t.Error("the ends of tanh")
	}
}

func TestLayerNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 1))
	for n := 1; n < 70; n++ {
		x, gain, bias, got := randoms(r, n), randoms(r, n), randoms(r, n), make([]float32, n)
		LayerNorm(got, x, gain, bias, 1e-5)
		mean, variance := 0.0, 0.0
		for _, v := range x {
			mean += float64(v) / float64(n)
		}
		for _, v := range x {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(n)
		}
		for i, v := range x {
			want := (float64(v)-mean)/math.Sqrt(variance+1e-5)*float64(gain[i]) + float64(bias[i])
			if math.Abs(float64(got[i])-want) > 1e-4 {
				t.Fatalf("%d of %d: %v, want %v", i, n, got[i], want)
			}
		}
	}
}
