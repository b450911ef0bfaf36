package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"

	"kvstep/sim/mat"
)

// widens reports whether numbers of a dtype can become float32 exactly.
func widens(dtype string) bool { return dtype == "F32" || dtype == "F16" || dtype == "BF16" }

// widen writes the numbers in data to x, which has a place for each.
func widen(x []float32, dtype string, data []byte) {
	le := binary.LittleEndian
	switch dtype {
	case "F32": // 4 bytes each, the bits as they are
		for i := range x {
			x[i] = math.Float32frombits(le.Uint32(data[4*i:]))
		}
	case "F16": // 2 bytes each, widened exactly
		for i := range x {
			h := uint32(le.Uint16(data[2*i:]))
			// Normal numbers get another exponent bias; the rest is rare.
			if e := h & 0x7c00; e != 0 && e != 0x7c00 {
				x[i] = math.Float32frombits(h&0x8000<<16 | (h&0x7fff)<<13 + (127-15)<<23)
			} else {
				x[i] = mat.F32(uint16(h))
			}
		}
	case "BF16": // the upper half of a float32
		for i := range x {
			x[i] = math.Float32frombits(uint32(le.Uint16(data[2*i:])) << 16)
		}
	}
}

// finite returns a Problem naming the first NaN or infinity of a tensor, or nil; x are
// its numbers from number first on.
func finite(file, tensor string, x []float32, first int) error {
	if !anyInfinite(x) {
		return nil
	}
	for i, v := range x {
		if v-v != 0 { // NaN and infinities only
			return problem("checkpoint.nan", file, "Tensor", tensor, "Index", first+i, "Value", fmt.Sprint(v))
		}
	}
	return nil
}

// anyInfinite reports whether x has a NaN or an infinity: an exponent of all ones,
// which carries into the sign when one is added to it.
func anyInfinite(x []float32) bool {
	const exponent, one = 0x7f800000, 0x00800000
	var a, b, c, d uint32
	for ; len(x) >= 4; x = x[4:] {
		a |= math.Float32bits(x[0])&exponent + one
		b |= math.Float32bits(x[1])&exponent + one
		c |= math.Float32bits(x[2])&exponent + one
		d |= math.Float32bits(x[3])&exponent + one
	}
	for _, v := range x {
		a |= math.Float32bits(v)&exponent + one
	}
	return (a|b|c|d)>>31 != 0
}

// finiteHalves does what finite does for numbers of 16 bits.
func finiteHalves(file, tensor string, kind mat.Half, words []uint16, first int) error {
	exponent, one := uint16(0x7c00), uint16(0x0400) // as in anyInfinite
	if kind == mat.BFloat16 {
		exponent, one = 0x7f80, 0x0080
	}
	carry := uint16(0)
	for _, h := range words {
		carry |= h&exponent + one
	}
	if carry>>15 == 0 {
		return nil
	}
	for i, h := range words {
		if h&exponent == exponent {
			return problem("checkpoint.nan", file, "Tensor", tensor, "Index", first+i, "Value", fmt.Sprint(kind.F32(h)))
		}
	}
	return nil
}
