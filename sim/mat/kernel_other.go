//go:build !amd64 && !arm64

package mat

func (l Level) available() bool { return l == Portable }

// These report that there is no kernel here; see kernel_amd64.go.
func fastDot([]float32, []float32) (float32, bool)                  { return 0, false }
func fastDots([]float32, []float32, *Matrix) bool                   { return false }
func fastWeighted([]float32, []float32, *Matrix, []int) bool        { return false }
func someExps([]float32, []float32, float32) int                    { return 0 }
func fastSwiGLU([]float32, []float32, []float32) int                { return 0 }
func fastGELU([]float32, []float32) int                             { return 0 }
func fastMax([]float32) (float32, int)                              { return 0, 0 }
func fastDivide([]float32, float32) int                             { return 0 }
func fastGain([]float32, []float32, []float32, float32) int         { return 0 }
func fastSum(*[lanes]float32, []float32, []int) int                 { return 0 }
func fastCenter([]float32, []float32, float32, *[lanes]float32) int { return 0 }
func fastAffine([]float32, []float32, []float32, float32) int       { return 0 }
func fastAdd([]float32, []float32, []float32) int                   { return 0 }
func fastScale([]float32, float32) int                              { return 0 }
func fastRotate([]float32, []float32, []float32, bool) bool         { return false }

func fastPeak(rounds int, fused bool) int {
	if fused {
		return 0
	}
	plainPeak(rounds)
	return 1
}
