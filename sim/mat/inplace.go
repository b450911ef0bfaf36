package mat

import (
	"bytes"
	"encoding/binary"
	"unsafe"
)

// littleEndian tells whether this processor keeps numbers as files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// ViewF32 sees little-endian float32 numbers where they stand, without a copy. It
// reports false where that cannot be done: on a processor of the other byte order,
// or where the bytes do not begin at a multiple of 4. The numbers live as long as
// the bytes, and must not be written to unless these may.
func ViewF32(data []byte) ([]float32, bool) { return view[float32](data) }

// ViewHalves does what ViewF32 does for numbers of 16 bits.
func ViewHalves(data []byte) ([]uint16, bool) { return view[uint16](data) }

func view[T float32 | uint16](data []byte) ([]T, bool) {
	if len(data) == 0 {
		return []T{}, true
	}
	var one T
	at, size := unsafe.Pointer(unsafe.SliceData(data)), int(unsafe.Sizeof(one))
	if !littleEndian || int(uintptr(at)%uintptr(size)) != 0 || len(data)%size != 0 {
		return nil, false
	}
	return unsafe.Slice((*T)(at), len(data)/size), true
}

// UninitHalves returns memory like Uninit, for n numbers of 16 bits.
func UninitHalves(n int) []uint16 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(Uninit((n+1)/2)))), n)
}

// SameBits reports whether a and b have the same numbers, bit for bit: a NaN is the same as itself,
// 0 and -0 are not. It reads them as fast as memory is compared.
func SameBits(a, b []float32) bool {
	raw := func(x []float32) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x)) }
	return len(a) == len(b) && bytes.Equal(raw(a), raw(b))
}
