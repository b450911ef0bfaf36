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
//
// The rows may stand in pages (Paged): then data is nil, and row i is row
// (from+i) mod perPage of page (from+i) / perPage, which begins at number skip. Or they
// have 16 bits a number (OfHalves): then data is nil too, and row i begins at word
// (from+i) * stride + skip.
type Matrix struct {
	rows, cols, stride int
	data               []float32

	pages               [][]float32
	perPage, from, skip int

	halves *halves
}

// New returns a zeroed rows x cols matrix.
func New(rows, cols int) Matrix { return Of(rows, cols, make([]float32, rows*cols)) }

// Of views data as a rows x cols matrix; len(data) must be rows*cols.
func Of(rows, cols int, data []float32) Matrix {
	if len(data) != rows*cols {
		panic(fmt.Sprintf("mat.Of: %d numbers for %d x %d", len(data), rows, cols))
	}
	return Matrix{rows: rows, cols: cols, stride: cols, data: data}
}

// RowOf views a vector as a matrix of one row.
func RowOf(x []float32) Matrix {
	return Matrix{rows: 1, cols: len(x), stride: len(x), data: x}
}

// Paged views rows that stand in pages, perPage to each page: cols numbers a
// row, one after the other, from number skip of the page on. A page is what a
// paged KV cache calls a block; with perPage 1 every row has a place of its own.
func Paged(rows, cols int, pages [][]float32, perPage, skip int) Matrix {
	if rows > len(pages)*perPage {
		panic(fmt.Sprintf("mat.Paged: %d rows in %d pages of %d", rows, len(pages), perPage))
	}
	return Matrix{rows: rows, cols: cols, stride: cols, pages: pages, perPage: perPage, skip: skip}
}

// NumRows returns the number of rows.
func (m Matrix) NumRows() int { return m.rows }

// NumCols returns the number of columns.
func (m Matrix) NumCols() int { return m.cols }

// Row returns row i; writing to it writes to the matrix. (Of 16 bits a number it is a copy.)
func (m Matrix) Row(i int) []float32 {
	if m.pages != nil {
		return m.paged(i)
	}
	if m.halves != nil {
		row := make([]float32, m.cols)
		m.CopyRow(row, i)
		return row
	}
	at := i * m.stride
	return m.data[at : at+m.cols : at+m.cols]
}

func (m Matrix) paged(i int) []float32 {
	at := m.skip + (m.from+i)%m.perPage*m.stride
	return m.pages[(m.from+i)/m.perPage][at : at+m.cols : at+m.cols]
}

// CopyRow copies row i to dst, [cols].
func (m Matrix) CopyRow(dst []float32, i int) {
	if m.halves != nil {
		m.halves.kind.widen(dst, m.bits16(i))
		return
	}
	copy(dst, m.Row(i))
}

// At returns the number in row i, column j.
func (m Matrix) At(i, j int) float32 {
	if m.halves != nil {
		return m.halves.kind.F32(m.bits16(i)[j])
	}
	return m.Row(i)[j]
}

// Rows views rows [from, to).
func (m Matrix) Rows(from, to int) Matrix {
	if from < 0 || from > to || to > m.rows {
		panic(fmt.Sprintf("mat.Rows: [%d, %d) of %d rows", from, to, m.rows))
	}
	v := m
	v.rows = to - from
	switch {
	case m.pages != nil || m.halves != nil:
		v.from += from
	case from == to:
		v.data = nil
	default:
		v.data = m.data[from*m.stride : (to-1)*m.stride+m.cols]
	}
	return v
}

// Cols views columns [from, to): one head out of all heads side by side.
func (m Matrix) Cols(from, to int) Matrix {
	if from < 0 || from > to || to > m.cols {
		panic(fmt.Sprintf("mat.Cols: [%d, %d) of %d columns", from, to, m.cols))
	}
	v := m
	v.cols = to - from
	switch {
	case m.pages != nil || m.halves != nil:
		v.skip += from
	case m.rows > 0:
		v.data = m.data[from : (m.rows-1)*m.stride+to]
	}
	return v
}
