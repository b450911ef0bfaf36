package web

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"kvstep/docs"
	"kvstep/static"
	"kvstep/web/bundle"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
)

// load is a file that pages load beside their own HTML. It is made when it is first asked
// for, once in a process.
type load struct {
	at   string // the folder of its address
	make func() (pack.Content, error)
}

// loads are all of them, by name; /static/ has what they are made of.
var loads = map[string]load{
	"page.js": joined("page.js", func() (string, error) { s, err := scripts(); return s[0], err }),
	// The panels that nobody needs before the first step.
	"later.js": joined("later.js", func() (string, error) { s, err := scripts(); return s[1], err }),
	"page.css": joined("page.css", func() (string, error) { return bundle.Styles(static.Files, page.Stylesheets()...) }),
	"plots.js": joined("plots.js", func() (string, error) { return bundle.Script(static.Files, "js/plots.js") }),
	"plots.css": joined("plots.css", func() (string, error) {
		return bundle.Styles(static.Files, "css/kvstep.css", "css/plots.css", "js/ui/refusal.css", "js/ui/touch.css")
	}),
	"waits.css":   joined("waits.css", func() (string, error) { return bundle.Styles(static.Files, "css/kvstep.css") }),
	"early.js":    joined("early.js", func() (string, error) { return bundle.Script(static.Files, "js/early.js") }),
	"favicon.svg": joined("favicon.svg", func() (string, error) { return read("favicon.svg") }),
	"en.json":     catalogue("en"),
	"zh.json":     catalogue("zh"),
	// Cards of the glossary are asked for when somebody asks for one.
	"terms-en.json": glossary("en"),
	"terms-zh.json": glossary("zh"),
}

// scripts are both of the page's: what it begins with, and what it asks for when a step can be pressed.
var scripts = sync.OnceValues(func() ([2]string, error) {
	first, later, err := bundle.Scripts(static.Files, "js/main.js", "js/later.js")
	return [2]string{first, later}, err
})

// joined is a load that is made of files of package static.
func joined(name string, join func() (string, error)) load {
	return load{"/bundle/", sync.OnceValues(func() (pack.Content, error) {
		s, err := join()
		return pack.Kept(kindOf(name), []byte(s)), err
	})}
}

// catalogue is what pages say in a language.
func catalogue(lang string) load {
	return load{"/text/", sync.OnceValues(func() (pack.Content, error) {
		data, err := text.ForPages(lang)
		return pack.Kept("application/json; charset=utf-8", data), err
	})}
}

// glossary is the cards of the glossary in a language.
func glossary(lang string) load {
	return load{"/text/", sync.OnceValues(func() (pack.Content, error) {
		data, err := docs.Cards(lang)
		return pack.Kept("application/json; charset=utf-8", data), err
	})}
}

// Ready makes and codes what a first visit loads, so that nobody waits for it: about a second of one core.
func Ready() {
	for _, name := range []string{"page.js", "later.js", "page.css", "en.json", "zh.json", "early.js"} {
		if c, err := loads[name].make(); err == nil { // what cannot be made is told to who asks
			c.Ready()
		}
	}
}

func read(name string) (string, error) {
	data, err := fs.ReadFile(static.Files, name)
	return string(data), err
}

// kindOf returns the media type of a file's name.
func kindOf(name string) string {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "text/plain; charset=utf-8"
}

// address returns where a load is: under a name that says what is in it, so that a browser
// that has it never asks again. What cannot be made says why under its plain name.
func (l load) address(name string) string {
	c, err := l.make()
	if err != nil {
		return l.at + name
	}
	stem, ext, _ := strings.Cut(name, ".")
	return l.at + stem + "." + c.Tag() + "." + ext
}

// addresses returns those of all loads, by name.
var addresses = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for name, l := range loads {
		all[name] = l.address(name)
	}
	return all
})

// serveLoad serves the loads of a folder: by name, or by name and content. A page that is
// older than the server asks for other content, and gets today's, which is not its to keep.
func serveLoad(w http.ResponseWriter, r *http.Request) {
	name, tag := r.PathValue("file"), ""
	if parts := strings.Split(name, "."); len(parts) == 3 {
		name, tag = parts[0]+"."+parts[2], parts[1]
	}
	l, ok := loads[name]
	if !ok || !strings.HasPrefix(r.URL.Path, l.at) {
		http.NotFound(w, r)
		return
	}
	c, err := l.make()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if tag == c.Tag() {
		w.Header().Set("Cache-Control", pack.Forever)
	}
	c.Serve(w, r)
}

// files serves embedded files as they are written. They have no modification time: the
// browser asks again each time, and is told by their names (ETag) that they are the same.
func files(fsys fs.FS) http.HandlerFunc {
	var known sync.Map // path -> pack.Content
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path
		c, ok := known.Load(name)
		if !ok {
			data, err := fs.ReadFile(fsys, name) // a folder is none: no listings
			if err != nil {
				http.NotFound(w, r)
				return
			}
			c, _ = known.LoadOrStore(name, pack.New(kindOf(name), data))
		}
		c.(pack.Content).Serve(w, r)
	}
}
