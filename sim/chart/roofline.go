package chart

import (
	"math"

	"kvstep/sim/cost"
)

// Roofline returns a device's roof, and where prefill and decode of a generation stand
// under it: FLOPs a second that can be reached over FLOPs per byte that are
// needed. Modelled: peak rates, and every byte moved once. Its errors are
// cost.Shape.Roofline's.
func Roofline(s Subject, batch int, h cost.Hardware, d cost.DType) (Figure, error) {
	r, err := s.Shape.Roofline(h, d, cost.Job{Prompt: s.Prompt, New: s.New, Batch: batch}, s.Switches)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{
		Name: "roofline", Title: Text{"plot.roofline", map[string]any{"Device": h.Name}},
		Subtitle: []Text{s.about()[0], {"plot.modelled", map[string]any{"Peak": quantity(r.Peak, 3, "FLOP/s"), "DType": r.PeakAs, "Bandwidth": quantity(h.Bandwidth, 3, "B/s"), "Batch": batch}}},
		X:        Axis{Name: "flops_per_byte", Label: Text{"plot.x.intensity", nil}, Log: true},
		Y:        Axis{Name: "flops_per_second", Label: Text{"plot.y.rate", nil}, Log: true},
		Marks:    []Mark{{'x', r.Ridge, Text{"plot.ridge", map[string]any{"Ridge": SI(r.Ridge, 3)}}}},
	}
	roof := Curve{Name: "roof", Ink: Neutral}
	phases := []struct {
		name string
		ink  Ink
		load cost.Load
	}{
		{"prefill", Third, r.Lanes.Cached.Prefill.Load},
		{"decode.cached", Cached, r.Lanes.Cached.Decode.Load},
		{"decode.uncached", Uncached, r.Lanes.Uncached.Decode.Load},
	}
	low, high := r.Ridge/100, r.Ridge*10
	for _, p := range phases {
		if p.load.Intensity > 0 {
			low, high = math.Min(low, p.load.Intensity/2), math.Max(high, p.load.Intensity*2)
		}
	}
	for _, x := range []float64{low, r.Ridge, high} {
		roof.X, roof.Y = append(roof.X, x), append(roof.Y, math.Min(r.Peak, x*h.Bandwidth))
	}
	f.Curves = append(f.Curves, roof)
	for _, p := range phases {
		if i := p.load.Intensity; i > 0 {
			f.Curves = append(f.Curves, Curve{
				Name: p.name, Ink: p.ink, Dots: true, X: []float64{i}, Y: []float64{math.Min(r.Peak, i*h.Bandwidth)},
				Label: Text{"plot.phase." + p.name, map[string]any{"Intensity": SI(i, 3)}},
			})
		}
	}
	return f, nil
}

// Intensity returns FLOPs per byte of a decode pass over the batch: the weights are
// read once for all sequences, every cache for one alone.
func Intensity(s Subject, largest int, h cost.Hardware, d cost.DType) (Figure, error) {
	curves := []Curve{
		{Name: "linear", Ink: Third, Dashed: true},
		{Name: "pass", Ink: Cached},
		{Name: "attention", Ink: Uncached, Dashed: true},
	}
	var ridge float64
	for b := 1; b <= largest; b *= 2 {
		r, err := s.Shape.Roofline(h, d, cost.Job{Prompt: s.Prompt, New: max(s.New, 2), Batch: b}, s.Switches)
		if err != nil {
			return Figure{}, err
		}
		ridge = r.Ridge
		p := r.Lanes.Cached.Decode.Parts
		flops, bytes := p.QKV.Flops+p.Out.Flops+p.MLP.Flops+p.Head.Flops, p.QKV.Bytes+p.Out.Bytes+p.MLP.Bytes+p.Head.Bytes
		for i, y := range []float64{flops / bytes, r.Lanes.Cached.Decode.Intensity, p.Attention.Intensity} {
			curves[i].X, curves[i].Y = append(curves[i].X, float64(b)), append(curves[i].Y, y)
		}
	}
	for i := range curves {
		curves[i].Label = Text{"plot.batch." + curves[i].Name, map[string]any{"End": SI(curves[i].Y[len(curves[i].Y)-1], 3)}}
	}
	return Figure{
		Name: "intensity", Title: Text{"plot.intensity", nil},
		Subtitle: []Text{s.about()[0], {"plot.modelled.bytes", nil}},
		X:        Axis{Name: "batch", Label: Text{"plot.x.batch", nil}, Log: true},
		Y:        Axis{Name: "flops_per_byte", Label: Text{"plot.x.intensity", nil}, Log: true},
		Curves:   curves,
		Marks:    []Mark{{'y', ridge, Text{"plot.ridge.of", map[string]any{"Device": h.Name, "Ridge": SI(ridge, 3)}}}},
	}, nil
}

// Time returns measured seconds of both lanes over the length of the text, each
// with the power that fits its upper half.
func Time(s Subject, tokens, cached, uncached []float64) Figure {
	f := Figure{
		Name: "time", Title: Text{"plot.time", nil}, Subtitle: []Text{s.about()[0], {"plot.measured", nil}},
		X: Axis{Name: "tokens", Label: Text{"plot.x.length", nil}, Log: true},
		Y: Axis{Name: "seconds", Label: Text{"plot.y.seconds", nil}, Log: true, Unit: "s"},
	}
	for _, lane := range []struct {
		name string
		ink  Ink
		y    []float64
	}{{"uncached", Uncached, uncached}, {"cached", Cached, cached}} {
		k := exponent(tokens, lane.y)
		fit := make([]float64, len(tokens))
		last := len(tokens) - 1
		for i, x := range tokens {
			fit[i] = lane.y[last] * math.Pow(x/tokens[last], k)
		}
		f.Curves = append(f.Curves,
			Curve{Name: lane.name + ".fit", Ink: lane.ink, Dashed: true, X: tokens, Y: fit},
			Curve{Name: lane.name, Ink: lane.ink, Dots: true, X: tokens, Y: lane.y,
				Label: Text{"plot.seconds." + lane.name, map[string]any{"End": quantity(lane.y[last], 3, "s"), "Exponent": SI(k, 3)}}})
	}
	return f
}
