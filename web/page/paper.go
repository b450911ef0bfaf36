package page

import (
	"path"
	"slices"
	"strconv"
	"strings"

	taught "kvstep/sim/lesson" // this package has a component of that name

	"github.com/a-h/templ"
)

// Paper kinds are what a lesson is printed as.
const (
	Worksheet = "worksheet" // its questions, with room to answer
	AnswerKey = "key"       // the same with all answers, and what each is told
	Deck      = "deck"      // slides, a beat on each
)

// PaperKinds are all that there are.
var PaperKinds = []string{Worksheet, AnswerKey, Deck}

// PaperData is what printed lessons are rendered from: one document that asks for nothing more.
type PaperData struct {
	HomeData
	Kind     string
	Size     string // of the paper, "a4"; "" leaves it to whoever prints
	Lessons  []PaperLesson
	Pictures []PaperPicture
	Links    []PaperLink // to the other kinds and languages; none in a file
	CSS      string
	Script   string // a classic one
	Words    string // the catalogue of its language, as JSON
}

// PaperLink leads to the same lesson in another kind or language.
type PaperLink struct {
	Href, Text, Lang string
	Now              bool
}

// PaperLesson is a lesson on paper.
type PaperLesson struct {
	Name, Version, Lang, Title string
	Opens                      []taught.Block
	Beats                      []PaperBeat
}

// PaperBeat is a beat on paper.
type PaperBeat struct {
	*taught.PlayInfo
	N          int              // of the question, from 1
	Rows, Cols []string         // what stands beside the rows and above the columns that are asked for
	Answers    []taught.Outcome // all that are named, the right one first; none on worksheets and slides
	Picture    int              // among all
	As         int              // the question whose picture it has too; 0 for a picture of its own
}

// PaperPicture is a moment that is painted when the document opens.
type PaperPicture struct {
	Frame string   // as handouts hold theirs
	Open  []string // the panels that are seen; none: the matrices
}

// bench returns the panels of which a printed lesson has pictures and that stand by themselves: not in a place of the
// stage, which has them.
func bench() []Panel {
	return slices.DeleteFunc(Panels(), func(p Panel) bool {
		owner, _, _ := strings.Cut(p.In, "-")
		return !p.Printed() || owner == "stage"
	})
}

// PaperPanel returns the panel that shows what a viewer has open under a name, "" where paper has none of it.
func PaperPanel(asks string) string {
	for _, p := range Panels() {
		if p.Asks == asks && p.Printed() {
			return p.ID
		}
	}
	return ""
}

// PaperSheets are the stylesheets of printed lessons, in the order in which they are joined.
func PaperSheets() []string {
	without := PaperWithout()
	sheets := slices.DeleteFunc(Stylesheets(), func(name string) bool {
		return slices.Contains(without, path.Join(path.Dir(name), "index.js"))
	})
	return append(sheets, "css/paper.css")
}

// PaperWithout are the modules that no printed lesson needs (files of package static).
func PaperWithout() (files []string) {
	for _, p := range Panels() {
		if !p.Printed() {
			files = append(files, "js/panel/"+p.ID+"/index.js")
		}
	}
	return files
}

// Policy allows the document's own style and script, by their hashes, and pictures that it makes itself.
func (d PaperData) Policy() string { return policyOf(d.CSS, d.Script) }

// title names the document.
func (d PaperData) title() string {
	kind := d.t("paper." + d.Kind)
	if len(d.Lessons) == 1 {
		return d.Lessons[0].Title + " · " + kind
	}
	return kind
}

// picture is the picture that a beat has.
func (d PaperData) picture(b PaperBeat) PaperPicture { return d.Pictures[b.Picture] }

// said returns words as HTML: what can be pressed on the page is text on paper.
func said(words []taught.Piece) string {
	var b strings.Builder
	for _, w := range words {
		inner := templ.EscapeString(w.Text)
		if w.Words != nil {
			inner = said(w.Words)
		}
		switch w.Kind {
		case "em", "strong", "code":
			b.WriteString("<" + w.Kind + ">" + inner + "</" + w.Kind + ">")
		case "n":
			b.WriteString(`<b class="said">` + inner + "</b>")
		case "br":
			b.WriteString("<br>")
		default:
			b.WriteString(inner)
		}
	}
	return b.String()
}

// told returns blocks as HTML.
func told(blocks []taught.Block) string {
	var b strings.Builder
	for _, x := range blocks {
		b.WriteString("<" + x.Kind + ">" + said(x.Words) + told(x.Items) + "</" + x.Kind + ">")
	}
	return b.String()
}

// right returns the right answer, as answers travel; "" where none is printed.
func (b PaperBeat) right() string {
	if len(b.Answers) == 0 {
		return ""
	}
	return b.Answers[0].Given
}

// written returns an answer as people write it: what has words of its own is written by these.
func (b PaperBeat) written(o taught.Outcome) string {
	if b.Ask.Kind != "order" {
		return templ.EscapeString(o.Written)
	}
	var parts []string
	for id := range strings.SplitSeq(o.Given, ",") {
		for _, c := range b.Ask.Choices {
			if c.ID == id {
				parts = append(parts, said(c.Text))
			}
		}
	}
	return strings.Join(parts, " → ")
}

// taken reports whether the right answer has a choice, and its place in an order, from 1.
func (b PaperBeat) taken(id string) (place int) {
	return slices.Index(strings.Split(b.right(), ","), id) + 1
}

// ticked reports whether a cell, or a row or a column, is of the right answer.
func (b PaperBeat) ticked(row, col int) bool {
	cells, _ := taught.ReadCells(b.right())
	switch b.Ask.Cells.By {
	case "row":
		return slices.Contains(cells, [2]int{row, -1})
	case "col":
		return slices.Contains(cells, [2]int{col, -1})
	}
	return slices.Contains(cells, [2]int{row, col})
}

// label returns what stands beside a row or a column: its number, and its token where that is known.
func label(i int, names []string) string {
	if i < len(names) && names[i] != "" {
		return strconv.Itoa(i) + " " + names[i]
	}
	return strconv.Itoa(i)
}

// how names the message that says how to answer.
func (b PaperBeat) how() string {
	switch {
	case b.Ask.Several:
		return "several"
	case b.Ask.Kind == "cells" && !b.tickable():
		return "cells.written"
	}
	return b.Ask.Kind
}

// mostTicks is how many rows of a matrix stand on a sheet, and mostAcross how many columns.
const mostTicks, mostAcross = 24, 12

// tickable reports whether the matrix that is asked about fits a sheet.
func (b PaperBeat) tickable() bool {
	return b.Ask.Cells.Rows <= mostTicks && b.Ask.Cells.Cols <= mostAcross
}

// symbol returns how a unit is called behind a number.
func symbol(unit string) string { return taught.Symbols[unit] }

// joined returns names as an attribute has several.
func joined(names []string) string { return strings.Join(names, " ") }
