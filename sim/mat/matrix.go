// Package mat has matrix views and the kernels of the forward pass. No other
// package computes an offset into a matrix.
//
// Every kernel gives the same bits on every machine: each float32 product is
// rounded before it is added, and every sum runs in one fixed order of 16
// lanes and a tree (Dot). A row's result therefore does not depend on which
// other rows are computed with it, which is what makes cached and uncached
// decoding equal bit for bit.
package mat

import "fmt"

// Matrix is a view of float32 numbers, row-major: rows x cols, with stride
// numbers from one row to the next. Copying a Matrix copies the view only.
type Matrix struct {
	rows, cols, stride int
	data               []float32
}

// New returns a zeroed rows x cols matrix.
func New(rows, cols int) Matrix { return Of(rows, cols, make([]float32, rows*cols)) }

// Of views data as a rows x cols matrix; len(data) must be rows*cols.
func Of(rows, cols int, data []float32) Matrix {
	if len(data) != rows*cols {
		panic(fmt.Sprintf("mat.Of: %d numbers for %d x %d", len(data), rows, cols))
	}
	return Matrix{rows, cols, cols, data}
}

// RowOf views a vector as a matrix of one row.
func RowOf(x []float32) Matrix { return Matrix{1, len(x), len(x), x} }

// NumRows is the number of rows.
func (m Matrix) NumRows() int { return m.rows }

// NumCols is the number of columns.
func (m Matrix) NumCols() int { return m.cols }

// Row is row i; writing to it writes to the matrix.
func (m Matrix) Row(i int) []float32 {
	at := i * m.stride
	return m.data[at : at+m.cols : at+m.cols]
}

// At is the number in row i, column j.
func (m Matrix) At(i, j int) float32 { return m.Row(i)[j] }

// Rows views rows [from, to).
func (m Matrix) Rows(from, to int) Matrix {
	if from < 0 || from > to || to > m.rows {
		panic(fmt.Sprintf("mat.Rows: [%d, %d) of %d rows", from, to, m.rows))
	}
	if from == to {
		return Matrix{0, m.cols, m.stride, nil}
	}
	return Matrix{to - from, m.cols, m.stride, m.data[from*m.stride : (to-1)*m.stride+m.cols]}
}

// Cols views columns [from, to): one head out of all heads side by side.
func (m Matrix) Cols(from, to int) Matrix {
	if from < 0 || from > to || to > m.cols {
		panic(fmt.Sprintf("mat.Cols: [%d, %d) of %d columns", from, to, m.cols))
	}
	if m.rows == 0 {
		return Matrix{0, to - from, m.stride, nil}
	}
	return Matrix{m.rows, to - from, m.stride, m.data[from : (m.rows-1)*m.stride+to]}
}
