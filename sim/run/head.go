package run

import (
	"slices"
	"sync"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/sample"
)

// told is the sim.Head of a step.
type told struct {
	m       *model.Model
	x       mat.Matrix // [1, dim] the row that left the last layer
	picked  *sample.Picked
	sampled bool // the sampler chose the token, and no draft or beam

	mu   sync.Mutex
	near []float32 // the logits, as long as the lane that made them has them
}

var _ sim.Output = (*told)(nil)

// tell makes the head of a step whose token was chosen by the logits of row x.
func (e *engine) tell(x mat.Matrix, logits []float32) *told {
	h := &told{m: e.m.Model, x: x, near: logits}
	e.told = append(e.told, h)
	return h
}

// forget takes the lanes' logits away from the heads of the pass before.
func (e *engine) forget() {
	for i, h := range e.told {
		h.mu.Lock()
		h.near = nil
		h.mu.Unlock()
		e.told[i] = nil
	}
	e.told = e.told[:0]
}

// pick has the sampler choose by the head's logits.
func (h *told) pick(s sim.Sampler, draw uint64, past []int) (err error) {
	h.picked, err = sample.Pick(h.near, s, draw, past, h.Logits)
	return err
}

func (h *told) Logits() []float32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.near != nil {
		return slices.Clone(h.near)
	}
	return h.m.Logits(h.x).Row(0)
}

func (h *told) Top() []sim.Candidate { return h.picked.Top() }

func (h *told) Choice() *sim.Choice {
	if !h.sampled {
		return nil
	}
	return h.picked.Choice()
}
