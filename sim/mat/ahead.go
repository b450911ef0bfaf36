package mat

import "unsafe"

const lineBytes = 64

// ahead is memory that is read soon: kernels that are busy with numbers ask for some lines of it
// now and then, so that it stands in the caches when its turn comes.
type ahead struct {
	at    uintptr // not a pointer: nothing is read there, and it may lie behind the last number
	lines int     // that are left
	each  int     // how many at a time
}

// aheadOf returns the memory of n rows of w from a row on, or nothing where they do not stand side by side.
func aheadOf(w *Matrix, from, n int) ahead {
	switch {
	case w.pages != nil || w.stride != w.cols || n*w.cols == 0:
		return ahead{}
	case w.halves != nil:
		return ahead{at: uintptr(unsafe.Pointer(&w.bits16(from)[0])), lines: n * w.cols * 2 / lineBytes}
	}
	return ahead{at: uintptr(unsafe.Pointer(&w.data[from*w.stride])), lines: n * w.cols * 4 / lineBytes}
}

// share says that the memory is asked for in so many parts.
func (a *ahead) share(parts int) { a.each = (a.lines + parts - 1) / max(parts, 1) }

// take returns where the next n parts begin, and of how many lines each is.
func (a *ahead) take(n int) (at uintptr, lines int) {
	at, lines = a.at, min(a.each, a.lines/max(n, 1))
	a.at += uintptr(n * lines * lineBytes)
	a.lines -= n * lines
	return at, lines
}
