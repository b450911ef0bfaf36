package web

import (
	"net/http"
	"strconv"

	"kvstep/sim/run"
	"kvstep/web/wire"
)

// weights serves one weight matrix of a model as a picture needs it: no step
// changes it, so the browser keeps it.
func weights(models *run.Library) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		m, err := models.Get(q.Get("model"))
		layer, err2 := strconv.Atoi(q.Get("layer"))
		if err != nil || err2 != nil {
			http.NotFound(w, r)
			return
		}
		data, ok := wire.Weights(m, layer, q.Get("op"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(data)
	}
}
