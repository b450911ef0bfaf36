package page

import "github.com/a-h/templ"

// limit is what a number of a form may be.
type limit struct {
	least, most string // as a number field writes them: a seed has 64 bits
	step        string // what an arrow key adds
	whole       bool   // only whole numbers mean something
	above       bool   // the least itself is refused
}

// limits are the numbers of all forms, by the names that problems have in Field.
// It is the one place where the page learns them: the fields carry them, and
// view/refusal.js reads them there.
var limits = map[string]limit{
	"max_new":            {least: "1", most: "1048576", step: "1", whole: true},
	"repetition_penalty": {least: "0", most: "1000000", step: "0.05", above: true},
	"temperature":        {least: "0", most: "1000000", step: "0.05", above: true},
	"top_k":              {least: "0", most: "2147483647", step: "1", whole: true},
	"top_p":              {least: "0", most: "1", step: "0.05", above: true},
	"min_p":              {least: "0", most: "1", step: "0.01"},
	"width":              {least: "2", most: "8", step: "1", whole: true},
	"length_penalty":     {least: "-10", most: "10", step: "0.1"},
	"seed":               {least: "0", most: "18446744073709551615", step: "1", whole: true},
	"propose":            {least: "1", most: "16", step: "1", whole: true},
	"block":              {least: "1", most: "64", step: "1", whole: true},
	"window":             {least: "1", most: "1048576", step: "1", whole: true},
	"sinks":              {least: "0", most: "1048576", step: "1", whole: true},
	"heavy":              {least: "0", most: "1048576", step: "1", whole: true},
	"slots":              {least: "1", most: "16", step: "1", whole: true},
	"chunk":              {least: "0", most: "1048576", step: "1", whole: true},
	"arrive":             {least: "0", most: "1048576", step: "1", whole: true},

	// Of the page alone: KiB of a limit and of a breakpoint, and the figures' lengths.
	"budget_kib":  {least: "0", most: "1099511627776", step: "1", above: true},
	"break_kib":   {least: "1", most: "1048576", step: "1", whole: true},
	"plot_tokens": {least: "1", most: "4096", step: "1", whole: true},
}

// number makes an input a number of a form. Of numbers that are not whole the
// browser knows no step: every one between the ends is as good as another.
func number(field string) templ.Attributes {
	l, ok := limits[field]
	if !ok {
		panic("page: no limits for " + field)
	}
	step := l.step
	if !l.whole {
		step = "any"
	}
	return templ.Attributes{
		"type": "number", "min": l.least, "max": l.most, "step": step, "inputmode": inputMode(l),
		"data-field": field, "data-step": l.step, "data-above": l.above,
	}
}

// inputMode is the keyboard that a phone shows.
func inputMode(l limit) string {
	if l.whole {
		return "numeric"
	}
	return "decimal"
}
