package lens

import "kvstep/sim/mat"

// Number is the kind of number that a tensor is wanted in.
type Number int

const (
	F16     Number = iota // float16: 3 to 4 digits, enough for a colour and a first reading
	F32                   // float32: every digit that the engine has
	Picture               // bytes, 128 + 127 x share of the largest: good for a picture only
	Bytes                 // bytes, whatever the lens means by them
	Least                 // whole numbers below 2^32 in as few bytes as the largest needs
	Count                 // whole numbers below 2^32 as such, others as float64, exact up to 2^53
)

// Tensor is named numbers with a shape, and how exactly they are wanted. Its numbers
// stand in the field of its kind.
type Tensor struct {
	Name  string
	Shape []int
	As    Number

	Matrix *mat.Matrix // F16, F32, Picture
	Max    float32     // Picture: the largest absolute number
	Bytes  []byte      // Bytes
	Whole  []uint32    // Least
	Counts [][]float64 // Count: rows of equal length

	Crowds bool // it takes room from the picture of all heads, which comes later
}

// Floats returns a matrix in F16 or F32, [rows, cols].
func Floats(name string, as Number, x mat.Matrix) Tensor {
	return Tensor{Name: name, Shape: []int{x.NumRows(), x.NumCols()}, As: as, Matrix: &x}
}

// Pictured returns a matrix as a picture of one byte for each number. What has no
// largest number, or is not finite, stays F16 and has a Max of 0.
func Pictured(name string, x mat.Matrix) Tensor {
	t := Floats(name, F16, x)
	if largest := largestOf(x); largest > 0 {
		t.As, t.Max = Picture, largest
	}
	return t
}

// largestOf returns the largest absolute number; 0 where one is not finite.
func largestOf(x mat.Matrix) (largest float32) {
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			if v-v != 0 {
				return 0
			}
			largest = max(largest, v, -v)
		}
	}
	return largest
}

// wholes returns whole numbers, in as few bytes as they need.
func wholes(name string, numbers []uint32, shape ...int) Tensor {
	return Tensor{Name: name, Shape: shape, As: Least, Whole: numbers}
}

// bytesOf returns bytes as they are.
func bytesOf(name string, data []byte, shape ...int) Tensor {
	return Tensor{Name: name, Shape: shape, As: Bytes, Bytes: data}
}

// crowding marks tensors that take room from the picture of all heads.
func crowding(tensors ...Tensor) []Tensor {
	for i := range tensors {
		tensors[i].Crowds = true
	}
	return tensors
}

// counts returns rows of equal length.
func counts(name string, rows [][]float64) Tensor {
	return Tensor{Name: name, Shape: []int{len(rows), len(rows[0])}, As: Count, Counts: rows}
}
