package wire

import (
	"encoding/binary"
	"testing"

	"kvstep/sim/lens"
)

// TestLeast: small numbers take a byte, and ids of a large vocabulary lose nothing.
func TestLeast(t *testing.T) {
	for _, x := range []struct {
		most  uint32
		dtype string
		size  int
	}{{255, "U8", 1}, {256, "U16", 2}, {65535, "U16", 2}, {65536, "U32", 4}, {128255, "U32", 4}} {
		got := Tensor(lens.Tensor{Name: "x", Shape: []int{1, 2}, As: lens.Least, Whole: []uint32{1, x.most}})
		last := append(got.Data[x.size:2*x.size:2*x.size], 0, 0, 0)
		if got.DType != x.dtype || len(got.Data) != 2*x.size || binary.LittleEndian.Uint32(last) != x.most {
			t.Errorf("%v is %s %v", x.most, got.DType, got.Data)
		}
	}
}
