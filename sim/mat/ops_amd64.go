package mat

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// fits reports whether there are kernels and that n numbers are there to work on.
func fits(n int, others ...[]float32) bool {
	if selected < AVX2 || n == 0 {
		return false
	}
	for _, x := range others {
		if len(x) < n {
			return false
		}
	}
	return true
}

// fastSum adds the first numbers of a to the lanes of Sum, and returns how many. So do most of
// these: they take the first numbers, here all of them.
func fastSum(s *[lanes]float32, a []float32, at []int) int {
	if !fits(len(a)) || at != nil && len(at) < len(a) {
		return 0
	}
	switch {
	case at != nil:
		laneSumsAVX2(s, &a[0], unsafe.SliceData(at), len(a))
	case selected == AVX512:
		sumsAVX512(s, &a[0], len(a))
	default:
		sumsAVX2(s, &a[0], len(a))
	}
	return len(a)
}

// fastMass does what addMass does.
func fastMass(x []float32, sums *[lanes]float64) (positive int, ok bool) {
	if !fits(len(x)) {
		return 0, false
	}
	var counts [8]int32
	massAVX2(sums, &counts, &x[0], len(x))
	for _, n := range counts {
		positive += int(n)
	}
	return positive, true
}

func fastAdd(dst, a, b []float32) int {
	if !fits(len(a), dst, b) {
		return 0
	}
	if selected == AVX512 {
		addAVX512(&dst[0], &a[0], &b[0], len(a))
	} else {
		addAVX2(&dst[0], &a[0], &b[0], len(a))
	}
	return len(a)
}

func fastScale(x []float32, f float32) int {
	if !fits(len(x)) {
		return 0
	}
	if selected == AVX512 {
		scaleAVX512(&x[0], f, len(x))
	} else {
		scaleAVX2(&x[0], f, len(x))
	}
	return len(x)
}

func fastGain(dst, x, gain []float32, inv float32) int {
	if !fits(len(x), dst, gain) {
		return 0
	}
	if selected == AVX512 {
		gainAVX512(&dst[0], &x[0], &gain[0], inv, len(x))
	} else {
		gainAVX2(&dst[0], &x[0], &gain[0], inv, len(x))
	}
	return len(x)
}

// fastSwiGLU does SwiGLU for the first numbers, and returns for how many.
func fastSwiGLU(dst, gate, up []float32) int {
	if !fits(len(gate), dst, up) {
		return 0
	}
	if selected == AVX512 {
		swigluAVX512(&dst[0], &gate[0], &up[0], len(gate))
	} else {
		swigluAVX2(&dst[0], &gate[0], &up[0], len(gate))
	}
	return len(gate)
}

// fastGELU does GELU for the first numbers, and returns for how many.
func fastGELU(dst, x []float32) int {
	if !fits(len(x), dst) {
		return 0
	}
	if selected == AVX512 {
		geluAVX512(&dst[0], &x[0], len(x))
	} else {
		geluAVX2(&dst[0], &x[0], len(x))
	}
	return len(x)
}

// fastCenter sets dst = x - mean and adds the squares to the lanes of Dot.
func fastCenter(dst, x []float32, mean float32, squares *[lanes]float32) int {
	if !fits(len(x), dst) {
		return 0
	}
	if selected == AVX512 {
		centerAVX512(&dst[0], &x[0], mean, squares, len(x))
	} else {
		centerAVX2(&dst[0], &x[0], mean, squares, len(x))
	}
	return len(x)
}

// fastAffine sets x = x * inv * gain + bias.
func fastAffine(x, gain, bias []float32, inv float32) int {
	if !fits(len(x), gain, bias) {
		return 0
	}
	if selected == AVX512 {
		affineAVX512(&x[0], &gain[0], &bias[0], inv, len(x))
	} else {
		affineAVX2(&x[0], &gain[0], &bias[0], inv, len(x))
	}
	return len(x)
}

// fastRotate turns the pairs of one head, half a head apart or side by side.
func fastRotate(x, cos, sin []float32, interleaved bool) bool {
	half := len(cos)
	if !fits(2*half, x) || len(sin) < half || interleaved && half%4 != 0 {
		return false
	}
	if interleaved {
		rotatePairsAVX2(&x[0], &cos[0], &sin[0], half)
	} else {
		rotateAVX2(&x[0], &cos[0], &sin[0], half)
	}
	return true
}

// someExps does nothing here: fastExps takes all.
func someExps(dst, s []float32, top float32) int { return 0 }

// fastExps does addExps.
func fastExps(dst, s []float32, top float32, sums *[lanes]float32, at []int) bool {
	n := len(s)
	if !fits(n, dst) || at != nil && len(at) < n {
		return false
	}
	switch {
	case selected == AVX512 && at == nil:
		expSumsAVX512(&dst[0], &s[0], top, sums, n)
	case selected == AVX512:
		expLanesAVX512(&dst[0], &s[0], top, sums, &at[0], n)
	case at == nil:
		expSumsAVX2(&dst[0], &s[0], top, sums, n)
	default:
		expLanesAVX2(&dst[0], &s[0], top, sums, &at[0], n)
	}
	return true
}

// fastMax is Max of the first numbers.
func fastMax(x []float32) (top float32, n int) {
	if !fits(len(x)) {
		return 0, 0
	}
	if selected == AVX512 {
		return greatestAVX512(&x[0], len(x)), len(x)
	}
	return greatestAVX2(&x[0], len(x)), len(x)
}

// fastDivide divides every number of x by d.
func fastDivide(x []float32, d float32) int {
	if !fits(len(x)) {
		return 0
	}
	if selected == AVX512 {
		divideAVX512(&x[0], d, len(x))
	} else {
		divideAVX2(&x[0], d, len(x))
	}
	return len(x)
}

// fastPeak runs the loops of Peak and returns how many numbers a register has.
func fastPeak(rounds int, fused bool) int {
	switch {
	case selected == AVX512 && fused:
		peakFusedAVX512(rounds)
	case selected == AVX512:
		peakAVX512(rounds)
	case selected == AVX2 && fused && cpu.X86.HasFMA:
		peakFusedAVX2(rounds)
	case selected == AVX2 && !fused:
		peakAVX2(rounds)
	case fused:
		return 0
	default:
		plainPeak(rounds)
		return 1
	}
	return map[Level]int{AVX2: 8, AVX512: 16}[selected]
}
