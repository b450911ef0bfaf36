package cost

import "kvstep/sim"

// Least is the least time that some work can take on a device: every operation
// at the peak rate, every byte at full bandwidth, whichever takes longer. It is
// modelled, not measured, and nothing reaches it. Roofline asks this of every
// part of a pass, one after the other, and so finds at least as much.
type Least struct {
	Flops   int64
	Bytes   int64   // of weights, and of K and V read
	Compute float64 // seconds: FLOPs at the peak rate
	Memory  float64 // seconds: bytes at full bandwidth
	Seconds float64 // the longer of the two
	Bound   string  // "compute" or "memory": which one that is
}

// Least models counted work, in FLOPs, on a device that multiplies at peak.
func (h Hardware) Least(c sim.Counters, peak float64) Least {
	l := Least{Flops: c.Flops.Total(), Bytes: c.WeightBytes + c.KVReadBytes, Bound: "memory"}
	l.Memory = float64(l.Bytes) / h.Bandwidth
	if peak > 0 {
		l.Compute = float64(l.Flops) / peak
	}
	if l.Compute > l.Memory {
		l.Bound = "compute"
	}
	l.Seconds = max(l.Compute, l.Memory)
	return l
}
