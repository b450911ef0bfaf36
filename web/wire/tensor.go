package wire

import (
	"encoding/binary"
	"math"
	"slices"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/mat"
)

// Tensor writes the numbers of a lens down, each in the bytes that its kind asks for.
func Tensor(t lens.Tensor) checkpoint.Tensor {
	written, _ := appendTensor(nil, t)
	return written
}

// appendTensor writes the numbers after dst, of which the tensor's data are the end, and
// returns dst with them.
func appendTensor(dst []byte, t lens.Tensor) (checkpoint.Tensor, []byte) {
	out, from := checkpoint.Tensor{Name: t.Name, Shape: t.Shape}, len(dst)
	switch t.As {
	case lens.F16:
		out.DType, dst = "F16", appendHalves(dst, *t.Matrix)
	case lens.F32:
		out.DType, dst = "F32", appendSingles(dst, *t.Matrix)
	case lens.Picture:
		out.DType, dst = "U8", appendShares(dst, *t.Matrix, t.Max)
	case lens.Least:
		out.DType, dst = appendInts(dst, t.Whole)
	case lens.Count:
		out.DType, dst = appendCounts(dst, t.Counts)
	case lens.Bytes: // as they are
		out.DType, out.Data = "U8", t.Bytes
		return out, dst
	}
	out.Data = dst[from:len(dst):len(dst)]
	return out, dst
}

// size returns how many numbers a matrix has.
func size(x mat.Matrix) int { return x.NumRows() * x.NumCols() }

func appendHalves(dst []byte, x mat.Matrix) []byte {
	dst = slices.Grow(dst, 2*size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			h := mat.F16(v)
			dst = append(dst, byte(h), byte(h>>8))
		}
	}
	return dst
}

func appendSingles(dst []byte, x mat.Matrix) []byte {
	dst = slices.Grow(dst, 4*size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

// appendShares writes 128 + 127 x the share of the largest.
func appendShares(dst []byte, x mat.Matrix, largest float32) []byte {
	dst = slices.Grow(dst, size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			dst = append(dst, byte(128+math.Round(float64(v)/float64(largest)*127)))
		}
	}
	return dst
}

// appendInts writes whole numbers in as few bytes as the largest needs.
func appendInts(dst []byte, numbers []uint32) (dtype string, _ []byte) {
	most := uint32(0)
	if len(numbers) > 0 {
		most = slices.Max(numbers)
	}
	switch {
	case most <= math.MaxUint8:
		dst = slices.Grow(dst, len(numbers))
		for _, n := range numbers {
			dst = append(dst, byte(n))
		}
		return "U8", dst
	case most <= math.MaxUint16:
		dst = slices.Grow(dst, 2*len(numbers))
		for _, n := range numbers {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		}
		return "U16", dst
	}
	dst = slices.Grow(dst, 4*len(numbers))
	for _, n := range numbers {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	return "U32", dst
}

// appendCounts writes whole numbers below 2^32 as such; where one is not, all as float64,
// in which counts up to 2^53 are exact.
func appendCounts(dst []byte, rows [][]float64) (dtype string, _ []byte) {
	dtype, width := "U32", 4
	for _, row := range rows {
		for _, x := range row {
			if x < 0 || x > math.MaxUint32 || x != math.Trunc(x) {
				dtype, width = "F64", 8
			}
		}
	}
	dst = slices.Grow(dst, width*len(rows)*len(rows[0]))
	for _, row := range rows {
		for _, x := range row {
			if dtype == "U32" {
				dst = binary.LittleEndian.AppendUint32(dst, uint32(x))
			} else {
				dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
			}
		}
	}
	return dtype, dst
}
