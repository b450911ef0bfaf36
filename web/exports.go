package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/web/export"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// onPage are the kinds that a page shows.
var onPage = []string{"qr", "schedules", "sizes"}

// exportFile serves /take/KIND?LINK&to=N: a file of the run that a link names.
// A refusal is the same JSON as a problem on the socket. free has as many places
// as files may be made at once; one that is made is written without its place.
func exportFile(models *library.Library, version string, within limits.Limits, free chan struct{}) http.HandlerFunc {
	out := newOutbox(int(within.Unread))
	return func(w http.ResponseWriter, r *http.Request) {
		kind := r.PathValue("kind")
		var f *export.File
		var err error
		coding := pack.Accepted(r.Header["Accept-Encoding"])
		switch kind {
		case "qr":
			f, err = qrOf(r)
			coding = packed(f, coding)
		case "sizes":
			f, err = sizesOf(r, models, within)
			coding = pack.Identity // a few words
		case "jsonl", "safetensors", "csv", "html", "schedules":
			f, coding, err = fileOf(r, models, kind, version, within, coding, free)
		default:
			http.NotFound(w, r)
			return
		}
		if err == nil {
			err = out.send(w, f.Data, func() {
				h := w.Header()
				h.Set("Content-Type", f.Type)
				h.Add("Vary", "Accept-Encoding")
				if coding != pack.Identity {
					h.Set("Content-Encoding", string(coding))
				}
				h.Set("Content-Length", strconv.Itoa(len(f.Data)))
				if !slices.Contains(onPage, kind) { // everything else is a download
					h.Set("Content-Disposition", attachment(f.Name))
				}
			})
		}
		if err != nil {
			refuse(w, statusOf(w, err), err)
		}
	}
}

// attachment returns the header of a download: its name, and for programs that know no other
// letters the plain ones of it (RFC 6266).
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return -1
	}, name)
	for strings.Contains(plain, "--") {
		plain = strings.ReplaceAll(plain, "--", "-")
	}
	header := `attachment; filename="` + plain + `"`
	if plain != name {
		header += "; filename*=UTF-8''" + url.PathEscape(name)
	}
	return header
}

// qrOf returns the code of a link, of what a link can say and nothing else.
func qrOf(r *http.Request) (*export.File, error) {
	link, err := wire.ParseLink(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	return export.QR("http://" + r.Host + page.Lab + link.Query())
}

// sizesOf returns how large the files of a run will be, which runs nothing.
func sizesOf(r *http.Request, models *library.Library, within limits.Limits) (*export.File, error) {
	q, err := export.Parse(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	sizes, err := export.Sizes(r.Context(), models, q, within)
	return &export.File{Type: "application/json; charset=utf-8", Data: plain.JSON(sizes)}, err
}

// packed puts a file's data into a coding, and returns the one that they are in then. What
// lies ready for somebody who may not read it is only what is sent.
func packed(f *export.File, coding pack.Coding) pack.Coding {
	if f == nil || coding == pack.Identity {
		return pack.Identity
	}
	data := pack.Encode(coding, f.Data)
	if data == nil {
		return pack.Identity
	}
	f.Data = data
	return coding
}

// fileOf makes a file in a coding, in one of the places that there are for it.
func fileOf(
	r *http.Request, models *library.Library, kind, version string, within limits.Limits, coding pack.Coding,
	free chan struct{},
) (f *export.File, _ pack.Coding, err error) {
	q, err := export.Parse(r.URL.RawQuery)
	if err != nil {
		return nil, "", err
	}
	select {
	case free <- struct{}{}:
		defer func() { <-free }()
	default:
		return nil, "", sim.NewProblem("take.busy")
	}
	err = wall.Try("export", q.Link.Query(), func() error {
		if f, err = export.Make(r.Context(), models, kind, q, version, within); err == nil {
			coding = packed(f, coding)
		}
		return err
	})
	return f, coding, err
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(wire.ProblemMessage(problemOf(err)))
}
