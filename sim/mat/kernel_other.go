//go:build !amd64

package mat

func (l Level) available() bool { return l == Portable }

// These report that there is no kernel here; see kernel_amd64.go.
func fastDot([]float32, []float32) (float32, bool)           { return 0, false }
func fastDots([]float32, []float32, *Matrix) bool            { return false }
func fastSquares([]float32, *Matrix) bool                    { return false }
func fastTiles(Matrix, Matrix, *Matrix, int) int             { return 0 }
func fastWeighted([]float32, []float32, *Matrix, []int) bool { return false }
func fastSoftmax([]float32, []float32, []int) bool           { return false }
func fastSwiGLU([]float32, []float32, []float32) bool        { return false }
func fastGain([]float32, []float32, []float32, float32) bool { return false }
func fastSum(*[lanes]float32, []float32, []int) bool         { return false }
func fastAdd([]float32, []float32, []float32) bool           { return false }
func fastScale([]float32, float32) bool                      { return false }
