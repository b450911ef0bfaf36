package browsertest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

//go:embed scan.js
var scan string

// scanned is what axe has looked at in this process, at some width: the same is not looked
// at again, whatever its words and numbers.
var scanned struct {
	sync.Mutex
	keys []string
}

// axe runs axe-core on what is new on the page, and looks at all its texts, whether they are whole, and at their colours in
// every theme; it fails on any violation. axe's own look at colours, half of its time, is for
// whole pages, and with KVSTEP_ALL=1 for parts too.
func (p *page) axe(where string) {
	p.t.Helper()
	scanned.Lock()
	known := slices.Clone(scanned.keys)
	scanned.Unlock()
	keys := p.axeBeside(where, known, os.Getenv("KVSTEP_ALL") != "")
	scanned.Lock()
	defer scanned.Unlock()
	scanned.keys = append(scanned.keys, keys...)
}

// axeWhole runs axe-core on the whole page, whatever is known of it, and looks at the colours.
func (p *page) axeWhole(where string) {
	p.t.Helper()
	_ = p.axeBeside(where, nil, true)
}

// axeBeside does so beside what is known, and returns the keys of what is new.
func (p *page) axeBeside(where string, known []string, colors bool) []string {
	p.t.Helper()
	p.whole(where)
	if !p.canScan() {
		return nil
	}
	p.js(`scrollTo(0, 0)`) // a target that has scrolled half under the sticky bar is not a small one
	for _, v := range p.pale() {
		p.t.Errorf("colours, %s: %s", where, v)
	}
	keys, err := json.Marshal(append([]string{}, known...))
	if err != nil {
		p.t.Fatal(err)
	}
	found := eval[struct{ Keys, Said []string }](p, fmt.Sprintf(`kvstepAxe(%s, %t)`, keys, colors))
	for _, v := range found.Said {
		p.t.Errorf("axe, %s: %s", where, v)
	}
	return found.Keys
}

// canScan puts axe-core into the page and reports whether it is there.
func (p *page) canScan() bool {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "static", "test", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("KVSTEP_BROWSER") == "require" {
			p.t.Fatal("axe-core is missing: run npm ci in static/test")
		}
		p.t.Log("axe-core is not installed: accessibility not checked")
		return false
	}
	if !eval[bool](p, `!!window.axe`) {
		p.js(string(source))
		p.js(scan)
	}
	return true
}

// pale returns the texts that are too pale in some theme.
func (p *page) pale() []string {
	p.t.Helper()
	found := eval[struct {
		Texts int
		Said  []string
	}](p, `kvstepColors(["light", "dark", "projector"])`)
	if found.Texts == 0 {
		p.t.Error("no text has a colour")
	}
	return found.Said
}

// TestColorsAreSeen: a text that is too pale in one theme alone is found in whatever theme the
// page is; by a colour of its own, a veil, what is below it, or a variable; what axe finds in
// the theme of the page is found too.
func TestColorsAreSeen(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	if !p.canScan() {
		t.Skip("no axe-core")
	}
	if said := p.pale(); len(said) > 0 {
		t.Fatalf("as it is: %v", said)
	}
	p.js(`window.faults = new CSSStyleSheet(); document.adoptedStyleSheets = [faults]`)
	themes := []string{"light", "dark", "projector"}
	for i, theme := range themes {
		for j, fault := range []string{
			` [data-testid=sentence] { color: #999; background: #aaa }`,
			` [data-testid=sentence] { opacity: 0.2 }`,
			` body * { background: none } [data-theme] body { background: #777 } [data-theme] [data-testid=sentence] { color: #888 }`,
			`[data-theme] { --muted: var(--line); --ink: var(--line) }`,
		} {
			rule := fmt.Sprintf(`[data-theme="%s"]`, theme) + strings.ReplaceAll(fault, "} [data-theme]", fmt.Sprintf(`} [data-theme="%s"]`, theme))
			at := themes[(i+j)%3] // the page's own, and others
			p.theme(at)
			p.js(fmt.Sprintf(`faults.replaceSync(%q)`, rule))
			if said := p.pale(); len(said) == 0 || !strings.HasPrefix(said[0], theme+": ") {
				t.Errorf("on a page in %s, %s: %v", at, rule, said)
			}
			if at == theme && !eval[bool](p, `axe.run("[data-testid=sentence]", {runOnly: ["color-contrast"], preload: false}).then((r) => r.violations.length > 0)`) {
				t.Errorf("axe does not see %s", rule)
			}
			p.js(`faults.replaceSync("")`)
		}
	}
	p.clean()
}

// TestAxeLooksOnce: what is known is not looked at again; what is new is, wherever it stands.
func TestAxeLooksOnce(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	if !p.canScan() {
		t.Skip("no axe-core")
	}
	type looked struct {
		Keys, Said []string
		Parts      int
	}
	look := func(keys []string) looked {
		data, err := json.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		return eval[looked](p, fmt.Sprintf(`kvstepAxe(%s, false)`, data))
	}
	first := look([]string{})
	if first.Parts != 1 || len(first.Said) > 0 || len(first.Keys) < 50 {
		t.Fatalf("first: %d parts, %d keys, %v", first.Parts, len(first.Keys), first.Said)
	}
	if again := look(first.Keys); again.Parts != 0 || len(again.Keys) > 0 {
		t.Errorf("again: %+v", again)
	}
	p.click("lang-zh")
	p.until(`document.documentElement.lang === "zh-Hans"`)
	if zh := look(first.Keys); zh.Parts > 3 {
		t.Errorf("in Chinese %d parts are new", zh.Parts)
	}
	for _, fault := range []string{`button`, `textarea`, `img`} { // without a name
		p.js(fmt.Sprintf(`window.fault = document.createElement(%q); document.querySelector("[data-testid=sentence]").after(fault)`, fault))
		if found := look(first.Keys); len(found.Said) == 0 {
			t.Errorf("%s is not seen in %d new parts", fault, found.Parts)
		}
		p.js(`fault.remove()`)
	}
}
