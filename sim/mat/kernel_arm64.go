package mat

import "unsafe"

// available reports whether this processor has the kernels of a level. Every arm64 one has NEON.
func (l Level) available() bool { return l == Portable || l == NEON }

//go:noescape
func dotsNEON(dst, x *float32, k int, page *[]float32, row, perPage, skip, stride, need, n int) bool

//go:noescape
func weightedNEON(dst, p *float32, at *int, page *[]float32, row, perPage, skip, stride, need, n, cols int) bool

//go:noescape
func expsNEON(dst, s *float32, top float32, n int)

//go:noescape
func swigluNEON(dst, gate, up *float32, n int)

// fastDot computes Dot, or reports that no kernel can; they take four numbers at least.
func fastDot(a, b []float32) (sum float32, ok bool) {
	if selected < NEON || len(a) == 0 || len(a)%4 != 0 {
		return 0, false
	}
	ok = dotsNEON(&sum, &a[0], len(a), &b, 0, 1, 0, len(a), len(a), 1)
	return sum, ok
}

// fastDots sets dst[r] = Dot(x, w row r) for every row of w, or reports that no
// kernel can.
func fastDots(dst, x []float32, w *Matrix) bool {
	if selected < NEON || len(x) == 0 || len(x)%4 != 0 || w.rows == 0 || w.cols < len(x) || len(dst) < w.rows {
		return false
	}
	r := walkOf(w)
	return dotsNEON(&dst[0], &x[0], len(x), r.page, r.row, r.perPage, r.skip, r.stride, r.need, w.rows)
}

// fastWeighted does WeightedSum, or reports that no kernel can.
func fastWeighted(dst, p []float32, v *Matrix, at []int) bool {
	if selected < NEON || len(p) == 0 || v.cols%4 != 0 || v.rows < len(p) || len(dst) < v.cols || at != nil && len(at) < len(p) {
		return false
	}
	for d := 0; d < v.cols; d += panel {
		part := v.Cols(d, min(d+panel, v.cols))
		r := walkOf(&part)
		if !weightedNEON(&dst[d], &p[0], unsafe.SliceData(at), r.page, r.row, r.perPage, r.skip, r.stride, r.need, len(p), part.cols) {
			return false
		}
	}
	return true
}

// someExps sets dst = exp(s - top) for the first numbers and tells for how many.
func someExps(dst, s []float32, top float32) int {
	n := len(s) / 4 * 4
	if selected < NEON || n == 0 || len(dst) < n {
		return 0
	}
	expsNEON(&dst[0], &s[0], top, n)
	return n
}

// fastSwiGLU does SwiGLU for the first numbers, and returns for how many.
func fastSwiGLU(dst, gate, up []float32) int {
	n := len(gate) / 4 * 4
	if selected < NEON || n == 0 || len(dst) < n || len(up) < n {
		return 0
	}
	swigluNEON(&dst[0], &gate[0], &up[0], n)
	return n
}
