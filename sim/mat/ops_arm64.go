package mat

// The kernels of each_arm64.s; n is a multiple of 4, of sums and center of 16.

//go:noescape
func addNEON(dst, a, b *float32, n int)

//go:noescape
func scaleNEON(x *float32, f float32, n int)

//go:noescape
func divideNEON(x *float32, by float32, n int)

//go:noescape
func gainNEON(dst, x, gain *float32, inv float32, n int)

//go:noescape
func affineNEON(x, gain, bias *float32, inv float32, n int)

//go:noescape
func sumsNEON(sums *[lanes]float32, x *float32, n int)

//go:noescape
func centerNEON(dst, x *float32, mean float32, sums *[lanes]float32, n int)

//go:noescape
func greatestNEON(x *float32, n int) float32

//go:noescape
func rotateNEON(x, cos, sin *float32, half int)

//go:noescape
func rotatePairsNEON(x, cos, sin *float32, half int)

//go:noescape
func geluNEON(dst, x *float32, n int)

// fitting returns how many of n numbers the kernels take, step at a time: 0 where one of
// the others is shorter.
func fitting(n, step int, others ...[]float32) int {
	if selected < NEON {
		return 0
	}
	for _, x := range others {
		if len(x) < n {
			return 0
		}
	}
	return n / step * step
}

// fastSum adds the first numbers of a to the lanes of Sum, and returns how many. So do all of
// these: they take the first numbers.
func fastSum(s *[lanes]float32, a []float32, at []int) int {
	n := fitting(len(a), lanes)
	if n == 0 || at != nil {
		return 0
	}
	sumsNEON(s, &a[0], n)
	return n
}

func fastAdd(dst, a, b []float32) int {
	n := fitting(len(a), 4, dst, b)
	if n > 0 {
		addNEON(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func fastScale(x []float32, f float32) int {
	n := fitting(len(x), 4)
	if n > 0 {
		scaleNEON(&x[0], f, n)
	}
	return n
}

// fastDivide divides by d.
func fastDivide(x []float32, d float32) int {
	n := fitting(len(x), 4)
	if n > 0 {
		divideNEON(&x[0], d, n)
	}
	return n
}

func fastGain(dst, x, gain []float32, inv float32) int {
	n := fitting(len(x), 4, dst, gain)
	if n > 0 {
		gainNEON(&dst[0], &x[0], &gain[0], inv, n)
	}
	return n
}

// fastCenter sets dst = x - mean and adds the squares to the lanes of Dot.
func fastCenter(dst, x []float32, mean float32, squares *[lanes]float32) int {
	n := fitting(len(x), lanes, dst)
	if n > 0 {
		centerNEON(&dst[0], &x[0], mean, squares, n)
	}
	return n
}

// fastAffine sets x = x * inv * gain + bias.
func fastAffine(x, gain, bias []float32, inv float32) int {
	n := fitting(len(x), 4, gain, bias)
	if n > 0 {
		affineNEON(&x[0], &gain[0], &bias[0], inv, n)
	}
	return n
}

// fastMax is Max of the first numbers.
func fastMax(x []float32) (top float32, n int) {
	if n = fitting(len(x), 4); n > 0 {
		top = greatestNEON(&x[0], n)
	}
	return top, n
}

func fastGELU(dst, x []float32) int {
	n := fitting(len(x), 4, dst)
	if n > 0 {
		geluNEON(&dst[0], &x[0], n)
	}
	return n
}

// fastRotate turns the pairs of one head, half a head apart or side by side.
func fastRotate(x, cos, sin []float32, interleaved bool) bool {
	half := len(cos)
	if n := fitting(half, 4, sin); n == 0 || n < half || len(x) < 2*half {
		return false
	}
	if interleaved {
		rotatePairsNEON(&x[0], &cos[0], &sin[0], half)
	} else {
		rotateNEON(&x[0], &cos[0], &sin[0], half)
	}
	return true
}

//go:noescape
func peakNEON(rounds int)

//go:noescape
func peakFusedNEON(rounds int)

// fastPeak runs the loops of Peak and returns how many numbers a register has.
func fastPeak(rounds int, fused bool) int {
	switch {
	case selected == NEON && fused:
		peakFusedNEON(rounds)
	case selected == NEON:
		peakNEON(rounds)
	case fused:
		return 0
	default:
		plainPeak(rounds)
		return 1
	}
	return 4
}
