package web

import (
	"bytes"
	"context"
	"net/http"

	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
)

// show serves the page. One that is refused is small, and made each time.
func (p *plots) show(w http.ResponseWriter, r *http.Request) {
	a, err := p.parse(r, r.URL.Query())
	if err != nil {
		p.render(w, r, http.StatusOK, a, err)
		return
	}
	made, err := p.drawn.get(r.Context(), p.key("page", a), "", func(context.Context) (answer, error) {
		return p.page(a, nil)
	})
	if err != nil {
		p.render(w, r, statusOf(w, err), a, err)
		return
	}
	spoken(w, a.lang)
	made.Serve(w, r)
}

// render answers with the page that says what is wrong.
func (p *plots) render(w http.ResponseWriter, r *http.Request, status int, a plotAsk, problem error) {
	made, err := p.page(a, problem)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	spoken(w, a.lang)
	made.Write(w, r, status)
}

// page returns the page of all figures, or of why there are none.
func (p *plots) page(a plotAsk, problem error) (answer, error) {
	data := page.PlotsData{
		Here: p.models.Names(), Published: cost.Presets(), DTypes: cost.DTypes(), Devices: cost.HardwareNames(),
		Ask: a.PlotsAsk, Query: a.query(), Can: a.here, Formats: chart.Formats(), Run: page.Lab + "?lang=" + a.lang,
	}
	if problem != nil {
		data.Problem = page.Worded(text.In(a.lang), "/plots", problemOf(problem))
	} else {
		_, done := p.measured.get(a)
		for _, name := range chart.Names() {
			data.Figures = append(data.Figures, p.entry(name, a, done))
		}
	}
	var b bytes.Buffer
	err := page.Plots(page.HomeData{Lang: a.lang, Text: text.In(a.lang), Version: p.version, Files: addresses()}, data).Render(context.Background(), &b)
	return answer{Content: pack.New(htmlKind, b.Bytes())}, err
}

// entry returns the texts around a figure.
func (p *plots) entry(name string, a plotAsk, done bool) page.Figure {
	say := text.In(a.lang)
	f := page.Figure{Name: name, File: fileName(name, a), Title: say.T("plot."+name, map[string]any{"Device": a.Device}), Kinds: []string{"counted"}}
	switch {
	case chart.NeedsMeasured(name):
		f.Kinds, f.Unmeasured, f.Measured = []string{"measured"}, !done, done
	case chart.NeedsDevice(name):
		f.Kinds = []string{"modelled"}
	case name == "speedup":
		if f.Measurable = a.here && !done; done {
			f.Kinds, f.Measured = append(f.Kinds, "measured"), true
		}
	}
	if f.Unmeasured || name == "speedup" { // which can always be drawn where total-flops can, and takes longest
		return f
	}
	figure, err := p.figure(name, a)
	if err != nil {
		f.Problem = page.Worded(say, "/plots", problemOf(err))
		return f
	}
	f.Title = say.T(figure.Title.ID, figure.Title.Args)
	return f
}
