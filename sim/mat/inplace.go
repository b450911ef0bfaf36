package mat

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian tells whether this processor keeps numbers as files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// ViewF32 sees little-endian float32 numbers where they stand, without a copy. It
// reports false where that cannot be done: on a processor of the other byte order,
// or where the bytes do not begin at a multiple of 4. The numbers live as long as
// the bytes, and must not be written to unless these may.
func ViewF32(data []byte) ([]float32, bool) {
	if len(data) == 0 {
		return []float32{}, true
	}
	at := unsafe.Pointer(unsafe.SliceData(data))
	if !littleEndian || uintptr(at)%4 != 0 || len(data)%4 != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(at), len(data)/4), true
}
