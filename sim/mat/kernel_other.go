//go:build !amd64 && !arm64

package mat

func (l Level) available() bool { return l == Portable }

// These report that there is no kernel here; see kernel_amd64.go.
func fastDot([]float32, []float32) (float32, bool)           { return 0, false }
func fastDots([]float32, []float32, *Matrix) bool            { return false }
func fastWeighted([]float32, []float32, *Matrix, []int) bool { return false }
func someExps([]float32, []float32, float32) int             { return 0 }
func fastSwiGLU([]float32, []float32, []float32) int         { return 0 }
