package web

import (
	"net/http"

	"kvstep/web/wall"
)

// walled keeps a panic of one request where it happens: whoever asked is told, as JSON
// or, where a person reads the answer, in their words.
func walled(where string, tell func(w http.ResponseWriter, r *http.Request, err error), next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := &watched{ResponseWriter: w}
		err := wall.Try(where, "?"+r.URL.RawQuery, func() error {
			next(out, r)
			return nil
		})
		switch {
		case err == nil:
		case out.begun: // half an answer: it must not pass for a whole one
			panic(http.ErrAbortHandler)
		default:
			w.Header().Del("Content-Length")
			w.Header().Del("Content-Disposition")
			tell(w, r, err)
		}
	}
}

func tellJSON(w http.ResponseWriter, _ *http.Request, err error) {
	refuse(w, http.StatusInternalServerError, err)
}

func tellReader(w http.ResponseWriter, r *http.Request, err error) {
	tell(w, languageOf(r), http.StatusInternalServerError, err)
}

// tell answers a person with what is wrong, as a text.
func tell(w http.ResponseWriter, lang string, status int, err error) {
	w.Header().Set("Content-Language", lang)
	http.Error(w, problemText(lang, err), status)
}

// watched knows whether an answer has begun.
type watched struct {
	http.ResponseWriter
	begun bool
}

func (w *watched) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(data []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(data)
}

// Unwrap serves http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
