package chart

import (
	_ "embed"
	"unicode"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// Noto Sans CJK SC, cut down to GB 2312 and Latin letters by font/subset.sh; its
// licence is font/OFL.txt.
//
//go:embed font/NotoSansSC.otf
var notoSansSC []byte

const typeface = "NotoSansSC"

var (
	face  = parse()
	fonts = font.NewCache(font.Collection{{Font: font.Font{Typeface: typeface}, Face: face}})
	plain = text.Plain{Fonts: fonts}
)

// parse reads the embedded font, which a test reads too.
func parse() *opentype.Font {
	f, err := opentype.Parse(notoSansSC)
	if err != nil {
		panic("chart: embedded font: " + err.Error())
	}
	return f
}

func sized(points float64) font.Font { return font.Font{Typeface: typeface, Size: vg.Length(points)} }

// Missing lists the characters of a text that the font cannot draw. What it
// cannot draw would vanish from a figure without a word.
func Missing(s string) []rune {
	var buf sfnt.Buffer
	var missing []rune
	for _, r := range s {
		if i, err := face.GlyphIndex(&buf, r); (err != nil || i == 0) && !unicode.IsControl(r) {
			missing = append(missing, r)
		}
	}
	return missing
}

// outlined draws text as filled outlines: gonum's PDF backend writes Chinese as
// garbage, its SVG needs the reader to have the font, and so all three formats
// look the same.
type outlined struct{ vg.CanvasSizer }

// FillString fills the outlines of a text whose baseline starts at pt.
func (c outlined) FillString(f font.Face, pt vg.Point, s string) {
	var buf sfnt.Buffer
	em := fixed.Int26_6(f.Face.UnitsPerEm()) // one unit of the font is 1/64 pixel
	scale := f.Font.Size / vg.Length(em)
	var path vg.Path
	for _, r := range s {
		glyph, err := f.Face.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		segments, err := f.Face.LoadGlyph(&buf, glyph, em, nil)
		if err != nil {
			continue
		}
		at := func(p fixed.Point26_6) vg.Point { // the font's y points down
			return vg.Point{X: pt.X + vg.Length(p.X)*scale, Y: pt.Y - vg.Length(p.Y)*scale}
		}
		for i, seg := range segments {
			switch seg.Op {
			case sfnt.SegmentOpMoveTo:
				if i > 0 {
					path.Close()
				}
				path.Move(at(seg.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(at(seg.Args[0]))
			case sfnt.SegmentOpQuadTo:
				path.QuadTo(at(seg.Args[0]), at(seg.Args[1]))
			case sfnt.SegmentOpCubeTo:
				path.CubeTo(at(seg.Args[0]), at(seg.Args[1]), at(seg.Args[2]))
			}
		}
		if len(segments) > 0 {
			path.Close()
		}
		advance, err := f.Face.GlyphAdvance(&buf, glyph, em, 0)
		if err != nil {
			continue
		}
		pt.X += vg.Length(advance) * scale
	}
	if len(path) > 0 {
		c.Fill(path)
	}
}
