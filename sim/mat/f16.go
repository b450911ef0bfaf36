package mat

import (
	"encoding/binary"
	"math"
)

// A float16 (IEEE 754 binary16) is 1 sign bit, 5 exponent bits with bias 15
// and 10 fraction bits; a float32 is 1, 8 (bias 127) and 23. Largest finite
// 65504, smallest normal 2^-14, smallest subnormal 2^-24.

const (
	f32Inf       = 0x7f800000       // bits of float32 infinity
	f32MinF16    = (127 - 14) << 23 // bits of 2^-14, the smallest normal float16
	f32OverF16   = (127 + 16) << 23 // bits of 2^16, above every float16
	f16Inf       = 0x7c00
	f16Quiet     = 0x0200 // the bit that makes a NaN quiet
	biasGap      = 127 - 15
	fractionBits = 23 - 10 // fraction bits that a float16 lacks
)

// F16 returns x rounded to the nearest float16, ties to even. Numbers from 65520
// on become infinite; NaN stays NaN, made quiet.
func F16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > f32Inf:
		return sign | f16Inf | f16Quiet | uint16(b>>fractionBits)&0x3ff
	case b >= f32OverF16:
		return sign | f16Inf
	case b < f32MinF16:
		// Subnormal: in [0.5, 1) the last bit of a float32 is worth 2^-24, as
		// that of a subnormal float16 is, so adding 0.5 rounds to it.
		sum := math.Float32frombits(b) + 0.5
		return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
	}
	// Normal: move the exponent to the new bias, add just under half of the
	// bits to be dropped (exactly half when the kept part is odd), drop them.
	// A carry out of the fraction correctly raises the exponent.
	b -= biasGap << 23
	b += 1<<(fractionBits-1) - 1 + b>>fractionBits&1
	return sign | uint16(b>>fractionBits)
}

// F32 returns the float16 h as a float32, exactly.
func F32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, fraction := uint32(h>>10)&0x1f, uint32(h&0x3ff)
	switch exp {
	case 0: // zero and subnormals: fraction * 2^-24
		x := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(x))
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | f32Inf | fraction<<fractionBits)
	}
	return math.Float32frombits(sign | (exp+biasGap)<<23 | fraction<<fractionBits)
}

// AppendF16 appends x as little-endian float16, 2 bytes a number.
func AppendF16(dst []byte, x []float32) []byte {
	for _, v := range x {
		dst = binary.LittleEndian.AppendUint16(dst, F16(v))
	}
	return dst
}

// AppendF32 appends x as little-endian float32, 4 bytes a number.
func AppendF32(dst []byte, x []float32) []byte {
	for _, v := range x {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}
