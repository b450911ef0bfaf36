package chart

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// Memory is what a device has for weights and cache.
type Memory struct {
	Name  string
	Bytes int64
}

// scaleBytes is what a head's row of K or V has beside numbers of 8 or 4 bits: a float16 scale and
// low, as kv keeps them by token.
const scaleBytes = 4

// KVBytes returns the size of the KV cache over the length of the text: for the
// model's own K/V heads and for one K/V head per query head (MHA) and one in all
// (MQA), and for smaller numbers. With a device, a line is what its memory has left
// beside the weights, and a mark the token with which the model's own cache bursts
// it. The cache's numbers are dtype bits wide, as the weights' are.
func KVBytes(s Subject, dtype string, device *Memory) Figure {
	c := s.Shape.Config
	bits := float64(s.Shape.KVBits)
	heads := func(g int) float64 { // bytes a token
		v := s.Shape
		v.KVHeads = g
		return float64(v.KVBytesPerToken())
	}
	type variant struct {
		name   string
		args   map[string]any
		ink    Ink
		dashed bool
		bytes  float64
	}
	variants := []variant{{"mha", map[string]any{"Heads": c.Heads}, Uncached, false, heads(c.Heads)}}
	if c.KVHeads != c.Heads && c.KVHeads != 1 {
		variants = append(variants, variant{"gqa", map[string]any{"Heads": c.KVHeads}, Cached, false, heads(c.KVHeads)})
	}
	if c.Heads > 1 {
		variants = append(variants, variant{"mqa", nil, Third, false, heads(1)})
	}
	own := heads(c.KVHeads)
	scales := float64(2 * c.Layers * c.KVHeads * scaleBytes)
	for i, b := range []float64{8, 4} {
		if b < bits {
			variants = append(variants, variant{"int" + number(b), map[string]any{"Heads": c.KVHeads}, []Ink{Fourth, Fifth}[i], true, own*b/bits + scales})
		}
	}
	f := Figure{
		Name:  "kv-bytes",
		Title: Text{"plot.kv-bytes", nil},
		Subtitle: []Text{
			{"plot.about.model", s.modelArgs()},
			{"plot.counted.kv", map[string]any{"Bytes": quantity(own, 4, "B"), "DType": dtype}},
		},
		X: Axis{Name: "tokens", Label: Text{"plot.x.length", nil}, Log: true},
		Y: Axis{Name: "kv_bytes", Label: Text{"plot.y.kv_bytes", nil}, Log: true},
	}
	first, last := 1.0, float64(s.Prompt+s.New-1)
	if device != nil {
		left := float64(device.Bytes - s.Shape.WeightBytes())
		f.Marks = append(f.Marks, Mark{'y', math.Max(left, 1), Text{"plot.memory", map[string]any{"Device": device.Name, "Left": quantity(left, 3, "B")}}})
		if burst := math.Floor(left/own) + 1; left > 0 {
			f.Marks = append(f.Marks, Mark{'x', burst, Text{"plot.burst", map[string]any{"Tokens": SI(burst, 3)}}})
			first, last = math.Max(1, math.Floor(burst/100)), math.Max(last, 3*burst)
		}
	}
	for _, v := range variants {
		curve := Curve{Name: v.name, Label: Text{"plot.variant." + v.name, v.args}, Ink: v.ink, Dashed: v.dashed}
		for x := first; ; x = math.Ceil(x * 1.1) {
			x = math.Min(x, last)
			curve.X, curve.Y = append(curve.X, x), append(curve.Y, x*v.bytes)
			if x == last {
				break
			}
		}
		f.Curves = append(f.Curves, curve)
	}
	return f
}

// Speedup returns how many times less a whole generation costs with the cache, by the
// number of tokens generated after the prompt: as counted and, where points are
// given, as measured (uncached seconds over cached seconds).
func Speedup(s Subject, tokens, measured []float64) Figure {
	var x, y []float64
	for n := 1; n <= s.New; n++ {
		g, err := s.Shape.Generate(s.Prompt, n, s.Switches)
		if err != nil {
			break // what cannot be counted exactly is not drawn
		}
		x = append(x, float64(n))
		y = append(y, float64(cost.Headline(g.Total[sim.Uncached], s.Switches))/float64(cost.Headline(g.Total[sim.Cached], s.Switches)))
	}
	f := Figure{
		Name: "speedup", Title: Text{"plot.speedup", nil}, Subtitle: s.about(),
		X:      Axis{Name: "new_tokens", Label: Text{"plot.x.new", nil}},
		Y:      Axis{Name: "ratio", Label: Text{"plot.y.ratio", nil}},
		Curves: []Curve{{Name: "flops", Label: Text{"plot.ratio.flops", map[string]any{"End": SI(y[len(y)-1], 3)}}, Ink: Cached, X: x, Y: y}},
	}
	if len(tokens) > 0 {
		f.Subtitle = append(f.Subtitle, Text{"plot.speedup.note", nil})
		f.Curves = append(f.Curves, Curve{Name: "seconds", Label: Text{"plot.ratio.seconds", map[string]any{"End": SI(measured[len(measured)-1], 3)}}, Ink: Third, Dots: true, X: tokens, Y: measured})
	}
	return f
}
