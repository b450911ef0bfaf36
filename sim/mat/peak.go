package mat

import "runtime"

// peakSums are the sums that Peak keeps at a time, as gen/peak.go has them: as many as a processor
// has under way at once.
const peakSums = 10

// Peak multiplies and adds in registers as fast as the processor can at the level of this process,
// rounds times, and returns how many operations that was: with the product rounded before it
// is added, as in kvstep, or fused to one rounding; 0 where there is no such instruction. It has
// nothing in common with the kernels: they can be held against it.
func Peak(rounds int, fused bool) (operations int) {
	return 2 * peakSums * fastPeak(rounds, fused) * rounds
}

// plainPeak is Peak with the product rounded, one number at a time.
func plainPeak(rounds int) {
	var a, b, c, d, e, f, g, h, i, j float32
	for x := float32(rounds); rounds > 0; rounds-- {
		a += float32(x * x)
		b += float32(x * x)
		c += float32(x * x)
		d += float32(x * x)
		e += float32(x * x)
		f += float32(x * x)
		g += float32(x * x)
		h += float32(x * x)
		i += float32(x * x)
		j += float32(x * x)
		x = 1 - x
	}
	runtime.KeepAlive(a + b + c + d + e + f + g + h + i + j) // no compiler leaves the sums out
}
