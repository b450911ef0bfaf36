package cost

import (
	"math/big"
	"slices"
	"sort"

	"kvstep/sim"
)

// Everything in this file is modelled, not counted: time on a device that does
// every part of a pass at its peak rate or at its full bandwidth, whichever
// takes longer, one part after the other, and nothing else. A real device takes
// longer. Bytes are those of the counters, weight_bytes + kv_read_bytes: every
// row of K and V crosses the memory once in a pass (read if it was there, written
// if it is new). Activations stay on the chip.

// Load is what a part, or a phase, asks of a device, and the time it takes.
type Load struct {
	Flops     float64 `json:"flops"`
	Bytes     float64 `json:"bytes"`
	Intensity float64 `json:"intensity,omitempty"` // FLOPs a byte; 0 (left out) where no byte is moved
	Compute   float64 `json:"compute_seconds"`     // FLOPs at the peak rate
	Memory    float64 `json:"memory_seconds"`      // bytes at full bandwidth
	Seconds   float64 `json:"seconds"`             // the longer of the two, pass by pass
	Bound     string  `json:"bound"`               // "compute" or "memory": which of the two that is, for most of the time
}

// Phase is prefill, or all decode passes.
type Phase struct {
	Load
	Parts ByPart `json:"parts"`
}

// ByPart are those that a roofline tells apart: scores and av read K and V
// together, as fused kernels do.
type ByPart struct {
	QKV       Load `json:"qkv"`
	Attention Load `json:"attention"`
	Out       Load `json:"out"`
	MLP       Load `json:"mlp"`
	Head      Load `json:"head"`
}

func (p *ByPart) list() [5]*Load { return [5]*Load{&p.QKV, &p.Attention, &p.Out, &p.MLP, &p.Head} }

// LaneTime is a generation in one lane.
type LaneTime struct {
	Prefill Phase `json:"prefill"`
	Decode  Phase `json:"decode"`

	TTFT     float64 `json:"ttft_seconds"`      // time to the first token: the prefill
	PerToken float64 `json:"per_token_seconds"` // mean decode pass; 0 if there is none
	Total    float64 `json:"total_seconds"`
	Rate     float64 `json:"tokens_per_second"` // while decoding, all sequences together
}

// Roofline models a job on a device.
type Roofline struct {
	Hardware Hardware  `json:"hardware"`
	Peak     float64   `json:"peak"`       // FLOPs a second; 0: not known, only bandwidth counts
	PeakAs   string    `json:"peak_dtype"` // the numbers of that rate
	Ridge    float64   `json:"ridge"`      // FLOPs a byte: below it memory is the bound, above it compute
	Lanes    LaneTimes `json:"lanes"`
	Capacity Capacity  `json:"capacity"`
	PaysFrom int64     `json:"cache_pays_from,omitempty"` // see PaysFrom; 0 (left out): never within the context
}

// LaneTimes are both lanes.
type LaneTimes struct {
	Cached   LaneTime `json:"cached"`
	Uncached LaneTime `json:"uncached"`
}

// Roofline models a job on a device that multiplies numbers of type d.
func (s Shape) Roofline(h Hardware, d DType, j Job, sw Switches) (Roofline, error) {
	if err := s.checkJob(j); err != nil {
		return Roofline{}, err
	}
	peak, as, err := h.Peak(d)
	if err != nil {
		return Roofline{}, err
	}
	r := Roofline{Hardware: h, Peak: peak, PeakAs: as, Ridge: peak / h.Bandwidth}
	sw.Unit = "flop"
	for lane, to := range [2]*LaneTime{&r.Lanes.Cached, &r.Lanes.Uncached} {
		l := sim.Lane(lane)
		to.Prefill = r.phase(s, l, 1, func(int64, int64) passes { return s.prefill(j, sw) })
		to.Decode = r.phase(s, l, int64(j.New-1), func(from, count int64) passes { return s.decode(j, l, from, count, sw) })
		to.TTFT = to.Prefill.Seconds
		to.Total = to.Prefill.Seconds + to.Decode.Seconds
		if j.New > 1 {
			to.PerToken = to.Decode.Seconds / float64(j.New-1)
			to.Rate = float64(j.Batch) / to.PerToken
		}
	}
	r.Capacity = s.Capacity(h, j)
	r.PaysFrom = s.PaysFrom(r.Ridge)
	return r, nil
}

// phase models count passes. As a pass grows, a part of it may turn from being
// bound by memory to being bound by compute, and never back: FLOPs grow at least
// as fast as bytes. So the turning point is searched, and either side is summed.
func (r *Roofline) phase(s Shape, lane sim.Lane, count int64, some func(from, count int64) passes) Phase {
	var p Phase
	if count == 0 {
		p.Bound = "memory"
		for _, part := range p.Parts.list() {
			part.Bound = "memory"
		}
		return p
	}
	whole := r.loads(s, lane, some(0, count))
	for i, part := range p.Parts.list() {
		*part = whole[i]
		turn := int64(sort.Search(int(count), func(pass int) bool {
			l := r.loads(s, lane, some(int64(pass), 1))[i]
			return l.Compute >= l.Memory
		}))
		switch turn {
		case 0:
			part.Seconds = part.Compute
		case count:
			part.Seconds = part.Memory
		default:
			part.Seconds = r.loads(s, lane, some(0, turn))[i].Memory + r.loads(s, lane, some(turn, count-turn))[i].Compute
		}
		part.finish()
		p.Flops, p.Bytes = p.Flops+part.Flops, p.Bytes+part.Bytes
		p.Compute, p.Memory, p.Seconds = p.Compute+part.Compute, p.Memory+part.Memory, p.Seconds+part.Seconds
	}
	p.finish()
	return p
}

// finish sets what follows from the rest.
func (l *Load) finish() {
	if l.Bytes > 0 {
		l.Intensity = l.Flops / l.Bytes
	}
	l.Bound = "memory"
	if l.Compute > l.Memory {
		l.Bound = "compute"
	}
}

// loads returns the parts of some passes, without Seconds.
func (r *Roofline) loads(s Shape, lane sim.Lane, p passes) [5]Load {
	t := s.tally(p)
	var l [5]Load
	for i, from := range [5][]int{{qkv}, {scores, av}, {out}, {mlp}, {head}} {
		macs, weights := new(big.Int), new(big.Int)
		for _, part := range from {
			macs.Add(macs, &t.macs[part])
			weights.Add(weights, &t.weights[part])
		}
		size := bigBytes(weights, s.Bits)
		if slices.Contains(from, av) && lane == sim.Cached {
			size.Add(size, bigBytes(&t.read, s.KVBits))
		}
		l[i].Flops, l[i].Bytes = 2*float(macs), float(size)
		l[i].Memory = l[i].Bytes / r.Hardware.Bandwidth
		if r.Peak > 0 {
			l[i].Compute = l[i].Flops / r.Peak
		}
	}
	return l
}

func float(n *big.Int) float64 {
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

// PaysFrom returns the length from which an uncached pass is bound by compute: from
// there on every further token makes it slower, and the cache pays in time.
// Below it, a device is still waiting for the weights, with the cache or
// without. It is where the FLOPs of the pass (dense pairs, last logits) reach
// ridge x the bytes of its weights; 0 if that is beyond the context.
func (s Shape) PaysFrom(ridge float64) int64 {
	sw := Switches{Unit: "flop", Pairs: "dense", Logits: "last"}
	if ridge <= 0 {
		return 0
	}
	n := sort.Search(s.Context, func(i int) bool {
		c := s.Pass(i+1, 0, sw)
		return float64(Headline(c, sw)) >= ridge*float64(c.WeightBytes)
	})
	if n == s.Context {
		return 0
	}
	return int64(n) + 1
}

// Capacity is what fits into the memory of a device: all weights, and K and V.
// Activations and what a runtime needs for itself are left out.
type Capacity struct {
	Memory      int64    `json:"memory"`
	WeightBytes int64    `json:"weight_bytes"`
	PerSequence *big.Int `json:"kv_bytes_per_sequence"` // at the end of the job
	Fits        bool     `json:"fits"`
	MaxBatch    int64    `json:"max_batch"`     // sequences of the job's length
	MaxContext  int64    `json:"max_context"`   // tokens of each of the job's sequences
	Limit       string   `json:"context_limit"` // what ends it: "memory", or "model"
}

// Capacity returns what of a job fits into a device.
func (s Shape) Capacity(h Hardware, j Job) Capacity {
	c := Capacity{Memory: h.Memory, WeightBytes: s.WeightBytes(), Limit: "memory"}
	_, c.PerSequence = s.cacheLevels(int64(j.Prompt)+int64(j.New)-1, 1)
	left := big.NewInt(h.Memory - c.WeightBytes)
	if left.Sign() <= 0 {
		return c
	}
	c.MaxBatch = new(big.Int).Quo(left, c.PerSequence).Int64()
	c.Fits = c.MaxBatch >= int64(j.Batch)
	c.MaxContext = int64(sort.Search(s.Context, func(i int) bool {
		_, size := s.cacheLevels(int64(i)+1, int64(j.Batch))
		return size.Cmp(left) > 0
	}))
	if c.MaxContext == int64(s.Context) {
		c.Limit = "model"
	}
	return c
}
