package web

import (
	"errors"
	"net/http"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/run"
	"kvstep/web/take"
	"kvstep/web/wire"
)

// maxTakes files are made at once: each may keep a core busy for take.Wait.
const maxTakes = 2

// takeaway serves /take/KIND?LINK&to=N: a file of the run that a link names.
// A refusal is the same JSON as a problem on the socket. free has as many places
// as files may be made at once.
func takeaway(models *run.Library, version string, free chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !ownPage(r) { // a foreign page may not make this machine compute
			http.Error(w, "this file is for pages of this server", http.StatusForbidden)
			return
		}
		kind := r.PathValue("kind")
		var f *take.File
		var err error
		switch kind {
		case "qr":
			f, err = take.QR("http://" + r.Host + "/?" + r.URL.RawQuery)
		case "jsonl", "safetensors", "csv", "html", "schedules":
			select {
			case free <- struct{}{}:
				defer func() { <-free }()
				f, err = fileOf(r, models, kind, version)
			default:
				w.Header().Set("Retry-After", "2")
				refuse(w, http.StatusServiceUnavailable, sim.NewProblem("take.busy"))
				return
			}
		default:
			http.NotFound(w, r)
			return
		}
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.Type)
		h.Set("Content-Length", strconv.Itoa(len(f.Data)))
		if kind != "qr" && kind != "schedules" { // a picture and a table on the page; everything else is a download
			h.Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
		}
		_, _ = w.Write(f.Data)
	}
}

func fileOf(r *http.Request, models *run.Library, kind, version string) (*take.File, error) {
	q, err := take.Parse(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	return take.Make(r.Context(), models, kind, q, version)
}

// ownPage tells whether a request comes from a page of this server, or from no
// page at all (the address bar, a command). Browsers say which in Sec-Fetch-Site.
func ownPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	origin := r.Header.Get("Origin")
	return (site == "" || site == "same-origin" || site == "none") && (origin == "" || origin == "http://"+r.Host)
}

func refuse(w http.ResponseWriter, status int, err error) {
	var p *sim.Problem
	if !errors.As(err, &p) {
		p = sim.NewProblem("internal", "Why", err.Error()).Because(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(wire.ProblemMessage(p))
}
