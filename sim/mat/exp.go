package mat

import "math"

// Exp returns e^x in float32 only, the same bits on every processor (math.Exp is
// not). Range reduction and polynomial are those of Cephes expf (S. Moshier);
// the error is below 2 units in the last place.
func Exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > 88.72283: // log of the largest float32
		return float32(math.Inf(1))
	case x < -103.97208: // below half the smallest subnormal
		return 0
	}
	const log2e = 1.44269504088896341
	t := float32(x*log2e) + 0.5
	n := int32(t)
	if float32(n) > t {
		n-- // floor
	}
	fn := float32(n)
	// ln 2 in two parts, so that x - n ln 2 keeps its low bits.
	x -= float32(fn * 0.693359375)
	x -= float32(fn * -2.12194440e-4)
	p := float32(1.9875691500e-4)
	p = float32(p*x) + 1.3981999507e-3
	p = float32(p*x) + 8.3334519073e-3
	p = float32(p*x) + 4.1665795894e-2
	p = float32(p*x) + 1.6666665459e-1
	p = float32(p*x) + 5.0000001201e-1
	y := float32(float32(p*x)*x) + x
	y++
	return scale2(y, n)
}

// scale2 returns y * 2^n for y near 1, with subnormal results rounded once.
func scale2(y float32, n int32) float32 {
	switch {
	case n > 127:
		return float32(y*2) * pow2(n-1)
	case n < -126:
		return float32(y*pow2(n+64)) * pow2(-64)
	}
	return y * pow2(n)
}

// pow2 returns 2^n for -126 <= n <= 127.
func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// Sqrt rounds correctly: the float64 root of a float32 rounds to the same float32.
func Sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
