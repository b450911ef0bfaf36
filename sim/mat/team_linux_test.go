package mat

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// TestWeightsThatAreGone: where weights cannot be read any more, as those of a mapped file
// that was shortened, neither a helper nor the caller ends the process; the caller
// panics, and both work on.
func TestWeightsThatAreGone(t *testing.T) {
	threads(t, 3)
	const rows, cols = 512, 512
	gone, err := syscall.Mmap(-1, 0, 4*rows*cols, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("skipped:", err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(gone) })
	w := Of(rows, cols, unsafe.Slice((*float32)(unsafe.Pointer(&gone[0])), rows*cols))
	x, dst := New(1, cols), New(1, rows)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for range 100 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the caller hears nothing")
				}
			}()
			MulT(dst, x, w)
		}()
	}
	if team.held.Load() {
		t.Error("the team is held for ever")
	}
	MulT(dst, x, New(rows, cols))
}
