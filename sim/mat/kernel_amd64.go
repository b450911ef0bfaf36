package mat

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

func (l Level) available() bool {
	switch l {
	case Portable:
		return true
	case AVX2:
		return cpu.X86.HasAVX2
	case AVX512:
		return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasBMI2
	}
	return false
}

// fastDot computes Dot, or reports that no kernel can.
func fastDot(a, b []float32) (sum float32, ok bool) {
	if selected < AVX2 || len(a) == 0 {
		return 0, false
	}
	ok = dotsAVX2(&sum, &a[0], len(a), &b, 0, 1, 0, len(a), len(a), 1)
	return sum, ok
}

// fastDots sets dst[r] = Dot(x, w row r) for every row of w, or reports that no
// kernel can.
func fastDots(dst, x []float32, w *Matrix) bool {
	if selected < AVX2 || len(x) == 0 || w.rows == 0 || w.cols < len(x) || len(dst) < w.rows {
		return false
	}
	if quarter := w.rows / 4; quarter > 0 && w.pages == nil {
		dotsApartAVX2(&dst[0], &x[0], len(x), &w.data[0], w.stride, quarter)
		if 4*quarter == w.rows {
			return true
		}
		rest := w.Rows(4*quarter, w.rows)
		dst, w = dst[4*quarter:], &rest
	}
	r := walkOf(w)
	return dotsAVX2(&dst[0], &x[0], len(x), r.page, r.row, r.perPage, r.skip, r.stride, r.need, w.rows)
}

// KeepsHalves reports whether weights of 16 bits a number had better stay so: whether
// there are kernels for them.
func KeepsHalves() bool { return selected >= AVX2 && cpu.X86.HasF16C }

// fastHalves sets dst[r] = Dot(x, w row r) for the first rows of w, of 16 bits a
// number, and tells of how many.
func fastHalves(dst, x []float32, w *Matrix) int {
	quarter := w.rows / 4
	if !KeepsHalves() || quarter == 0 || len(x) == 0 || len(x)%16 != 0 || w.cols < len(x) || len(dst) < w.rows {
		return 0
	}
	// Called by name, or what they are given would have to leave the stack.
	if w.halves.kind == BFloat16 {
		dotsApartBF16AVX2(&dst[0], &x[0], len(x), &w.bits16(0)[0], w.stride, quarter)
	} else {
		dotsApartF16AVX2(&dst[0], &x[0], len(x), &w.bits16(0)[0], w.stride, quarter)
	}
	return 4 * quarter
}

// fastWiden widens the first numbers of bits16 and returns how many.
func fastWiden(kind Half, dst []float32, bits16 []uint16) int {
	n := min(len(dst), len(bits16)) / 16 * 16
	if !KeepsHalves() || n == 0 {
		return 0
	}
	if kind == BFloat16 {
		widenBF16AVX2(&dst[0], &bits16[0], n)
	} else {
		widenF16AVX2(&dst[0], &bits16[0], n)
	}
	return n
}

// fastSquares does Squares, or reports that no kernel can.
func fastSquares(dst []float32, x *Matrix) bool {
	if selected < AVX2 || x.rows == 0 || x.cols == 0 || len(dst) < x.rows {
		return false
	}
	r := walkOf(x)
	return squaresAVX2(&dst[0], x.cols, r.page, r.row, r.perPage, r.skip, r.stride, r.need, x.rows)
}

// Of rows longer than tileLong the tiles take equal pieces, so that six rows of x stay in a cache of
// 32 KB, and tileFew rows of w at a time.
const (
	tileRows = 6
	tileLong = 1024
	tileFew  = 48
)

// fastTiles sets dst[i][from+j] = Dot(x row i, w row j) for the first rows of x, six at a time or
// as many as make equal groups, and tells how many it took.
func fastTiles(dst, x Matrix, w *Matrix, from int, next ahead) int {
	if selected < AVX512 || x.rows < 2 || w.rows == 0 || w.rows%4 != 0 || x.cols == 0 || w.cols < x.cols ||
		dst.rows < x.rows || dst.cols < from+w.rows || dst.pages != nil || x.pages != nil || w.pages != nil {
		return 0
	}
	var sums [tileRows * tileFew * lanes]float32
	some := w.rows
	if x.cols > tileLong {
		some = tileFew
	}
	next.share((x.rows + tileRows - 1) / tileRows * (w.rows / 4) * ((x.cols + tileLong - 1) / tileLong))
	for i, left := 0, (x.rows+tileRows-1)/tileRows; left > 0; left-- {
		m := (x.rows - i + left - 1) / left
		for j := 0; j < w.rows; j += some {
			tiles(dst, x, w, i, m, j, min(some, w.rows-j), from+j, &sums, &next)
		}
		i += m
	}
	return x.rows
}

// tiles sets dst[i+r][to+c] = Dot(x row i+r, w row j+c) for r < m and c < n.
func tiles(dst, x Matrix, w *Matrix, i, m, j, n, to int, sums *[tileRows * tileFew * lanes]float32, next *ahead) {
	pieces := (x.cols + tileLong - 1) / tileLong
	long := (x.cols/pieces + lanes - 1) / lanes * lanes
	var before, after *float32
	for at := 0; at < x.cols; at += long {
		k := min(long, x.cols-at)
		if after = nil; at+k < x.cols {
			after = &sums[0]
		}
		d, a, b := &dst.data[i*dst.stride+to], &x.data[i*x.stride+at], &w.data[j*w.stride+at]
		soon, lines := next.take(n / 4)
		switch m {
		case 1:
			tile1AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		case 2:
			tile2AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		case 3:
			tile3AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		case 4:
			tile4AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		case 5:
			tile5AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		default:
			tile6AVX512(d, dst.stride, a, x.stride, k, b, w.stride, n, before, after, soon, lines)
		}
		before = after
	}
}

// fastWeighted does WeightedSum, or reports that no kernel can.
func fastWeighted(dst, p []float32, v *Matrix, at []int) bool {
	if selected < AVX2 || len(p) == 0 || v.rows < len(p) || len(dst) < v.cols || at != nil && len(at) < len(p) {
		return false
	}
	positions := unsafe.SliceData(at)
	for d := 0; d < v.cols; d += panel {
		part := v.Cols(d, min(d+panel, v.cols))
		r := walkOf(&part)
		if !weightedAVX2(&dst[d], &p[0], positions, r.page, r.row, r.perPage, r.skip, r.stride, r.need, len(p), part.cols) {
			return false
		}
	}
	return true
}
