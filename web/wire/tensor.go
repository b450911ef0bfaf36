package wire

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

func mask(s *sim.Step) checkpoint.Tensor {
	positions := s.Cached + s.Rows
	data := make([]byte, 0, s.Rows*positions)
	for i := range s.Rows {
		for j := range positions {
			if model.Masked(s.Cached, i, j) {
				data = append(data, 0)
			} else {
				data = append(data, 1)
			}
		}
	}
	return checkpoint.Tensor{Name: "mask", DType: "U8", Shape: []int{s.Rows, positions}, Data: data}
}
