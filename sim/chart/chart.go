// Package chart draws figures of complexity: FLOPs, bytes and time against
// length. A Figure holds the numbers and the ids of the words; Draw turns it into
// SVG, PNG or PDF in a language and a style, and CSV writes its numbers.
//
// Every number comes from sim/cost (counted, or modelled for a device) or from
// runs of the engine (measured); a figure's subtitle says which.
package chart

import (
	"io"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/sheet"
)

// Text is a message of the catalogue, by id, with its values.
type Text struct {
	ID   string
	Args map[string]any
}

// Figure is one picture before it is drawn.
type Figure struct {
	Name     string // its file name without ending, and its name on the command line
	Title    Text
	Subtitle []Text // whose run it is, and how the numbers came to be
	X, Y     Axis
	Curves   []Curve
	Marks    []Mark
	Stacked  bool // curves are areas that stand on one another
}

// Axis is one of the two directions.
type Axis struct {
	Name  string // column of the CSV, with its unit: "flops", "kv_bytes", "seconds"
	Label Text   // with its unit
	Log   bool
	Unit  string // of its numbers, where they may be small: "s"
}

// Curve is one series of numbers.
type Curve struct {
	Name   string // its name in the CSV
	Label  Text   // written at its end; no ID writes nothing
	Ink    Ink
	Dashed bool // what is modelled or fitted, beside what is counted or measured
	Dots   bool // single points, not joined
	X, Y   []float64
}

// Mark is a line across the figure at one value of an axis.
type Mark struct {
	Axis  byte // 'x' or 'y'
	At    float64
	Label Text
}

// Ink says what a curve means; a style gives it a colour and a dash.
type Ink int

// The lanes have the colours they have everywhere in kvstep; the others tell apart
// what belongs to neither.
const (
	Cached Ink = iota
	Uncached
	Third
	Fourth
	Fifth
	Sixth
	Neutral
)

// CSV writes the numbers of a figure, one row for each point: curve, x, y. Whole
// numbers below 2^53 are written without a fraction.
func (f Figure) CSV(w io.Writer) error {
	out := sheet.NewWriter(w)
	rows := [][]string{{"curve", f.X.Name, f.Y.Name}}
	for _, c := range f.Curves {
		for i := range c.X {
			rows = append(rows, []string{c.Name, number(c.X[i]), number(c.Y[i])})
		}
	}
	for _, m := range f.Marks {
		row := []string{"mark:" + m.Label.ID, "", ""}
		row[map[byte]int{'x': 1, 'y': 2}[m.Axis]] = number(m.At)
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// Formats returns the endings that Draw and CSV know.
func Formats() []string { return []string{"svg", "png", "pdf", "csv"} }

// Write writes a figure in one of Formats. Another format is Problem
// "recipe.choice".
func Write(w io.Writer, f Figure, format string, s Style) error {
	if format == "csv" {
		return f.CSV(w)
	}
	for _, known := range Formats() {
		if format == known {
			return render(w, f, format, s)
		}
	}
	return sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", Formats())
}
