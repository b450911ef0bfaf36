// Package web is the server: the only list of URLs, the headers that keep
// pages safe, and a graceful stop.
package web

import (
	"bytes"
	"net/http"
	"reflect"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/static"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// route is one URL, and who may make a browser ask for it.
type route struct {
	pattern string
	who     reach
	handler http.Handler
}

// allRoutes returns every URL there is.
func allRoutes(models *library.Library, lessons *lesson.Case, hub http.Handler, version string, within limits.Limits) []route {
	figures := newPlots(models, version, within)
	return []route{
		{"GET /{$}", anyone, walled("page", tellReader, welcome(home(models, lessons, version)))},
		{"GET " + page.Lab, document, walled("page", tellReader, home(models, lessons, version))},
		{"GET /static/", anyone, http.StripPrefix("/static/", files(static.Files))},
		{"GET /bundle/{file}", anyone, http.HandlerFunc(serveLoad)},
		{"GET /text/{file}", anyone, http.HandlerFunc(serveLoad)},
		{"GET /weights", engine, walled("weights", tellJSON, weights(models))},
		{"GET /variants", engine, walled("variants", tellJSON, variants(models, within))},
		{"GET /lessons", anyone, lessonMenu(lessons)},
		{"GET /paper", engine, walled("paper", tellReader, newPapers(models, lessons, version, within).show)},
		{"GET /live", anyone, hub},
		{"GET /take/{kind}", engine, walled("export", tellJSON, exportFile(models, version, within, make(chan struct{}, within.Files)))},
		{"GET /plots", document, walled("plots", tellReader, figures.show)},
		{"GET /plot/{file}", engine, walled("plots", tellReader, figures.file)},
		{"POST /plots/measure", engine, walled("measurement", tellReader, figures.measure)},
		{"GET /healthz", anyone, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("ok\n"))
		})},
	}
}

// routes serves them, each behind its fence.
func routes(all []route) http.Handler {
	mux := http.NewServeMux()
	for _, r := range all {
		mux.Handle(r.pattern, fence(r.who, r.handler))
	}
	return mux
}

// languageOf returns the language that an answer has: the address names one, whatever else
// of it cannot be read, or the browser does.
func languageOf(r *http.Request) string {
	return text.Match(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
}

// welcome is the address without a run, which shows the first minute to who has never been here
// (static/js/early.js). One that says what to run, or where to look, is the workbench's.
func welcome(home http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said := r.URL.Query()
		if said.Del("lang"); len(said) > 0 {
			http.Redirect(w, r, page.Lab+"?"+r.URL.RawQuery, http.StatusFound)
			return
		}
		home.ServeHTTP(w, r)
	}
}

// home renders the page with the recipe of its link already in the form, so
// that it reads well before any script has run.
func home(models *library.Library, lessons *lesson.Case, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		link, err := wire.ParseLink(r.URL.RawQuery)
		if !wire.Holds(err) { // the socket will say what is wrong with it
			link = wire.Link{Recipe: recipe.Default()}
		}
		lang := languageOf(r)
		data, err := pageData(models, link.Recipe, lang)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		data.Version, data.Files = version, addresses()
		if r.URL.Path != page.Lab || link.View.Lesson != "" {
			data.First = lessons.Shelf().First(link.View.Lesson)
		}
		var b bytes.Buffer
		if err := page.Home(data).Render(r.Context(), &b); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		spoken(w, lang)
		pack.New(htmlKind, b.Bytes()).Serve(w, r)
	}
}

const htmlKind = "text/html; charset=utf-8"

// spoken says which language an answer is in, where another browser is answered in another.
func spoken(w http.ResponseWriter, lang string) {
	w.Header().Set("Content-Language", lang)
	w.Header().Add("Vary", "Accept-Language")
}

func pageData(models *library.Library, recipe sim.Recipe, lang string) (page.HomeData, error) {
	if !models.Waits(recipe.Model) { // else the page comes first, and shows how far the model is
		m, err := models.Get(recipe.Model)
		if err != nil {
			if m, err = models.Get(""); err != nil {
				return page.HomeData{}, err
			}
		}
		recipe = m.Filled(recipe, lang)
		recipe.Model = m.Name
	}
	data := page.HomeData{Lang: lang, Text: text.In(lang), Recipe: recipe}
	for _, name := range models.Names() {
		if c, known, err := models.Shape(name); err == nil { // large models stay closed until they are chosen
			data.Models = append(data.Models, page.ModelInfo{Name: name, Config: c})
			data.TrainingSets = addTrainingSet(data.TrainingSets, name, known)
		}
	}
	return data, nil
}

// addTrainingSet adds the training set of a model to sets; models that have the same share one.
func addTrainingSet(sets []page.TrainingSet, model string, known checkpoint.TrainingSet) []page.TrainingSet {
	if len(known.Prompts) == 0 {
		return sets
	}
	for i, w := range sets {
		if reflect.DeepEqual(w.Prompts, known.Prompts) {
			sets[i].Models = append(w.Models, model)
			return sets
		}
	}
	return append(sets, page.TrainingSet{Models: []string{model}, Prompts: known.Prompts, Open: known.Open, Words: known.Words})
}
