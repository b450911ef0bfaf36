package lens

import (
	"math"
	"slices"
	"testing"
)

// TestFitTime: points on a line give the line back; others never a step that
// costs less than nothing.
func TestFitTime(t *testing.T) {
	for _, c := range []struct {
		name           string
		flops, seconds []float64
		rate, fixed    float64
		ok             bool
	}{
		{"on a line", []float64{1e6, 2e6, 9e6}, []float64{3e-3, 4e-3, 11e-3}, 1e9, 2e-3, true},
		{"one size of step", []float64{4e6, 4e6}, []float64{1e-3, 3e-3}, 2e9, 0, true},
		{"one step", []float64{4e6}, []float64{2e-3}, 2e9, 0, true},
		{"below nothing at zero", []float64{1e6, 2e6}, []float64{1e-3, 4e-3}, 5e12 / 9e3, 0, true},
		{"no time", []float64{1e6, 2e6}, []float64{0, 0}, 0, 0, false},
		{"no step", nil, nil, 0, 0, false},
	} {
		fit, ok := fitTime(c.flops, c.seconds)
		if ok != c.ok || math.Abs(fit.Rate-c.rate) > 1e-6*c.rate || math.Abs(fit.Fixed-c.fixed) > 1e-9 {
			t.Errorf("%s: %+v %v, want %g FLOP/s and %g s", c.name, fit, ok, c.rate, c.fixed)
		}
	}
}

// TestFitSteady: what interrupts the machine does not bend the line.
func TestFitSteady(t *testing.T) {
	var flops, seconds []float64
	for i := range 60 {
		f := 3e5 + 1e5*float64(i%7)
		if i < 6 {
			f = 4e6 // prefill
		}
		s := f/2e9 + 3e-5 + 1e-6*float64(i%5)
		if i%20 == 10 {
			s += 4e-3 // somebody else's turn
		}
		flops, seconds = append(flops, f), append(seconds, s)
	}
	fit, ok := fitSteady(flops, seconds)
	if !ok || math.Abs(fit.Rate/2e9-1) > 0.01 || math.Abs(fit.Fixed-3.2e-5) > 1e-6 || fit.Left != 3 || fit.Steps != 57 {
		t.Errorf("%+v", fit)
	}
}

// TestFittedPasses: a fit is made of the newest passes that the lane ran, and of the prompt's.
func TestFittedPasses(t *testing.T) {
	var passes []passTimes
	for i := range 9 {
		p := passTimes{}
		p.flops[0] = []float64{float64(i)}
		if i < 6 {
			p.flops[1] = p.flops[0]
		}
		passes = append(passes, p)
	}
	for _, x := range []struct {
		n, lane, most int
		want          []float64
	}{{0, 0, 3, nil}, {1, 0, 3, []float64{0}}, {3, 0, 3, []float64{0, 1, 2}}, {9, 0, 3, []float64{0, 6, 7, 8}},
		{9, 1, 3, []float64{0, 3, 4, 5}}, {9, 1, 99, []float64{0, 1, 2, 3, 4, 5}}} {
		var got []float64
		for _, p := range fitted(passes[:x.n], x.lane, x.most) {
			got = append(got, p.flops[x.lane]...)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("of %d passes at most %d of lane %d: %v, want %v", x.n, x.most, x.lane, got, x.want)
		}
	}
}
