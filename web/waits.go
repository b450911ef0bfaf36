package web

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// plotFields are what a query of the figures may hold.
var plotFields = []string{"model", "prompt", "new", "dtype", "hardware", "unit", "pairs", "logits", "print", "lang"}

// waits answers somebody whom another site has led here: it says what the link would
// run, and runs it when they press the button, which asks for the same link from this
// page. No model is opened for it.
func waits(w http.ResponseWriter, r *http.Request, status int) {
	data := page.WaitsData{Action: r.URL.Path}
	fields, err := known(r)
	lang := languageOf(r)
	switch {
	case !wire.Holds(err):
		data.Problem = page.Worded(text.In(lang), data.Action, problemOf(err))
		fields.Set("lang", lang)
	case err != nil:
		data.Note = page.Worded(text.In(lang), data.Action, problemOf(err))
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[key] {
			data.Fields = append(data.Fields, page.Field{Key: key, Value: value, Shown: excerpt(value)})
		}
	}
	var b bytes.Buffer
	if err := page.Waits(page.HomeData{Lang: lang, Text: text.In(lang), Files: addresses()}, data).Render(r.Context(), &b); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	spoken(w, lang)
	pack.New(htmlKind, b.Bytes()).Write(w, r, status)
}

// known returns the fields of a request that its page understands; those of a link that
// cannot be read are none. What it says besides is told, and left out.
func known(r *http.Request) (url.Values, error) {
	if r.URL.Path != page.Lab {
		fields := url.Values{}
		for key, values := range r.URL.Query() {
			if slices.Contains(plotFields, key) {
				fields.Set(key, values[0])
			}
		}
		return fields, nil
	}
	link, unread := wire.ParseLink(r.URL.RawQuery)
	if !wire.Holds(unread) {
		return url.Values{}, unread
	}
	fields, err := url.ParseQuery(strings.TrimPrefix(link.Query(), "?"))
	if err != nil {
		return url.Values{}, sim.NewProblem("link.field", "Field", "query", "Have", "").Because(err)
	}
	return fields, unread
}

// excerpt shortens a value to what a person reads before they decide.
func excerpt(s string) string {
	if r := []rune(s); len(r) > 400 {
		return string(r[:400]) + "…"
	}
	return s
}

// problemOf returns an error as a Problem. One whose context ended has nobody to wait for it,
// or a server that stops.
func problemOf(err error) *sim.Problem {
	var p *sim.Problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, context.Canceled):
		p = sim.NewProblem("server.stopping").Because(err)
	default:
		p = sim.NewProblem("internal", "Why", err.Error()).Because(err)
	}
	return p
}
