package mat

import (
	"strings"
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls so on most processors, bytes.
const hugePage = 2 << 20

// Room is memory for n numbers that will all be written before they are read: much of
// it in large pages where the system has them, which are read about a third faster.
func Room(n int) []float32 {
	size := 4 * n
	if size < 2*hugePage {
		return make([]float32, n)
	}
	var b strings.Builder // the one that does not clear its memory first
	b.Grow(size)
	b.WriteByte(0)
	all := unsafe.Slice(unsafe.StringData(b.String()), size)
	first := int(-uintptr(unsafe.Pointer(&all[0])) % hugePage)
	// A wish: where it is not granted nothing is lost.
	_ = syscall.Madvise(all[first:first+(size-first)/hugePage*hugePage], syscall.MADV_HUGEPAGE)
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[0])), n)
}
