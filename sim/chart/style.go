package chart

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Style says how a figure is drawn, and in which words.
type Style struct {
	Print         bool                                        // for paper: stronger lines, dashes beside colours
	Say           func(id string, args map[string]any) string // the catalogue in the reader's language
	Width, Height float64                                     // points; 0 is a slide of 16:9
	DPI           int                                         // of a PNG; 0 is 144
	Bare          bool                                        // without the title, which the page says beside it
}

// A slide, in points of 1/72 inch.
const (
	slideWidth  = 720
	slideHeight = 405
)

func (s Style) size() (w, h vg.Length) {
	if s.Width == 0 || s.Height == 0 {
		return slideWidth, slideHeight
	}
	return vg.Length(s.Width), vg.Length(s.Height)
}

func (s Style) dpi() int {
	if s.DPI == 0 {
		return screen
	}
	return s.DPI
}

// say words a text. In a figure letters are outlines that stand one after the other, so
// the catalogue's marks around text of another direction have nothing to do.
func (s Style) say(t Text) string {
	if t.ID == "" {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, s.Say(t.ID, t.Args))
}

// Sizes of letters, in points: legible from the back row of a classroom.
const (
	titleSize = 17
	labelSize = 12
	smallSize = 11
)

var (
	paper    = color.RGBA{255, 255, 255, 255}
	inkColor = color.RGBA{27, 26, 24, 255}
	muted    = color.RGBA{93, 89, 82, 255}
	grid     = color.RGBA{230, 226, 219, 255}
)

// pens are the colours of Ink on a white page. They differ in lightness too, so
// that they can be told apart in grey; on paper each has its dashes as well.
var pens = []struct {
	color color.RGBA
	dash  []vg.Length
}{
	Cached:   {color.RGBA{11, 100, 130, 255}, nil},
	Uncached: {color.RGBA{169, 72, 15, 255}, []vg.Length{7, 3}},
	Third:    {color.RGBA{106, 60, 188, 255}, []vg.Length{2, 2}},
	Fourth:   {color.RGBA{63, 138, 76, 255}, []vg.Length{10, 3, 2, 3}},
	Fifth:    {color.RGBA{181, 141, 20, 255}, []vg.Length{4, 4}},
	Sixth:    {color.RGBA{122, 122, 122, 255}, []vg.Length{1, 3}},
	Neutral:  {color.RGBA{93, 89, 82, 255}, []vg.Length{3, 3}},
}

func (s Style) lineWidth() vg.Length {
	if s.Print {
		return 2.2
	}
	return 2
}

// dash returns how a curve is broken: what is modelled always, the others on paper.
func (s Style) dash(c Curve) []vg.Length {
	if c.Dashed {
		return []vg.Length{3, 3}
	}
	if s.Print {
		return pens[c.Ink].dash
	}
	return nil
}

// mixed returns a colour with white, share of the colour.
func mixed(c color.RGBA, share float64) color.RGBA {
	m := func(x uint8) uint8 { return uint8(255 - share*(255-float64(x)) + 0.5) }
	return color.RGBA{m(c.R), m(c.G), m(c.B), 255}
}
