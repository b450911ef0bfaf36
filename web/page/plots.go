package page

import "net/url"

// PlotsData is what the page of figures is rendered from.
type PlotsData struct {
	Here, Published []string // models that run here, and those that are only counted
	DTypes, Devices []string

	Ask     PlotsAsk
	Query   string   // the same as a query, without "?" and without the language
	Run     string   // address of the run that this page was opened from
	Problem string   // why there are no figures, in words
	Can     bool     // the model runs here, so that it can be measured
	Figures []Figure // in order
	Formats []string
}

// PlotsAsk is what the form shows.
type PlotsAsk struct {
	Model, DType, Device, Unit, Pairs, Logits string
	Prompt, New                               int // New 0: until the context is full
	Print                                     bool
}

// Figure is one picture of the page.
type Figure struct {
	Name, Title string
	Kinds       []string // of kind.counted, kind.measured, kind.modelled
	Problem     string   // why it cannot be drawn, in words
	Unmeasured  bool     // it waits for a measurement
	Measurable  bool     // a measurement would add to it
	Measured    bool     // it has been measured: another picture than before
	File        string   // name for a download, without ending
}

// blank writes 0 as nothing.
func blank(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

// langQuery returns the page's address in a language.
func (p PlotsData) langQuery(lang string) string { return "/plots?" + p.Query + "&lang=" + lang }

// file returns the address of a figure in a format.
func (p PlotsData) file(name, format, lang string) string {
	return "/plot/" + name + "." + format + "?" + p.Query + "&lang=" + lang
}

// Pixels of a figure on the page, and on a phone, in whose shape the page asks
// for it.
const (
	PlotWidth, PlotHeight   = 720, 381
	PhoneWidth, PhoneHeight = 420, 330
)

// picture returns the address of a figure as the page shows it, see the server's views. One that
// has been measured has another: a page shows what it has of an address again.
func (p PlotsData) picture(f Figure, view, lang string) string {
	address := p.file(f.Name, "svg", lang) + "&view=" + view
	if f.Measured {
		address += "&measured=1"
	}
	return address
}

// plotsLink leads to the figures of the run in the form; the page puts the
// prompt's tokens in when it has counted them.
func (d HomeData) plotsLink() string {
	v := url.Values{"model": {d.Recipe.Model}, "new": {blank(d.Recipe.MaxNew)}, "lang": {d.Lang}}
	return "/plots?" + v.Encode()
}
