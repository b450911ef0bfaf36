package web

import (
	"net/http"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web/pack"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// weights serves one weight matrix of a model as a picture needs it: no step
// changes it, so the browser keeps it, and asks whether it is the same.
func weights(models *library.Library) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		layer, err := strconv.Atoi(q.Get("layer"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		m, back, err := models.Borrow(q.Get("model"))
		if sim.Short(err) {
			w.Header().Set("Retry-After", "2")
			refuse(w, http.StatusServiceUnavailable, err)
			return
		}
		if err != nil {
			http.NotFound(w, r)
			return
		}
		var data []byte
		var ok bool
		err = wall.Try("weights", r.URL.RawQuery, func() error {
			data, ok = wire.Weights(m, layer, q.Get("op"))
			return nil
		})
		back() // before the answer, which may be long in coming
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache") // no step changes it; each asker passes the fence
		pack.New("application/octet-stream", data).Serve(w, r)
	}
}
