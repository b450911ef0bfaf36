package mat

// RMSNorm sets dst = x / sqrt(mean(x^2) + eps) * gain; all [d].
func RMSNorm(dst, x, gain []float32, eps float32) {
	ms := Dot(x, x) / float32(len(x))
	inv := 1 / Sqrt(ms+eps)
	for i := fastGain(dst, x, gain, inv); i < len(x); i++ {
		dst[i] = float32(x[i]*inv) * gain[i]
	}
}

// Softmax sets dst[i] = exp(s[i]-max) / sum; the largest is subtracted so that
// no exponential overflows. dst may be s; at is as for Sum.
func Softmax(dst, s []float32, at []int) {
	sum := Exps(dst, s, at)
	for i := fastDivide(dst[:len(s)], sum); i < len(s); i++ {
		dst[i] /= sum
	}
}

// Exps does what Softmax does before it divides: it sets dst[i] = exp(s[i]-max) and gives
// their Sum.
func Exps(dst, s []float32, at []int) float32 {
	var sums [lanes]float32
	addExps(dst, s, Max(s), &sums, at)
	return tree(&sums)
}

// addExps sets dst[i] = exp(s[i]-top) and adds it to its lane of Sum.
func addExps(dst, s []float32, top float32, sums *[lanes]float32, at []int) {
	if fastExps(dst, s, top, sums, at) {
		return
	}
	for i := someExps(dst, s, top); i < len(s); i++ {
		dst[i] = Exp(s[i] - top)
	}
	for i, x := range dst[:len(s)] {
		l := i
		if at != nil {
			l = at[i]
		}
		sums[uint(l)%lanes] += x
	}
}

// Partition returns what Softmax divides by, for a row too long to keep its exponentials:
// the Sum of exp(s[i]-top), the same as Mass has it, and how many are above 0.
func Partition(s []float32, top float32) (sum float32, mass float64, positive int) {
	var few [64 * lanes]float32 // at a time, which stay in the nearest cache
	var sums [lanes]float32
	var masses [lanes]float64
	for len(s) > 0 {
		n := min(len(s), len(few))
		addExps(few[:n], s[:n], top, &sums, nil)
		positive += addMass(few[:n], &masses)
		s = s[n:]
	}
	return tree(&sums), tree(&masses), positive
}

// Mass returns the float64 sum of weights, none of which is NaN, in the order of Sum, and
// how many of them are above 0.
func Mass(weights []float32) (sum float64, positive int) {
	var sums [lanes]float64
	positive = addMass(weights, &sums)
	return tree(&sums), positive
}

// addMass adds numbers to the lanes of Mass and counts those above 0.
func addMass(x []float32, sums *[lanes]float64) (positive int) {
	if positive, ok := fastMass(x, sums); ok {
		return positive
	}
	for i, w := range x {
		sums[i%lanes] += float64(w)
		if w > 0 {
			positive++
		}
	}
	return positive
}

// Max returns the largest of x, which has one number at least and no NaN.
func Max(x []float32) float32 {
	top, n := fastMax(x)
	if n == 0 {
		top = x[0]
	}
	for _, v := range x[n:] {
		top = max(top, v)
	}
	return top
}

// Scale multiplies every number of x by f.
func Scale(x []float32, f float32) {
	for i := fastScale(x, f); i < len(x); i++ {
		x[i] *= f
	}
}

// Add sets dst = a + b.
func Add(dst, a, b []float32) {
	for i := fastAdd(dst, a, b); i < len(a); i++ {
		dst[i] = a[i] + b[i]
	}
}

// SwiGLU sets dst = silu(gate) * up, where silu(z) = z / (1 + exp(-z)).
func SwiGLU(dst, gate, up []float32) {
	for i := fastSwiGLU(dst, gate, up); i < len(gate); i++ {
		z := gate[i]
		dst[i] = float32(z/(1+Exp(-z))) * up[i]
	}
}

// Rsqrt returns 1/sqrt(x), used for attention's scale 1/sqrt(head_dim).
func Rsqrt(x float32) float32 { return 1 / Sqrt(x) }
