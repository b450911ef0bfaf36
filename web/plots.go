package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvstep/sim"
	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/sheet"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
)

// maxPlot bounds prompt and new tokens of a figure, which has a point for each; the
// form says the same.
var maxPlot = int64(page.PlotTokens.Most)

// maxDefault bounds new tokens where the form leaves them out.
const maxDefault = 2048

// views are the shapes of a figure: a slide, which says everything itself; on
// the page, which has the title already; on a phone, where letters keep their
// size and the figure is narrower.
var views = map[string]chart.Style{
	"":      {},
	"page":  {Bare: true, Width: page.PlotWidth, Height: page.PlotHeight},
	"phone": {Bare: true, Width: page.PhoneWidth, Height: page.PhoneHeight},
}

// draws figures are drawn at once, with one processor left for sockets and presses; a page
// asks for eight, and they queue. So many bytes of what was drawn are kept.
var draws = min(2, max(1, runtime.GOMAXPROCS(0)-1))

const drawQueue, maxDrawn = 64, 16 << 20

// plots serves the page of figures, the figures and their measurements.
type plots struct {
	models      *library.Library
	version     string
	measured    *measurements
	measureWait time.Duration
	drawn       *maker
}

func newPlots(models *library.Library, version string, within limits.Limits) *plots {
	return &plots{
		models: models, version: version, measured: newMeasurements(), measureWait: time.Duration(within.Measure) * time.Second,
		drawn: newMaker("plots", draws, drawQueue, maxDrawn, within.Answer()),
	}
}

// plotAsk is what a query asks of the figures.
type plotAsk struct {
	page.PlotsAsk
	lang  string
	name  string     // of the model as it is written
	shape cost.Shape // before a type of numbers is chosen
	here  bool       // the model runs here
	sw    cost.Switches
	job   cost.Job // with New filled in
}

// parse reads a query. What it cannot be is a Problem that names the field.
func (p *plots) parse(r *http.Request, values url.Values) (plotAsk, error) {
	a := plotAsk{sw: cost.Default()}
	a.lang = text.Match(values.Get("lang"), r.Header.Get("Accept-Language"))
	a.Model, a.DType, a.Device = values.Get("model"), values.Get("dtype"), values.Get("hardware")
	a.Print = values.Get("print") == "1"
	for _, s := range []struct {
		name string
		to   *string
		in   *string
	}{{"unit", &a.sw.Unit, &a.Unit}, {"pairs", &a.sw.Pairs, &a.Pairs}, {"logits", &a.sw.Logits, &a.Logits}} {
		if v := values.Get(s.name); v != "" {
			*s.to = v
		}
		*s.in = *s.to
	}
	prompt, err1 := size(values, "prompt", 16)
	made, err2 := size(values, "new", 0)
	a.Prompt, a.New = prompt, made
	return a, errors.Join(p.find(&a), err1, err2, cost.CheckSwitches(a.sw), a.check())
}

// size reads a number of tokens.
func size(values url.Values, field string, missing int) (int, error) {
	have := values.Get(field)
	if have == "" {
		return missing, nil
	}
	n, err := strconv.ParseInt(have, 10, 32)
	if err != nil {
		return missing, sim.NewProblem("link.field", "Field", field, "Have", clip(have))
	}
	if n < 1 || n > maxPlot {
		return int(n), sim.NewProblem("cost.range", "Field", field, "Have", n, "Min", 1, "Max", maxPlot)
	}
	return int(n), nil
}

// find takes a model of this server, or a published one.
func (p *plots) find(a *plotAsk) error {
	if a.Model == "" {
		a.Model = p.models.Names()[0]
	}
	if slices.Contains(p.models.Names(), a.Model) {
		c, _, err := p.models.Shape(a.Model) // a large model is not opened to be counted
		if err != nil {
			return err
		}
		a.name, a.shape, a.here = a.Model, cost.Of(c), true
		return nil
	}
	var err error
	if a.shape, a.name, err = cost.Preset(clip(a.Model)); err != nil {
		var problem *sim.Problem
		if errors.As(err, &problem) { // here those that run are known too
			problem.Args["Known"] = append(p.models.Names(), cost.Presets()...)
		}
		return err
	}
	a.Model = a.name
	return nil
}

// check fills in how many tokens are generated, and refuses what does not fit.
func (a *plotAsk) check() error {
	a.job = cost.Job{Prompt: a.Prompt, New: a.New, Batch: 1}
	if a.New == 0 {
		a.job.New = max(1, min(a.shape.Context-a.Prompt+1, maxDefault))
	}
	if a.DType != "" {
		if _, err := cost.ParseDType("dtype", clip(a.DType)); err != nil {
			return err
		}
	}
	if a.Device != "" {
		h, err := cost.HardwarePreset(clip(a.Device))
		if err != nil {
			return err
		}
		a.Device = h.Name
	}
	if a.name == "" {
		return nil // the model's own problem says so
	}
	return a.shape.CheckContext(a.job)
}

// query returns the ask as the page's links carry it, without the language.
func (a *plotAsk) query() string {
	v := url.Values{"model": {a.Model}, "prompt": {strconv.Itoa(a.Prompt)}}
	for _, f := range []struct{ name, have, usual string }{
		{"new", strconv.Itoa(a.New), "0"}, {"dtype", a.DType, ""}, {"hardware", a.Device, ""}, {"unit", a.Unit, "flop"},
		{"pairs", a.Pairs, "allowed"}, {"logits", a.Logits, "last"}, {"print", map[bool]string{true: "1"}[a.Print], ""},
	} {
		if f.have != f.usual {
			v.Set(f.name, f.have)
		}
	}
	return v.Encode()
}

// figure makes a figure. Devices are rated for float16, which is what their
// figures take unless another type is asked for.
func (p *plots) figure(name string, a plotAsk) (chart.Figure, error) {
	dtype := a.DType
	if dtype == "" {
		dtype = map[bool]string{true: "fp32", false: "fp16"}[a.here && !chart.NeedsDevice(name)]
	}
	d, err := cost.ParseDType("dtype", dtype)
	if err != nil {
		return chart.Figure{}, err
	}
	kv, err := cost.ParseDType("dtype", d.KV)
	if err != nil {
		return chart.Figure{}, err
	}
	r := chart.Request{DType: d, Batch: 1, Subject: chart.Subject{
		Name: a.name, Shape: a.shape.Wide(d.Bits, kv.Bits), Prompt: a.job.Prompt, New: a.job.New, Switches: a.sw}}
	if a.Device != "" {
		h, err := cost.HardwarePreset(a.Device)
		if err != nil {
			return chart.Figure{}, err
		}
		if peak, _, err := h.Peak(d); chart.NeedsDevice(name) && err == nil && peak == 0 {
			return chart.Figure{}, sim.NewProblem("plot.peak", "Name", h.Name)
		}
		r.Device = &h
	}
	r.Measured, _ = p.measured.get(a)
	if chart.NeedsMeasured(name) && len(r.Measured.Tokens) < 2 {
		return chart.Figure{}, sim.NewProblem("plot.unmeasured", "Model", a.name)
	}
	return chart.Make(name, r)
}

// file serves /plot/NAME.FORMAT?..; a refusal is a line in the reader's language.
func (p *plots) file(w http.ResponseWriter, r *http.Request) {
	a, err := p.parse(r, r.URL.Query())
	name, format, _ := strings.Cut(r.PathValue("file"), ".")
	switch {
	case !slices.Contains(chart.Names(), name):
		p.refuse(w, a.lang, http.StatusNotFound, sim.NewProblem("plot.name", "Name", clip(name), "Known", chart.Names()))
		return
	case !slices.Contains(chart.Formats(), format):
		p.refuse(w, a.lang, http.StatusNotFound, sim.NewProblem("recipe.choice", "Field", "format", "Have", clip(format), "Allowed", chart.Formats()))
		return
	case err != nil:
		p.refuse(w, a.lang, http.StatusUnprocessableEntity, err)
		return
	}
	style, ok := views[r.URL.Query().Get("view")]
	if !ok {
		p.refuse(w, a.lang, http.StatusUnprocessableEntity, sim.NewProblem("link.field", "Field", "view", "Have", clip(r.URL.Query().Get("view"))))
		return
	}
	style.Print, style.Say = a.Print, text.In(a.lang).T
	view := r.URL.Query().Get("view")
	made, err := p.drawn.get(r.Context(), p.key(name+"."+format+"."+view, a), "", func(context.Context) (answer, error) {
		return p.draw(name, format, a, style)
	})
	if err != nil {
		p.refuse(w, a.lang, statusOf(w, err), err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache") // the same until it is measured anew; each asker passes the fence
	made.send(w, r)
}

// key names everything that a figure, or the page of all, depends on.
func (p *plots) key(what string, a plotAsk) string {
	measured, _ := p.measured.get(a)
	return fmt.Sprint(what, "\n", a.lang, "\n", a.query(), "\n", measured, "\n", p.models.Names(), a.shape)
}

// draw makes a figure's file. A picture on the page is shown all the same; opened by
// itself it is saved, since the policy forbids the styles inside an SVG.
func (p *plots) draw(name, format string, a plotAsk, style chart.Style) (answer, error) {
	f, err := p.figure(name, a)
	if err != nil {
		return answer{}, err
	}
	var b bytes.Buffer
	if format == "csv" {
		b.WriteString(sheet.BOM) // a person will open it
	}
	if err := chart.Write(&b, f, format, style); err != nil {
		return answer{}, err
	}
	kind := map[string]string{"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}[format]
	return answer{Content: pack.New(kind, b.Bytes()), name: fileName(name, a) + "." + format}, nil
}

// fileName returns a figure's name for a download.
func fileName(name string, a plotAsk) string {
	return name + "-" + strings.Map(func(r rune) rune {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '-') {
			return r
		}
		return '-'
	}, a.name)
}

func (p *plots) refuse(w http.ResponseWriter, lang string, status int, err error) {
	w.Header().Set("Content-Language", lang)
	http.Error(w, problemText(lang, err), status)
}

// problemText returns what a reader is told about an error: its first Problem.
func problemText(lang string, err error) string {
	problem := problemOf(err)
	return text.In(lang).T("problem."+problem.ID, problem.Args)
}

// clip keeps what a reader is shown of their own words short.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
