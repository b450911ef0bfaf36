package chart

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curveNames are the curves' names, written at their ends instead of a legend.
type curveNames struct {
	labels []label
}

type label struct {
	text string
	ink  Ink
	x    float64 // of a single point
	at   float64 // y of the curve's end, or the middle of an area's edge
}

// names collects them from the figure.
func (f Figure) names(s Style) curveNames {
	var n curveNames
	below := 0.0
	for _, c := range f.Curves {
		if len(c.Y) == 0 || c.single() { // a single point has its name beside it
			continue
		}
		end := c.Y[len(c.Y)-1]
		at := end
		if f.Stacked {
			at = below + end/2
			below += end
		}
		if t := s.say(c.Label); t != "" {
			n.labels = append(n.labels, label{text: t, ink: c.Ink, at: at})
		}
	}
	return n
}

// single reports whether a curve is one point.
func (c Curve) single() bool { return c.Dots && len(c.X) == 1 }

// points draws the names of single points, right below them; where two would
// touch, the later one moves down a line.
type points []label

// points collects them; the points themselves are drawn as curves.
func (f Figure) points(s Style) points {
	var all points
	for _, c := range f.Curves {
		if c.single() {
			all = append(all, label{s.say(c.Label), c.Ink, c.X[0], c.Y[0]})
		}
	}
	return all
}

// Plot draws the names.
func (all points) Plot(c draw.Canvas, p *plot.Plot) {
	var taken []vg.Rectangle
	for _, l := range all {
		style := textStyle(labelSize, pens[l.ink].color, text.XLeft, text.YTop)
		at := vg.Point{X: c.X(p.X.Norm(l.x)) + 6, Y: c.Y(p.Y.Norm(l.at)) - 3}
		at.X = min(at.X, c.Max.X-style.Rectangle(l.text).Size().X)
		box := style.Rectangle(l.text).Add(at)
		for slices.ContainsFunc(taken, func(r vg.Rectangle) bool { return overlap(r, box) }) {
			at.Y -= labelSize + 3
			box = style.Rectangle(l.text).Add(at)
		}
		taken = append(taken, box)
		c.FillText(style, at, l.text)
	}
}

func overlap(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

// width returns the room that the names need beside the figure.
func (n curveNames) width() vg.Length {
	widest := vg.Length(0)
	for _, l := range n.labels {
		widest = max(widest, textStyle(labelSize, inkColor, text.XLeft, text.YCenter).Rectangle(l.text).Size().X)
	}
	if widest == 0 {
		return 10
	}
	return widest + labelGap + 2
}

// Plot writes the names to the right of the data, moved apart where they would
// touch.
func (n curveNames) Plot(c draw.Canvas, p *plot.Plot) {
	const line = labelSize + 3
	labels := slices.Clone(n.labels)
	slices.SortStableFunc(labels, func(a, b label) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	ys := make([]vg.Length, len(labels))
	for i, l := range labels {
		ys[i] = c.Y(p.Y.Norm(l.at))
	}
	spread(ys, line, c.Min.Y+line/2, c.Max.Y)
	for i, l := range labels {
		c.FillText(textStyle(labelSize, pens[l.ink].color, text.XLeft, middle), vg.Point{X: c.Max.X + labelGap, Y: ys[i]}, l.text)
	}
}

// spread moves ascending positions so that neighbours are gap apart, within
// [low, high] as far as there is room, each as little as it can.
func spread(ys []vg.Length, gap, low, high vg.Length) {
	for range 50 { // the pushes settle; each pass is cheap
		moved := false
		for i := 1; i < len(ys); i++ {
			if d := gap - (ys[i] - ys[i-1]); d > 0.01 {
				ys[i-1] -= d / 2
				ys[i] += d / 2
				moved = true
			}
		}
		for i := range ys {
			lowest := low + vg.Length(i)*gap
			highest := high - vg.Length(len(ys)-1-i)*gap
			if y := max(min(ys[i], highest), lowest); y != ys[i] {
				ys[i], moved = y, true
			}
		}
		if !moved {
			return
		}
	}
}
