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
	all := uncleared(size)
	if size >= 2*hugePage {
		first := toHugePage(all)
		wish(all[first : first+(size-first)/hugePage*hugePage])
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[0])), n)
}

// Slab is Room that stands in large pages as a whole, from 1 MB on. Some rented machines
// take 10 microseconds for the first touch of a page of 4 KB, which makes a first prefill
// twice as long. What a page of 2 MB has too much is lost: this is for a few pieces of
// memory, out of which others are cut.
func Slab(n int) []float32 {
	if 4*n < hugePage/2 {
		return Room(n)
	}
	size := (4*n + hugePage - 1) / hugePage * hugePage
	all := uncleared(size + hugePage) // what is not touched takes no memory
	first := toHugePage(all)
	wish(all[first : first+size])
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[first])), n)
}

// uncleared is memory with anything in it.
func uncleared(size int) []byte {
	var b strings.Builder // the one that does not clear its memory
	b.Grow(size)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), size)
}

// toHugePage is how far the first large page is.
func toHugePage(all []byte) int { return int(-uintptr(unsafe.Pointer(&all[0])) % hugePage) }

// wish asks for large pages. Where they are not granted nothing is lost.
func wish(all []byte) { _ = syscall.Madvise(all, syscall.MADV_HUGEPAGE) }
