package mat

import (
	"strings"
	"syscall"
	"unsafe"
)

// hugePage is what Linux calls so on most processors, bytes.
const hugePage = 2 << 20

// Uninit returns memory for n numbers that will all be written before they are read: it is not
// cleared first, and much of it is in large pages where there is enough of it and the
// system has them, which are read about a third faster.
func Uninit(n int) []float32 {
	if n < 1<<14 {
		return make([]float32, n)
	}
	size := 4 * n
	all := uncleared(size)
	if size >= 2*hugePage {
		first := toHugePage(all)
		adviseHuge(all[first : first+(size-first)/hugePage*hugePage])
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[0])), n)
}

// Slab returns memory like Uninit that begins with a large page, and stands in large pages but for its end,
// from 1 MB on. Some rented machines take 10 microseconds for the first touch of a page of
// 4 KB, which makes a first prefill twice as long. This is for a few pieces of memory, out
// of which others are cut.
func Slab(n int) []float32 {
	if 4*n < hugePage/2 {
		return Uninit(n)
	}
	size := SlabBytes(n)
	all := uncleared(int(size) + hugePage) // what is not touched takes no memory
	first := toHugePage(all)
	adviseHuge(all[first : first+int(size)/hugePage*hugePage])
	return unsafe.Slice((*float32)(unsafe.Pointer(&all[first])), n)
}

// SlabBytes returns what Slab takes: the last large page is used as a whole where little of it
// is too much, and else is left to small ones.
func SlabBytes(n int) int64 {
	size := 4 * int64(n)
	if rest := size % hugePage; size >= hugePage/2 && rest >= hugePage/4*3 {
		size += hugePage - rest
	}
	return size
}

// uncleared returns memory with anything in it.
func uncleared(size int) []byte {
	var b strings.Builder // the one that does not clear its memory
	b.Grow(size)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), size)
}

// toHugePage returns how far the first large page is.
func toHugePage(all []byte) int { return int(-uintptr(unsafe.Pointer(&all[0])) % hugePage) }

// adviseHuge asks for large pages. Where they are not granted nothing is lost.
func adviseHuge(all []byte) {
	if len(all) == 0 {
		return
	}
	_ = syscall.Madvise(all, syscall.MADV_HUGEPAGE)
}
