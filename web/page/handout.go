package page

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"strings"

	"kvstep/static"

	"github.com/a-h/templ"
)

// Stylesheets are the page's, in the order in which it joins them (files of package
// static): what all pages have, what panels share, and each panel's own.
func Stylesheets() []string {
	all := []string{"css/kvstep.css"}
	shared, err := fs.Glob(static.Files, "js/ui/*.css")
	if err != nil {
		panic(err) // the pattern is at fault
	}
	all = append(all, shared...)
	for _, p := range Panels() {
		own := "js/panel/" + p.ID + "/" + p.ID + ".css"
		if _, err := fs.Stat(static.Files, own); err == nil { // some have none
			all = append(all, own)
		}
	}
	return all
}

// HandoutData is what a handout is rendered from: everything it will ever show.
type HandoutData struct {
	HomeData
	Prompt, Model string
	Step          int // where it opens
	First, Last   int // of the steps that it holds
	CSS           string
	Early, Script string // classic scripts
	Frames        string // base64 of take.pack
}

// span names the steps that it holds.
func (d HandoutData) span() string {
	if d.Last < d.First {
		return "–"
	}
	return itoa(d.First) + "–" + itoa(d.Last)
}

// policy allows the handout's own style and scripts, by their hashes, pictures
// that it makes itself, and no request to anywhere.
func (d HandoutData) policy() string { return policyOf(d.CSS, d.Early, d.Script) }

// policyOf allows one style and scripts, pictures that these make, and nothing else.
func policyOf(css string, scripts ...string) string {
	var hashes strings.Builder
	for _, s := range scripts {
		hashes.WriteString(" " + hash(s))
	}
	return "default-src 'none'; script-src" + hashes.String() + "; style-src " + hash(css) +
		"; img-src data: blob:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// raw writes an element whose text a browser takes as it is written.
func raw(tag, attributes, content string) templ.Component {
	return templ.Raw("<" + tag + attributes + ">" + content + "</" + tag + ">")
}

// data writes a block that no browser runs.
func data(id, kind, content string) templ.Component {
	return raw("script", ` id="`+id+`" type="`+kind+`"`, strings.ReplaceAll(content, "</", `<\/`))
}
