package mat

import (
	"fmt"
	"math"
	"sync"
)

// Half is a kind of floating-point number of 16 bits.
type Half int

const (
	Float16  Half = iota // IEEE 754 binary16
	BFloat16             // the upper half of a float32
)

// halves are the numbers of a matrix of 16 bits each, row-major.
type halves struct {
	kind   Half
	bits16 []uint16
}

// OfHalves views bits16 as a rows x cols matrix of finite numbers of 16 bits, as weights
// often come: they are widened to float32, exactly, where they are used, and half as
// much memory is read. It may be w of MulT, and read by row and number.
func OfHalves(rows, cols int, kind Half, bits16 []uint16) Matrix {
	if len(bits16) != rows*cols {
		panic(fmt.Sprintf("mat.OfHalves: %d numbers for %d x %d", len(bits16), rows, cols))
	}
	return Matrix{rows: rows, cols: cols, stride: cols, halves: &halves{kind, bits16}}
}

// Bits returns how many a number of the matrix has in memory, 32 or 16.
func (m Matrix) Bits() int {
	if m.halves != nil {
		return 16
	}
	return 32
}

// bits16 returns those of row i.
func (m Matrix) bits16(i int) []uint16 {
	at := (m.from+i)*m.stride + m.skip
	return m.halves.bits16[at : at+m.cols : at+m.cols]
}

// F32 returns one number as a float32, exactly.
func (k Half) F32(h uint16) float32 {
	if k == BFloat16 {
		return math.Float32frombits(uint32(h) << 16)
	}
	return F32(h)
}

// widen sets dst to the numbers in bits16, of which there are as many.
func (k Half) widen(dst []float32, bits16 []uint16) {
	for i := fastWiden(k, dst, bits16); i < len(bits16); i++ {
		dst[i] = k.F32(bits16[i])
	}
}

// some numbers that were widened: they are used again at once.
var some = sync.Pool{New: func() any { return new([]float32) }}

// widenedNumbers are widened at a time, in whole rows, and meet all rows of x: they stay in the second
// cache of a processor meanwhile.
const widenedNumbers = 32 << 10

// mulTHalves does mulTRows where w has 16 bits a number.
func mulTHalves(dst, x, w Matrix) {
	from := 0
	if x.rows == 1 {
		from = fastHalves(dst.Row(0), x.Row(0), &w)
	}
	if from == w.rows {
		return
	}
	buf := some.Get().(*[]float32)
	defer some.Put(buf)
	for from < w.rows {
		n := wholeTiles(&w, from, widenedNumbers)
		if n*w.cols > cap(*buf) {
			*buf = make([]float32, n*w.cols)
		}
		part := Of(n, w.cols, (*buf)[:n*w.cols])
		w.widenRows(part, from)
		mulTPart(dst, x, &part, from, aheadOf(&w, from+n, wholeTiles(&w, from+n, widenedNumbers)))
		from += n
	}
}

// widenRows sets the rows of part to those of m from a row on; at once where they stand side by side.
func (m Matrix) widenRows(part Matrix, from int) {
	if m.stride == m.cols {
		at := (m.from+from)*m.stride + m.skip
		m.halves.kind.widen(part.data, m.halves.bits16[at:at+len(part.data)])
		return
	}
	for r := range part.rows {
		m.CopyRow(part.Row(r), from+r)
	}
}
