//go:build !amd64

package mat

// KeepsHalves reports whether weights of 16 bits a number had better stay so: whether
// there are kernels for them.
func KeepsHalves() bool { return false }

// These report that there is no kernel here; see ops_amd64.go.
func fastSquares([]float32, *Matrix) bool                                 { return false }
func fastTiles(Matrix, Matrix, *Matrix, int, ahead) int                   { return 0 }
func fastExps([]float32, []float32, float32, *[lanes]float32, []int) bool { return false }
func fastMass([]float32, *[lanes]float64) (int, bool)                     { return 0, false }
func fastWiden(Half, []float32, []uint16) int                             { return 0 }
func fastHalves([]float32, []float32, *Matrix) int                        { return 0 }
