package wire

import (
	"encoding/binary"
	"sync"
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

// TestFramesAlone: a frame that is written while another is does not change it, and of a
// file no tensor runs into the next.
func TestFramesAlone(t *testing.T) {
	l, rec, steps := small(t)
	want := string(Encode(nil, withPanels(moment(l, rec, steps, 7, 1, 1), "heads", "rows", "history")))
	var kept lens.Kept // all frames find what others have worked out
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range steps {
				other := withPanels(moment(l, rec, steps, n, 0, 2), "heads", "history", "history-time", "formulas")
				other.Kept, other.View.Pairs = &kept, "dense"
				Encode(nil, other)
				again := withPanels(moment(l, rec, steps, 7, 1, 1), "heads", "rows", "history")
				again.Kept = &kept
				if got := Encode(nil, again); string(got) != want {
					t.Error("another frame has changed it")
				}
			}
		})
	}
	group.Wait()
	f := File(moment(l, rec, steps, 7, 1, 1))
	for i, x := range f.Tensors {
		before := string(f.Tensors[(i+1)%len(f.Tensors)].Data)
		if _ = append(x.Data, 7); string(f.Tensors[(i+1)%len(f.Tensors)].Data) != before {
			t.Errorf("%s runs into the next", x.Name)
		}
	}
}
