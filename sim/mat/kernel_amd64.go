package mat

import "golang.org/x/sys/cpu"

// avx2 says whether this processor has the instructions of dot4AVX2. The
// kernel keeps Dot's order, so that it only changes the speed.
var avx2 = cpu.X86.HasAVX2

// dot4 sets dst[r] = Dot(x, w row from+r) for r = 0..3, or reports that there
// is no kernel for this length.
func dot4(dst *[4]float32, x []float32, w Matrix, from int) bool {
	if !avx2 || w.pages != nil || len(x) == 0 || len(x)%lanes != 0 || w.cols < len(x) || from+4 > w.rows {
		return false
	}
	dot4AVX2(dst, &x[0], &w.data[from*w.stride], w.stride, len(x))
	return true
}
