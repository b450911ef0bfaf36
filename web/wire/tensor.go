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
	out := checkpoint.Tensor{Name: t.Name, Shape: t.Shape}
	switch t.As {
	case lens.F16:
		out.DType, out.Data = "F16", halves(*t.Matrix)
	case lens.F32:
		out.DType, out.Data = "F32", singles(*t.Matrix)
	case lens.Picture:
		out.DType, out.Data = "U8", shares(*t.Matrix, t.Max)
	case lens.Bytes:
		out.DType, out.Data = "U8", t.Bytes
	case lens.Least:
		out.DType, out.Data = packInts(t.Whole)
	case lens.Count:
		out.DType, out.Data = packCounts(t.Counts)
	}
	return out
}

// size returns how many numbers a matrix has.
func size(x mat.Matrix) int { return x.NumRows() * x.NumCols() }

func halves(x mat.Matrix) []byte {
	data := make([]byte, 0, 2*size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			h := mat.F16(v)
			data = append(data, byte(h), byte(h>>8))
		}
	}
	return data
}

func singles(x mat.Matrix) []byte {
	data := make([]byte, 0, 4*size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	return data
}

// shares writes 128 + 127 x the share of the largest.
func shares(x mat.Matrix, largest float32) []byte {
	data := make([]byte, 0, size(x))
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			data = append(data, byte(128+math.Round(float64(v)/float64(largest)*127)))
		}
	}
	return data
}

// packInts writes whole numbers in as few bytes as the largest needs.
func packInts(numbers []uint32) (dtype string, data []byte) {
	most := uint32(0)
	if len(numbers) > 0 {
		most = slices.Max(numbers)
	}
	switch {
	case most <= math.MaxUint8:
		data = make([]byte, 0, len(numbers))
		for _, n := range numbers {
			data = append(data, byte(n))
		}
		return "U8", data
	case most <= math.MaxUint16:
		data = make([]byte, 0, 2*len(numbers))
		for _, n := range numbers {
			data = binary.LittleEndian.AppendUint16(data, uint16(n))
		}
		return "U16", data
	}
	data = make([]byte, 0, 4*len(numbers))
	for _, n := range numbers {
		data = binary.LittleEndian.AppendUint32(data, n)
	}
	return "U32", data
}

// packCounts writes whole numbers below 2^32 as such; where one is not, all as float64,
// in which counts up to 2^53 are exact.
func packCounts(rows [][]float64) (dtype string, data []byte) {
	dtype, width := "U32", 4
	for _, row := range rows {
		for _, x := range row {
			if x < 0 || x > math.MaxUint32 || x != math.Trunc(x) {
				dtype, width = "F64", 8
			}
		}
	}
	data = make([]byte, 0, width*len(rows)*len(rows[0]))
	for _, row := range rows {
		for _, x := range row {
			if dtype == "U32" {
				data = binary.LittleEndian.AppendUint32(data, uint32(x))
			} else {
				data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
			}
		}
	}
	return dtype, data
}
