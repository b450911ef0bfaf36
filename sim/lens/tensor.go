package lens

import (
	"encoding/binary"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

func f16(name string, x mat.Matrix) checkpoint.Tensor {
	data := make([]byte, 0, 2*x.NumRows()*x.NumCols())
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			h := mat.F16(v)
			data = append(data, byte(h), byte(h>>8))
		}
	}
	return checkpoint.Tensor{Name: name, DType: "F16", Shape: []int{x.NumRows(), x.NumCols()}, Data: data}
}

// coarse is x as a picture of one byte for each number, (u8 - 128) / 127 of the
// largest, which it also gives. What has no largest, or is not finite, stays F16.
func coarse(name string, x mat.Matrix) (checkpoint.Tensor, float32) {
	var largest float32
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			if v-v != 0 {
				return f16(name, x), 0
			}
			largest = max(largest, v, -v)
		}
	}
	if largest == 0 {
		return f16(name, x), 0
	}
	data := make([]byte, 0, x.NumRows()*x.NumCols())
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			data = append(data, byte(128+math.Round(float64(v)/float64(largest)*127)))
		}
	}
	return checkpoint.Tensor{Name: name, DType: "U8", Shape: []int{x.NumRows(), x.NumCols()}, Data: data}, largest
}

// masked counts the pairs of a step that the mask forbids.
func masked(s *sim.Step) (n int) {
	for i := range s.Rows {
		for j := range s.Cached + s.Rows {
			if model.Masked(s.Cached, i, j) {
				n++
			}
		}
	}
	return n
}

func f32(name string, x mat.Matrix) checkpoint.Tensor {
	data := make([]byte, 0, 4*x.NumRows()*x.NumCols())
	for i := range x.NumRows() {
		for _, v := range x.Row(i) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	return checkpoint.Tensor{Name: name, DType: "F32", Shape: []int{x.NumRows(), x.NumCols()}, Data: data}
}

// mask is 1 where a query may see a key, 0 where the causal mask forbids it, and
// 2 where the mask allows it, but the cache of the K/V head had let the key go.
func mask(s *sim.Step, kvHead int) checkpoint.Tensor {
	positions := s.Cached + s.Rows
	data := make([]byte, 0, s.Rows*positions)
	for i := range s.Rows {
		for j := range positions {
			switch {
			case model.Masked(s.Cached, i, j):
				data = append(data, 0)
			case model.Hidden(s, kvHead, i, j):
				data = append(data, 2)
			default:
				data = append(data, 1)
			}
		}
	}
	return checkpoint.Tensor{Name: "mask", DType: "U8", Shape: []int{s.Rows, positions}, Data: data}
}

// counts is rows of equal length as one tensor. Whole numbers below 2^32 travel as
// such; others, and measured times, as float64, in which counts up to 2^53 are exact.
func counts(name string, rows [][]float64) checkpoint.Tensor {
	dtype, size := "U32", 4
	for _, row := range rows {
		for _, x := range row {
			if x < 0 || x > math.MaxUint32 || x != math.Trunc(x) {
				dtype, size = "F64", 8
			}
		}
	}
	data := make([]byte, 0, size*len(rows)*len(rows[0]))
	for _, row := range rows {
		for _, x := range row {
			if dtype == "U32" {
				data = binary.LittleEndian.AppendUint32(data, uint32(x))
			} else {
				data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
			}
		}
	}
	return checkpoint.Tensor{Name: name, DType: dtype, Shape: []int{len(rows), len(rows[0])}, Data: data}
}

// tight is rows of whole numbers below 2^32 in as few bytes as they need.
func tight(name string, rows [][]float64) checkpoint.Tensor {
	most := 0.0
	for _, row := range rows {
		most = max(most, slices.Max(row))
	}
	t := checkpoint.Tensor{Name: name, DType: "U8", Shape: []int{len(rows), len(rows[0])}}
	switch {
	case most > math.MaxUint16:
		t.DType = "U32"
	case most > math.MaxUint8:
		t.DType = "U16"
	}
	for _, row := range rows {
		for _, x := range row {
			switch t.DType {
			case "U8":
				t.Data = append(t.Data, byte(x))
			case "U16":
				t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(x))
			default:
				t.Data = binary.LittleEndian.AppendUint32(t.Data, uint32(x))
			}
		}
	}
	return t
}
