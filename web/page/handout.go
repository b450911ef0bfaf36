package page

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/a-h/templ"
)

// Stylesheets are the page's, in the order in which it links them (files of
// package static).
var Stylesheets = []string{
	"css/kvstep.css",
	"css/player.css",
	"css/ledger.css",
	"css/heads.css",
	"css/cache.css",
	"css/inside.css",
	"css/sampling.css",
	"css/policy.css",
	"css/speculation.css", "css/branches.css",
	"css/variants.css",
	"css/several.css",
	"css/held.css", "css/form.css",
	"css/phone.css", // last: it narrows what the others say
}

// HandoutData is what a handout is rendered from: everything it will ever show.
type HandoutData struct {
	HomeData
	Prompt, Model string
	Step          int // where it opens
	CSS           string
	Early, Script string // classic scripts
	Frames        string // base64 of take.pack
}

// policy allows the handout's own style and scripts, by their hashes, pictures
// that it makes itself, and no request to anywhere.
func (d HandoutData) policy() string {
	return "default-src 'none'; script-src " + hash(d.Early) + " " + hash(d.Script) + "; style-src " + hash(d.CSS) +
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
