package run

import (
	"slices"
	"sync"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/sample"
)

// lazyOutput is the sim.Output of a step: it computes what it is asked for when it is asked.
type lazyOutput struct {
	m       *model.Model
	x       mat.Matrix // [1, dim] the row that left the last layer
	picked  *sample.Picked
	sampled bool // the sampler chose the token, and no draft or beam

	mu   sync.Mutex
	near []float32 // the logits, as long as the lane that made them has them
}

var _ sim.Output = (*lazyOutput)(nil)

// newOutput makes the output of a step whose token was chosen by the logits of row x.
func (e *engine) newOutput(x mat.Matrix, logits []float32) *lazyOutput {
	h := &lazyOutput{m: e.m.Model, x: x, near: logits}
	e.outputs = append(e.outputs, h)
	return h
}

// releaseOutputs takes the lanes' logits away from the outputs of the pass before.
func (e *engine) releaseOutputs() {
	for i, h := range e.outputs {
		h.mu.Lock()
		h.near = nil
		h.mu.Unlock()
		e.outputs[i] = nil
	}
	e.outputs = e.outputs[:0]
}

// pick lets the sampler choose by the logits.
func (h *lazyOutput) pick(s sim.Sampler, draw uint64, past []int) (err error) {
	h.picked, err = sample.Pick(h.near, s, draw, past, h.Logits)
	return err
}

func (h *lazyOutput) Logits() []float32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.near != nil {
		return slices.Clone(h.near)
	}
	return h.m.Logits(h.x).Row(0)
}

func (h *lazyOutput) Top() []sim.Candidate { return h.picked.Top() }

func (h *lazyOutput) Choice() *sim.Choice {
	if !h.sampled {
		return nil
	}
	return h.picked.Choice()
}
