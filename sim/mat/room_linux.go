package mat

import (
	"strings"
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls so on most processors, bytes.
const hugePage = 2 << 20

// Room is memory for n numbers that will all be written before they are read: it is not
// cleared first, and much of it is in large pages where there is enough of it and the
// system has them, which are read about a third faster.
func Room(n int) []float32 {
	if n < 1<<14 {
		return make([]float32, n)
	}
	size := 4 * n
	var b strings.Builder // the one that does not clear its memory
	b.Grow(size)
	b.WriteByte(0)
	all := unsafe.Slice(unsafe.StringData(b.String()), size)
	if size >= 2*hugePage {
		first := int(-uintptr(unsafe.Pointer(&all[0])) % hugePage)
		// A wish: where it is not granted nothing is lost.
		_ = syscall.Madvise(all[first:first+(size-first)/hugePage*hugePage], syscall.MADV_HUGEPAGE)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[0])), n)
}
