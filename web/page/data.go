// Package page renders the page's words, controls and tables; JavaScript
// (static/js) paints the pictures and updates the numbers.
package page

import (
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/web/text"

	"github.com/a-h/templ"
)

// Lab is the path of the workbench; a link's query comes after it.
const Lab = "/lab"

// HomeData is what the page is rendered from.
type HomeData struct {
	Lang         string // "en" or "zh"
	Text         *text.Catalogue
	Models       []ModelInfo
	TrainingSets []TrainingSet
	Recipe       sim.Recipe // what the form shows at first
	Version      string
	Recorded     bool // a handout: everything was recorded, no server is there
	Printed      bool // a printed lesson
	// First is the lesson that the page begins with, in its layout, "" for none: it takes the whole page.
	First string
	// Files are the addresses of what a page loads, by name ("page.js"): the server knows them.
	Files map[string]string
}

// begins names the lesson that the page begins with.
func (d HomeData) begins() templ.Attributes {
	if d.First == "" {
		return nil
	}
	return templ.Attributes{"data-first": d.First}
}

// ModelInfo is one entry of the model menu.
type ModelInfo struct {
	Name   string
	Config sim.Config
}

// promptGroup is a part of the menu of prompts.
type promptGroup struct {
	lang    string
	open    bool // several tokens are likely after them
	prompts []string
}

// groups returns the prompts of a training set, as the menu shows them.
func (w TrainingSet) groups() (list []promptGroup) {
	for _, lang := range text.Langs() {
		list = append(list, promptGroup{lang, false, w.Prompts[lang]}, promptGroup{lang, true, w.Open[lang]})
	}
	return slices.DeleteFunc(list, func(g promptGroup) bool { return len(g.prompts) == 0 })
}

// TrainingSet is what some of the models were trained with.
type TrainingSet struct {
	Models  []string
	Prompts map[string][]string // prompts to begin with, by language
	Open    map[string][]string // prompts after which several tokens are likely
	Words   map[string][]string // by language
}

// label returns the name of a group in its own language, the only one in which it is shown.
func (g promptGroup) label() string {
	if g.open {
		return text.In(g.lang).T("recipe.open", nil)
	}
	return LanguageNames[g.lang]
}

// LanguageNames are the languages' own names.
var LanguageNames = map[string]string{"en": "English", "zh": "中文"}

// of reports whether it is the named model's.
func (w TrainingSet) of(model string) bool { return slices.Contains(w.Models, model) }

// titled are the models with a line of their own in the menu: "model.story" in
// web/text says what is special about it. Others go by their names.
var titled = []string{"story", "story-gqa", "story-mqa", "story-draft", "paper"}

// titleID returns the message that names a model in the menu, "" for its bare name.
func titleID(model string) string {
	if slices.Contains(titled, model) {
		return "model." + model
	}
	return ""
}

// t returns a message of the page's language.
func (d HomeData) t(id string) string { return d.Text.T(id, nil) }

// catalogue returns the address of a language's catalogue.
func (d HomeData) catalogue(lang string) string { return d.Files[lang+".json"] }

// htmlLang returns the language as HTML names it.
func (d HomeData) htmlLang() string { return HTMLLang(d.Lang) }

// HTMLLang returns a language as HTML names it.
func HTMLLang(lang string) string {
	if lang == "zh" {
		return "zh-Hans"
	}
	return lang
}

// plates are the matrices of the stage, in reading order.
var plates = []string{"Q", "K", "scores", "probs", "V", "out"}

var parts = []string{"qkv", "scores", "av", "out", "mlp", "head"}

// glyphs are the transport's icons, drawn in a box of 16.
var glyphs = map[string]string{
	"start": "M3 3h2v10H3zM13 3v10L6 8z",
	"back2": "M8 3v10L2 8zM14 3v10L8 8z",
	"back1": "M11 3v10L4 8z",
	"next1": "M5 3v10l7-5z",
	"next2": "M8 3v10l6-5zM2 3v10l6-5z",
	"play":  "M4 2v12l9-6z",
	"pause": "M4 3h3v10H4zM9 3h3v10H9z",
	"end":   "M11 3h2v10h-2zM3 3v10l7-5z",
	"stop":  "M4 4h8v8H4z",
	"flag":  "M3 2h2v12H3zM6 3h7l-2 3 2 3H6z",
	"save":  "M7 2h2v6h3l-4 4-4-4h3zM2 13h12v2H2z",
	"full":  "M2 2h5v2H4v3H2zM9 2h5v5h-2V4H9zM2 9h2v3h3v2H2zM12 9h2v5H9v-2h3z",
	"left":  "M10 3v10L4 8z",
	"right": "M6 3v10l6-5z",
}

// shortcut is a key and what it does.
type shortcut struct{ key, id string }

// shortcuts are the keys of the help dialog, by where they work. The first two
// groups are panel/transport/index.js's, which work wherever nothing else wants the key;
// a test compares.
var shortcuts = []struct {
	id   string
	keys []shortcut
}{
	{"help.run", []shortcut{
		{"→", "controls.layer.long"}, {"←", "controls.back.long"}, {"t", "controls.token.long"}, {"Shift+T", "controls.back_token.long"},
		{"r", "controls.restart.long"}, {"p", "controls.play.long"}, {"e", "controls.end.long"}, {"s", "controls.stop.long"},
		{"b", "mark.toggle"}, {"n", "mark.next"}, {"Shift+N", "mark.back"},
	}},
	{"help.look", []shortcut{
		{"l", "pick.layer.next"}, {"Shift+L", "pick.layer.back"}, {"q", "pick.seq.next"}, {"Shift+Q", "pick.seq.back"}, {"h", "pick.head.next"}, {"Shift+H", "pick.head.back"},
		{"f", "pick.follow.long"}, {"Shift+F", "present.enter"}, {"k", "break.open"}, {"x", "take.open"}, {"?", "help.title"},
	}},
	{"help.inside", []shortcut{
		{".", "ops.next"}, {",", "ops.back"}, {"o", "ops.overview.long"}, {"Enter", "help.inside.ask"}, {"Esc", "help.inside.back"},
	}},
	{"help.timeline", []shortcut{
		{"← →", "help.timeline.step"}, {"PageUp PageDown", "help.timeline.pass"}, {"Home End", "help.timeline.ends"},
	}},
	{"present.label", []shortcut{
		{"PageDown PageUp", "present.keys.step"}, {"1 2 3 4", "present.keys.panel"}, {"Esc", "present.leave"},
	}},
	{"help.matrix", []shortcut{{"← → ↑ ↓", "help.matrix.move"}}},
	{"help.menus", []shortcut{{"Esc", "help.menus.close"}}},
}

// breakKinds are the breakpoints that there are (sim/breakpoint), as offered.
var breakKinds = []string{"token", "layer", "cache", "top", "attend", "differ"}

func itoa(n int) string      { return strconv.Itoa(n) }
func utoa(n uint64) string   { return strconv.FormatUint(n, 10) }
func boolText(b bool) string { return strconv.FormatBool(b) }

// first returns the stop text of the form, which has room for one.
func first(stops []string) string {
	if len(stops) == 0 {
		return ""
	}
	return stops[0]
}
