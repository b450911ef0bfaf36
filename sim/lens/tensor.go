package lens

import (
	"encoding/binary"
	"math"

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
