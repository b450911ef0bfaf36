package wire

import (
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
)

// maxWeights is the largest weight matrix that is sent as a picture, in numbers.
const maxWeights = 1 << 20

// Weights returns a weight matrix of one layer as a safetensors file of one F16
// tensor "w": the same in every step, so it does not travel with the frames. It
// reports false for what does not exist or is too large.
func Weights(m *library.Loaded, layer int, op string) ([]byte, bool) {
	o := explain.Find(op)
	if o == nil || o.Kind != explain.Weight || layer < 0 || layer >= m.Model.Config.Layers {
		return nil, false
	}
	w := explain.Weights(m.Model, layer, op)
	if w.NumRows()*w.NumCols() > maxWeights {
		return nil, false
	}
	f := checkpoint.File{Meta: map[string]string{"kvstep": "1"}, Tensors: []checkpoint.Tensor{Tensor(lens.Floats("w", lens.F16, w))}}
	return checkpoint.AppendSafetensors(nil, f), true
}
