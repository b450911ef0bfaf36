package lens

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// realLens is the same run at real size.
var realLens = Lens{Name: "real", Of: OfCounts, Needs: []Need{realSizeOn, aStep, closedForm}, Show: value(showReal)}

// RealInfo is what the step would be in a published model (float16, batch 1) on a device,
// from sim/cost's Shape.At: a layer of the run stands for one of the model, and at the head
// step all of the model's layers are done. Times are modelled.
type RealInfo struct {
	Model         string                 `json:"model"`
	Device        string                 `json:"device"`
	Layers        int                    `json:"layers"`
	KVHeads       int                    `json:"kv_heads"`
	HeadDim       int                    `json:"head_dim"`
	Plain         bool                   `json:"plain"` // bytes per token are 2 x layers x kv_heads x head_dim x 2
	BytesPerToken Integer                `json:"bytes_per_token"`
	PaysFrom      Integer                `json:"pays_from"` // Shape.PaysFrom, in tokens; 0: not within the context, or no rate known
	Peak          float64                `json:"peak"`      // FLOPs a second; 0 not known
	Bandwidth     float64                `json:"bandwidth"` // bytes a second
	Step          Lanes                  `json:"step"`
	Total         Lanes                  `json:"total"`
	Least         map[LaneName]LeastTime `json:"least"` // of the step, by lane
	Room          DeviceMemory           `json:"room"`
}

// DeviceMemory is the device's memory as a wall: all weights, the rows that a layer works
// on in this step, and the cache.
type DeviceMemory struct {
	Memory  Integer `json:"memory"`  // bytes of the device
	Weights Integer `json:"weights"` // of the model
	Acts    Integer `json:"acts"`    // of a layer's rows, in this step
	// Full is the token at which weights and cache pass the memory; 0: not within the
	// context, or the weights alone are too large.
	Full    Integer `json:"full"`
	Context int     `json:"context"` // tokens
}

// LeastTime is the least time of a step.
type LeastTime struct {
	Seconds float64 `json:"seconds"`
	Bound   string  `json:"bound"` // compute or memory
}

// realSize returns the model and the device of View.Real, "model@device".
func realSize(name string) (s cost.Shape, model string, h cost.Hardware, peak float64, ok bool) {
	model, device, ok := strings.Cut(name, "@")
	s, model, err1 := cost.Preset(model)
	h, err2 := cost.HardwarePreset(device)
	d, err3 := cost.ParseDType("dtype", "fp16")
	if !ok || err1 != nil || err2 != nil || err3 != nil {
		return s, model, h, 0, false
	}
	peak, _, err := h.Peak(d)
	return s.Wide(d.Bits, d.Bits), model, h, peak, err == nil
}

// realStep returns the step of a run of a deeper model that stands where step n of
// this one does: a layer for a layer, as far as it has them, and the head for the head.
func realStep(s *sim.Step, layers int) int {
	if s.Part == sim.HeadPart {
		return s.Pass*(layers+1) + layers
	}
	return s.Pass*(layers+1) + min(s.Layer, layers-1)
}

func showReal(m *Moment) *RealInfo {
	s, model, h, peak, _ := realSize(m.View.Real)
	info := &RealInfo{Model: model, Device: h.Name, Layers: s.Layers, KVHeads: s.KVHeads, HeadDim: s.HeadDim,
		BytesPerToken: Integer(s.KVBytesPerToken()), PaysFrom: Integer(s.PaysFrom(peak / h.Bandwidth)),
		Peak: peak, Bandwidth: h.Bandwidth, Least: map[LaneName]LeastTime{}}
	info.Plain = s.KVBytesPerToken() == int64(2*s.Layers*s.KVHeads*s.HeadDim*2)
	info.Room = roomOf(s, h, m.Step.Rows)
	sw := m.switches()
	n := realStep(m.Step, s.Layers)
	step, total := s.At(fedTokens(m), n, sw)
	sw.Unit = "flop" // times are of FLOPs, whatever the viewer counts
	flops, _ := s.At(fedTokens(m), n, sw)
	for lane, to := range [2]struct{ step, total **Counters }{{&info.Step.Cached, &info.Total.Cached}, {&info.Step.Uncached, &info.Total.Uncached}} {
		a, b := safe(step[lane]), safe(total[lane])
		*to.step, *to.total = &a, &b
		l := h.Least(flops[lane], peak)
		info.Least[laneNames[lane]] = LeastTime{l.Seconds, l.Bound}
	}
	return info
}

// roomOf returns what of a model fits into a device. A layer's rows are those of the
// residual stream (two), Q, K, V and the three of the MLP.
func roomOf(s cost.Shape, h cost.Hardware, rows int) DeviceMemory {
	c := s.Capacity(h, cost.Job{Prompt: 1, New: 1, Batch: 1})
	hidden := s.FFN
	if s.MoE.Experts > 0 {
		hidden = s.MoE.Active*s.MoE.FFN + s.MoE.Shared
	}
	numbers := rows * (2*s.Dim + s.QDim() + 2*s.KVDim() + 3*hidden)
	room := DeviceMemory{Integer(c.Memory), Integer(c.WeightBytes), Integer(numbers * s.Bits / 8), 0, s.Context}
	if c.Limit == "memory" && c.WeightBytes < c.Memory {
		room.Full = Integer(c.MaxContext + 1)
	}
	return room
}
