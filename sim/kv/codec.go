package kv

import (
	"math"

	"kvstep/sim/mat"
)

// group is one group of numbers kept in few bits: x ~ code*scale + low. Scale
// and low are float16, so that a group of g numbers takes bits + 2*16/g bits a
// number (the row "kivi" of the memory formulas; Liu et al. 2024).
type group struct{ scale, low uint16 }

// largest16 is the largest float16, 65504. Numbers beyond it are cut to it.
const largest16 = 0x7bff

// fit returns the group that can hold numbers between least and most: low is at most
// least, and the highest code reaches most, whatever float16 rounds away. The
// error of a number is then at most half a step, scale/2, and what float32
// rounds.
func fit(least, most float32, bits int) group {
	low := down16(max(least, -mat.F32(largest16)))
	top := float32(int(1)<<bits - 1)
	scale := min(mat.F16((most-mat.F32(low))/top), largest16)
	for scale < largest16 && float32(mat.F32(scale)*top)+mat.F32(low) < most {
		scale++ // the next larger float16: scale is not negative
	}
	return group{scale, low}
}

// down16 returns the largest float16 that is at most x, which float16 can reach.
func down16(x float32) uint16 {
	h := mat.F16(x)
	switch {
	case mat.F32(h) <= x:
		return h
	case h&0x8000 != 0:
		return h + 1 // a larger magnitude
	}
	return h - 1
}

// encode returns the nearest code of x.
func (g group) encode(x float32, bits int) byte {
	scale := mat.F32(g.scale)
	if scale == 0 {
		return 0
	}
	n := math.RoundToEven(float64((x - mat.F32(g.low)) / scale))
	return byte(min(max(n, 0), float64(int(1)<<bits-1)))
}

// bounds returns the least and the most of some numbers.
func bounds(x []float32) (least, most float32) {
	least, most = x[0], x[0]
	for _, v := range x[1:] {
		least, most = min(least, v), max(most, v)
	}
	return least, most
}
