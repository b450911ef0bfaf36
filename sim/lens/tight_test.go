package lens

import (
	"encoding/binary"
	"testing"
)

// TestTight: small numbers take a byte, and ids of a large vocabulary lose nothing.
func TestTight(t *testing.T) {
	for _, x := range []struct {
		most  float64
		dtype string
		size  int
	}{{255, "U8", 1}, {256, "U16", 2}, {65535, "U16", 2}, {65536, "U32", 4}, {128255, "U32", 4}} {
		got := tight("x", [][]float64{{1, x.most}})
		last := append(got.Data[x.size:2*x.size:2*x.size], 0, 0, 0)
		if got.DType != x.dtype || len(got.Data) != 2*x.size || float64(binary.LittleEndian.Uint32(last)) != x.most {
			t.Errorf("%v is %s %v", x.most, got.DType, got.Data)
		}
	}
}
