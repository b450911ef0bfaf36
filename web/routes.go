// Package web is the server: the only list of URLs, the headers that keep
// pages safe, and a graceful stop.
package web

import (
	"io/fs"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/static"
	"kvstep/web/bundle"
	"kvstep/web/live"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// routes is every URL there is.
func routes(models *run.Library, hub *live.Hub, version string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", home(models, version))
	mux.Handle("GET /static/", http.StripPrefix("/static/", files(static.Files)))
	mux.HandleFunc("GET /bundle/{file}", bundled())
	mux.HandleFunc("GET /text/{file}", catalogue)
	mux.HandleFunc("GET /weights", weights(models))
	mux.HandleFunc("GET /variants", variants(models))
	mux.Handle("GET /live", hub)
	mux.HandleFunc("GET /take/{kind}", takeaway(models, version, make(chan struct{}, maxTakes)))
	figures := newPlots(models, version)
	mux.HandleFunc("GET /plots", figures.show)
	mux.HandleFunc("GET /plot/{file}", figures.file)
	mux.HandleFunc("POST /plots/measure", figures.measure)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

// home renders the page with the recipe of its link already in the form, so
// that it reads well before any script has run.
func home(models *run.Library, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		link, err := wire.ParseLink(r.URL.RawQuery)
		if err != nil { // the socket will say what is wrong with it
			link = wire.Link{Recipe: recipe.Default()}
		}
		lang := link.Lang
		if lang == "" {
			lang = r.Header.Get("Accept-Language")
		}
		lang = text.Match(lang)
		data, err := pageData(models, link.Recipe, lang)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		data.Version, data.Plots = version, true
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Language", lang)
		w.Header().Add("Vary", "Accept-Language")
		_ = page.Home(data).Render(r.Context(), w)
	}
}

func pageData(models *run.Library, recipe sim.Recipe, lang string) (page.HomeData, error) {
	if !models.Waits(recipe.Model) { // else the page comes first, and shows how far the model is
		m, err := models.Get(recipe.Model)
		if err != nil {
			if m, err = models.Get(""); err != nil {
				return page.HomeData{}, err
			}
		}
		if recipe.Prompt == "" && len(recipe.Tokens) == 0 {
			recipe.Prompt = m.Default(lang).Prompt
		}
		recipe.Model = m.Name
	}
	data := page.HomeData{Lang: lang, Text: text.In(lang), Recipe: recipe}
	for _, name := range models.Names() {
		if c, world, err := models.Shape(name); err == nil { // large models stay closed until they are chosen
			data.Models = append(data.Models, page.ModelInfo{Name: name, Config: c})
			data.Worlds = addWorld(data.Worlds, name, world)
		}
	}
	return data, nil
}

// addWorld adds what a model knows to the worlds; models that know the same share one.
func addWorld(worlds []page.World, model string, known checkpoint.World) []page.World {
	if len(known.Prompts) == 0 {
		return worlds
	}
	for i, w := range worlds {
		if reflect.DeepEqual(w.Prompts, known.Prompts) {
			worlds[i].Models = append(w.Models, model)
			return worlds
		}
	}
	return append(worlds, page.World{Models: []string{model}, Prompts: known.Prompts, Words: known.Words})
}

func catalogue(w http.ResponseWriter, r *http.Request) {
	lang, ok := strings.CutSuffix(r.PathValue("file"), ".json")
	if !ok || text.Match(lang) != lang {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(text.JSON(lang))
}

// files serves embedded files, which have no modification time: the browser
// asks again each time, over loopback.
func files(fsys fs.FS) http.Handler {
	server := http.FileServerFS(fsys)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") || r.URL.Path == "" { // no listings
			http.NotFound(w, r)
			return
		}
		server.ServeHTTP(w, r)
	})
}

// bundled serves the page's modules and stylesheets, each joined to one file when it
// is first asked for; /static/ has them as they are written.
func bundled() http.HandlerFunc {
	script := sync.OnceValues(func() (string, error) { return bundle.Script(static.Files, "js/main.js") })
	styles := sync.OnceValues(func() (string, error) { return bundle.Styles(static.Files, page.Stylesheets...) })
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("file")
		join, ok := map[string]func() (string, error){"page.js": script, "page.css": styles}[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		content, err := join()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.ServeContent(w, r, name, time.Time{}, strings.NewReader(content))
	}
}

// csp lets the page use its own files and socket, and nothing else.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard refuses hosts that are not this server's own before any route sees
// them (a foreign name that resolves to loopback is DNS rebinding), and sets
// the headers of every answer.
func guard(hosts []string, next http.Handler) http.Handler {
	allowed := allowList(hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-cache")
		if !allowed[strings.ToLower(r.Host)] {
			http.Error(w, "this server does not answer to that Host", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func allowList(hosts []string) map[string]bool {
	allowed := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		allowed[strings.ToLower(h)] = true
	}
	return allowed
}

// hostsOf are the names under which a listener on loopback may be asked for.
func hostsOf(addr net.Addr) []string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return nil
	}
	hosts := []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port}
	if port == "80" { // browsers leave the default port out
		hosts = append(hosts, "localhost", "127.0.0.1", "[::1]")
	}
	return hosts
}
