package chart

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/sweep"
)

// Request is what a figure may need: whose generation, on what device, and what
// was measured.
type Request struct {
	Subject
	DType    cost.DType     // of the weights, for rates and names
	Batch    int            // sequences side by side, at least 1
	Device   *cost.Hardware // nil where none is named; some figures then take a default
	Measured Measured
}

// Measured are the medians of a sweep: seconds for a whole text of so many
// tokens.
type Measured struct{ Tokens, New, Cached, Uncached []float64 }

// MeasuredOf takes the totals of a model's first series that has both lanes.
func MeasuredOf(rows []sweep.Row, model string) Measured {
	var m Measured
	prompt := ""
	cached := map[int]float64{} // seconds by new tokens
	for _, r := range rows {
		if r.Model != model || r.Phase != "total" || len(m.Tokens) > 0 && r.Prompt != prompt {
			continue
		}
		if r.Lane == "cached" {
			if len(m.Tokens) == 0 && r.Prompt != prompt {
				clear(cached)
				prompt = r.Prompt
			}
			cached[r.New] = r.SecondsMedian
		} else if c, ok := cached[r.New]; ok && r.Prompt == prompt && c > 0 {
			m.Tokens, m.New = append(m.Tokens, float64(r.Tokens)), append(m.New, float64(r.New))
			m.Cached, m.Uncached = append(m.Cached, c), append(m.Uncached, r.SecondsMedian)
		}
	}
	return m
}

// defaultDevice is what a figure that needs a device is drawn for.
const defaultDevice = "H100"

// kind is a figure by name.
type kind struct {
	name     string
	measured bool // it cannot be drawn without measurements
	device   bool // or without a device
	make     func(Request) (Figure, error)
}

var kinds = []kind{
	{"step-flops", false, false, func(r Request) (Figure, error) { return StepFlops(r.Subject), nil }},
	{"total-flops", false, false, func(r Request) (Figure, error) { return TotalFlops(r.Subject), nil }},
	{"parts", false, false, func(r Request) (Figure, error) { return FlopsByPart(r.Subject), nil }},
	{"kv-bytes", false, false, func(r Request) (Figure, error) {
		if r.Device == nil {
			return KVBytes(r.Subject, r.DType.Name, nil), nil
		}
		return KVBytes(r.Subject, r.DType.Name, &Memory{r.Device.Name, r.Device.Memory}), nil
	}},
	{"roofline", false, true, func(r Request) (Figure, error) { return Roofline(r.Subject, r.Batch, *r.Device, r.DType) }},
	{"intensity", false, true, func(r Request) (Figure, error) { return Intensity(r.Subject, largestBatch, *r.Device, r.DType) }},
	{"time", true, false, func(r Request) (Figure, error) {
		return Time(r.Subject, r.Measured.Tokens, r.Measured.Cached, r.Measured.Uncached), nil
	}},
	{"speedup", false, false, func(r Request) (Figure, error) {
		ratio := make([]float64, len(r.Measured.New))
		for i := range ratio {
			ratio[i] = r.Measured.Uncached[i] / r.Measured.Cached[i]
		}
		return Speedup(r.Subject, r.Measured.New, ratio), nil
	}},
}

// largestBatch ends the axis of Intensity.
const largestBatch = 512

// Names returns the figures that Make knows.
func Names() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// NeedsMeasured reports whether a figure is of what was measured.
func NeedsMeasured(name string) bool { return find(name).measured }

// NeedsDevice reports whether a figure is of a model on a device.
func NeedsDevice(name string) bool { return find(name).device }

// find returns the kind of that name, or none.
func find(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return kind{}
}

// Make makes a figure by name. An unknown name is Problem "plot.name", which lists
// the known ones; what cannot be counted is sim/cost's Problem.
func Make(name string, r Request) (Figure, error) {
	k := find(name)
	if k.make == nil {
		return Figure{}, sim.NewProblem("plot.name", "Name", name, "Known", Names())
	}
	if err := r.Shape.CheckContext(cost.Job{Prompt: r.Prompt, New: r.New, Batch: r.Batch}); err != nil {
		return Figure{}, err
	}
	if k.device && r.Device == nil {
		h, err := cost.HardwarePreset(defaultDevice)
		if err != nil {
			return Figure{}, err
		}
		r.Device = &h
	}
	f, err := k.make(r)
	if err != nil {
		return Figure{}, err
	}
	return f, f.check()
}

// check refuses what no axis can show: a single length on a logarithmic axis
// (Problem "plot.few"), and totals beyond an int64, which are not positive any
// more ("plot.many").
func (f Figure) check() error {
	first, points := math.NaN(), 0
	for _, c := range f.Curves {
		for i := range c.X {
			if f.X.Log && !(c.X[i] > 0) || f.Y.Log && !(c.Y[i] > 0) {
				return sim.NewProblem("plot.many", "Name", f.Name)
			}
			if points == 0 {
				first = c.X[i]
			}
			if c.X[i] != first {
				points++
			}
			points = max(points, 1)
		}
	}
	if points < 2 {
		return sim.NewProblem("plot.few", "Name", f.Name)
	}
	return nil
}
