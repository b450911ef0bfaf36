package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	margin   = 20  // around the figure, points
	narrow   = 360 // of the axes: a phone's
	labelGap = 6   // between a curve's end and its name
	screen   = 144 // dots per inch of a PNG: two for each of a screen's pixels
)

// canvas is what gonum's three backends have in common.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func newCanvas(format string, w, h vg.Length, dpi int) canvas {
	switch format {
	case "svg":
		return vgsvg.New(w, h)
	case "pdf":
		return vgpdf.New(w, h)
	}
	return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}
}

// dates are what makes two PDFs of the same figure differ.
var dates = regexp.MustCompile(`/(CreationDate|ModDate) \(D:\d{14}\)`)

// render draws a figure and writes the picture. The same figure gives the same
// bytes.
func render(w io.Writer, f Figure, format string, s Style) error {
	width, height := s.size()
	target := newCanvas(format, width, height, s.dpi())
	f.paint(draw.New(outlined{target}), s)
	var b bytes.Buffer
	if _, err := target.WriteTo(&b); err != nil {
		return fmt.Errorf("chart %s: %w", f.Name, err)
	}
	data := b.Bytes()
	switch format {
	case "pdf":
		data = dates.ReplaceAll(data, []byte("/$1 (D:20000101000000)"))
	case "svg":
		data = named(data, s.say(f.Title))
	}
	_, err := w.Write(data)
	return err
}

// svgOpen is the end of the svg tag.
var svgOpen = regexp.MustCompile(`(?s)<svg.*?>\n`)

// named gives an SVG the title that a screen reader speaks; its letters are
// outlines.
func named(svg []byte, title string) []byte {
	at := svgOpen.FindIndex(svg)
	if at == nil {
		return svg
	}
	tag := bytes.Replace(svg[at[0]:at[1]], []byte("<svg"), []byte(`<svg role="img"`), 1)
	return bytes.Join([][]byte{svg[:at[0]], tag, []byte("<title>" + escape(title) + "</title>\n"), svg[at[1]:]}, nil)
}

func escape(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		switch r {
		case '<':
			b.WriteString("&lt;")
		case '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func textStyle(size float64, c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: c, Font: sized(size), XAlign: x, YAlign: y, Handler: plain}
}

// paint lays the figure out: title, subtitle and the y axis' name at the top,
// names of the curves in a column on the right.
func (f Figure) paint(c draw.Canvas, s Style) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin-6, -margin)

	y := c.Max.Y
	line := func(t string, size float64, col color.Color, below vg.Length) {
		style := textStyle(size, col, text.XLeft, text.YBottom)
		for _, t := range wrap(t, func(t string) bool { return style.Width(t) <= c.Max.X-c.Min.X }) {
			y -= vg.Length(size)
			c.FillText(style, vg.Point{X: c.Min.X, Y: y}, t)
			y -= below
		}
	}
	if !s.Bare {
		line(s.say(f.Title), titleSize, inkColor, 7)
	}
	for _, t := range f.Subtitle {
		line(s.say(t), smallSize, muted, 4)
	}
	y -= 6
	line(s.say(f.Y.Label), labelSize, inkColor, 6)

	names := f.names(s)
	p := f.plot(s)
	p.Add(names, f.points(s))
	p.Draw(draw.Crop(c, 0, -names.width(), 0, y-c.Max.Y))
}

// wrap breaks a text into lines that fit, after spaces and the wide stops of
// Chinese; a word that fits nowhere has a line of its own.
func wrap(t string, fits func(string) bool) (lines []string) {
	rest := t
	for rest != "" && !fits(rest) {
		end := 0
		for i, r := range rest {
			if !strings.ContainsRune(" ，；：。、", r) {
				continue
			}
			if next := i + utf8.RuneLen(r); end == 0 || fits(strings.TrimRight(rest[:next], " ")) {
				end = next
			}
		}
		if end == 0 || end == len(rest) {
			break
		}
		lines = append(lines, strings.TrimRight(rest[:end], " "))
		rest = rest[end:]
	}
	if rest != "" {
		lines = append(lines, rest)
	}
	return lines
}

// middle centres letters on a line: the font's box is taller above than below.
const middle = -0.38

// plot sets up axes and curves.
func (f Figure) plot(s Style) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.TextHandler = plain
	for _, a := range []struct {
		axis *plot.Axis
		is   Axis
	}{{&p.X, f.X}, {&p.Y, f.Y}} {
		a.axis.Color, a.axis.Width, a.axis.Padding = muted, 0.8, 0
		a.axis.Tick.Color, a.axis.Tick.Width, a.axis.Tick.Length = muted, 0.8, 4
		a.axis.Tick.Label.Font, a.axis.Tick.Label.Handler, a.axis.Tick.Label.Color = sized(smallSize), plain, inkColor
		a.axis.Tick.Marker = even{a.is.Unit}
		a.axis.Label.TextStyle = textStyle(labelSize, inkColor, text.XCenter, text.YBottom)
		if a.is.Log {
			a.axis.Scale, a.axis.Tick.Marker = plot.LogScale{}, decades{a.is.Unit}
		}
	}
	p.X.Label.Text, p.X.Label.Padding = s.say(f.X.Label), 5
	p.Y.Tick.Label.YAlign = middle
	p.Y.Width = 0 // the grid's lines are enough
	p.Y.Tick.Width, p.Y.Tick.Length = 0, 2

	lines := plotter.NewGrid()
	lines.Vertical.Color = nil
	lines.Horizontal = draw.LineStyle{Color: grid, Width: 0.8}
	p.Add(lines)
	f.addCurves(p, s)
	if !f.Y.Log {
		p.Y.Min = 0
	}
	for _, m := range f.Marks {
		p.Add(m.line(f, s))
	}
	return p
}

// addCurves adds every curve, or the areas of a stacked figure.
func (f Figure) addCurves(p *plot.Plot, s Style) {
	below := make([]float64, 0)
	for _, c := range f.Curves {
		if f.Stacked {
			below = f.addArea(p, s, c, below)
			continue
		}
		xys := make(plotter.XYs, len(c.X))
		for i := range c.X {
			xys[i] = plotter.XY{X: c.X[i], Y: c.Y[i]}
		}
		style := draw.LineStyle{Color: pens[c.Ink].color, Width: s.lineWidth(), Dashes: s.dash(c)}
		if c.Dots {
			p.Add(&plotter.Scatter{XYs: xys, GlyphStyleFunc: func(int) draw.GlyphStyle {
				return draw.GlyphStyle{Color: style.Color, Radius: 4, Shape: draw.CircleGlyph{}}
			}})
			continue
		}
		p.Add(&plotter.Line{XYs: xys, LineStyle: style})
	}
}

// addArea adds the area between below and below plus the curve, and returns its
// upper edge.
func (f Figure) addArea(p *plot.Plot, s Style, c Curve, below []float64) []float64 {
	upper := make([]float64, len(c.X))
	ring := make(plotter.XYs, 0, 2*len(c.X))
	for i := range c.X {
		upper[i] = c.Y[i]
		if i < len(below) {
			upper[i] += below[i]
		}
		ring = append(ring, plotter.XY{X: c.X[i], Y: upper[i]})
	}
	for i := len(c.X) - 1; i >= 0; i-- {
		y := 0.0
		if i < len(below) {
			y = below[i]
		}
		ring = append(ring, plotter.XY{X: c.X[i], Y: y})
	}
	area := plotter.Polygon{XYs: []plotter.XYs{ring}, Color: mixed(pens[c.Ink].color, 0.55)}
	area.LineStyle = draw.LineStyle{Color: paper, Width: 1}
	if s.Print {
		area.LineStyle = draw.LineStyle{Color: inkColor, Width: 0.8}
	}
	p.Add(&area)
	return upper
}

// markLine draws a Mark and its name.
type markLine struct {
	Mark
	name string
}

func (m Mark) line(f Figure, s Style) markLine { return markLine{m, s.say(m.Label)} }

// Plot draws the line from edge to edge, its name inside.
func (m markLine) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: inkColor, Width: 1, Dashes: []vg.Length{4, 3}}
	if m.Axis == 'x' {
		x := c.X(p.X.Norm(m.At))
		c.StrokeLine2(style, x, c.Min.Y, x, c.Max.Y)
		align, at := text.XLeft, x+5
		if x > (c.Min.X+c.Max.X)/2 {
			align, at = text.XRight, x-5
		}
		y := c.Min.Y + 6
		if c.Max.X-c.Min.X < narrow {
			y += (c.Max.Y - c.Min.Y) / 4 // the points' names take the bottom's whole width
		}
		plate(c, textStyle(smallSize, inkColor, align, text.YBottom), vg.Point{X: at, Y: y}, m.name)
		return
	}
	y := c.Y(p.Y.Norm(m.At))
	c.StrokeLine2(style, c.Min.X, y, c.Max.X, y)
	name := textStyle(smallSize, inkColor, text.XLeft, text.YBottom)
	above := vg.Point{X: c.Min.X + 6, Y: y + apart}
	if above.Y+name.Height(m.name) > c.Max.Y { // below it there is room
		above.Y = y - apart - name.Height(m.name)
	}
	plate(c, name, above, m.name)
}

// apart is how far a name keeps from its own line: the tails of its letters hang below its foot.
const apart vg.Length = 8

// plate writes text on a white ground, so that lines behind it do not cross it.
func plate(c draw.Canvas, s text.Style, at vg.Point, t string) {
	box := s.Rectangle(t).Add(at)
	c.SetColor(paper)
	c.Fill(box.Path())
	c.FillText(s, at, t)
}

// DataRange keeps the mark inside the axes.
func (m markLine) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	if m.Axis == 'x' {
		return m.At, m.At, ymin, ymax
	}
	return xmin, xmax, m.At, m.At
}
