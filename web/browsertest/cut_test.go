package browsertest

import (
	_ "embed"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed cut.js
var cutScript string

// whole fails on every text that is cut where the page stands.
func (p *page) whole(where string) {
	p.t.Helper()
	if !eval[bool](p, `!!window.kvstepCut`) {
		p.js(cutScript)
	}
	for _, v := range eval[[]string](p, `kvstepCut()`) {
		p.t.Errorf("cut, %s: %s", where, v)
	}
}

// windowsWide are those in which every text is looked at, from a small phone to a large screen.
var windowsWide = [][2]int64{{360, 640}, {390, 844}, {768, 1024}, {1024, 768}, {1280, 720}, {1440, 900}, {1920, 1080}}

// TestNothingIsCut: in every view, at every width and in both languages people can read all of every text.
func TestNothingIsCut(t *testing.T) {
	t.Parallel()
	p := open(t, "/")
	more := append([]struct{ name, path, script string }{
		{"decode", "/?new=6&step=9", ""},
		{"draft", "/?new=6&step=11&draft=story", ""},
		{"window", "/?new=6&step=20&cache=window:4:1", ""},
		{"lesson", "/?lesson=decode", ""},
	}, views...)
	for i, v := range more {
		for j, lang := range []string{"en", "zh"} {
			if v.path == "" || os.Getenv("KVSTEP_ALL") == "" && i%2 != j { // each view in a language, all of them together
				continue
			}
			p.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(p.base+v.path+"&lang="+lang))
			if v.name == "plots" {
				p.drawn()
			} else {
				p.until(fmt.Sprintf(`window.kvstepFrame?.() && [null, String(kvstepFrame().meta.step?.n)].includes(new URLSearchParams(%q).get("step"))`, v.path[1:]))
			}
			if v.script != "" {
				p.js(v.script)
			}
			for _, w := range windowsWide {
				if v.name == "presentation" && w[0] < 1024 { // nobody presents from a phone
					continue
				}
				p.do(chromedp.EmulateViewport(w[0], w[1]), chromedp.Sleep(150*time.Millisecond))
				p.painted()
				p.whole(fmt.Sprintf("%s, %s, %dx%d", v.name, lang, w[0], w[1]))
			}
		}
	}
}
