package mat

import (
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls so on most processors, bytes.
const hugePage = 2 << 20

// Room is memory for n numbers that will be read again and again, such as weights:
// in large pages where the system has them, which are read about a third faster.
func Room(n int) []float32 {
	x := make([]float32, n)
	if size := 4 * n; size >= 2*hugePage {
		all := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), size)
		first := int(-uintptr(unsafe.Pointer(&x[0])) % hugePage)
		// A wish: where it is not granted nothing is lost.
		_ = syscall.Madvise(all[first:first+(size-first)/hugePage*hugePage], syscall.MADV_HUGEPAGE)
	}
	return x
}
