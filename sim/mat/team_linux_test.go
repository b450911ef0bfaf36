package mat

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// TestWeightsThatAreGone: where weights cannot be read any more, as those of a mapped file
// that was shortened, neither the helper nor the caller ends the process; the caller
// panics, and both work on.
func TestWeightsThatAreGone(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("skipped: one processor has no helper")
	}
	const rows, cols = 512, 512
	gone, err := syscall.Mmap(-1, 0, 4*rows*cols, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("skipped:", err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(gone) })
	w := Of(rows, cols, unsafe.Slice((*float32)(unsafe.Pointer(&gone[0])), rows*cols))
	x, dst := New(1, cols), New(1, rows)
	team.rest.Store(0)
	StartTeam()
	defer StopTeam()
	for !team.held.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
	for team.state.Load() != ready {
		StartTeam() // it may have just gone
		StopTeam()
		runtime.Gosched()
	}
	post(x, w, rows*cols)
	for team.state.Load() != ready { // nobody else takes a piece
		runtime.Gosched()
	}
	if done := team.finished.Load(); done != 0 {
		t.Errorf("pieces %b are finished", done)
	}
	team.held.Store(false)
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
