package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// lettered keeps how large every text on a canvas is drawn, and lets no window fill the screen,
// which a test has none of: the window is filled instead.
const lettered = `
	window.letters = [];
	const write = CanvasRenderingContext2D.prototype.fillText;
	CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
		letters.push([parseFloat(/([\d.]+)px/.exec(this.font)[1]), text, this.canvas]);
		return write.call(this, text, ...at);
	};
	Element.prototype.requestFullscreen = () => Promise.reject(new Error("refused"));`

// faint are the texts of the view that are written smaller than 18 pixels.
const faint = `[
	...[...document.querySelectorAll(".view *")].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && !e.closest("option, .spoken"))
		.filter((e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && parseFloat(getComputedStyle(e).fontSize) < 18)
		.map((e) => e.textContent.trim().slice(0, 20) + " " + getComputedStyle(e).fontSize),
	...letters.filter(([px, text, canvas]) => px < 18 && text.trim() && canvas.isConnected && canvas.checkVisibility()).map(([px, text]) => "drawn: " + text + " " + px),
]`

// TestPresenting: one key fills the window with the picture, the bars, the sentence and the next token in letters
// for the back row; a clicker steps, digits bring panels up and take them away, Escape leaves.
func TestPresenting(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		p := newPage(t, serve(t))
		p.before(lettered)
		p.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(p.base+"/?lang="+lang+"&step=20"))
		p.at(20)
		on := `document.documentElement.hasAttribute("data-present")`
		p.press("F")
		p.until(on + ` && !document.getElementById("present").hidden`)
		perPass := stepsPerPass(t) // 20 is in the fourth pass
		for _, by := range []struct {
			what     string
			up, down int
		}{{"layer", 19, 20}, {"token", 3*perPass - 1, 4*perPass - 1}} {
			p.js(fmt.Sprintf(`document.querySelector("[data-testid=present-clicker]").value = %q`, by.what))
			p.press(kb.PageUp)
			p.at(by.up)
			p.js(`letters.length = 0`)
			p.press(kb.PageDown)
			p.at(by.down)
			if eval[int](p, `letters.length`) == 0 {
				t.Fatal("nothing was drawn")
			}
			for _, text := range eval[[]string](p, faint) {
				t.Errorf("%s: too small for the back row: %s", lang, text)
			}
			for id, b := range eval[map[string]struct {
				Box string
				In  bool
			}](p, boxes) {
				if !b.In {
					t.Errorf("%s: %s is not in view: %s", lang, id, b.Box)
				}
			}
			if bad := eval[string](p, cut); bad != "" {
				t.Errorf("%s: the stage cuts %s", lang, bad)
			}
		}
		if seen := eval[[]string](p, `[...document.querySelectorAll("header > :not(h1), footer, #transport, #recipe, #cache, #ledger")].filter((e) => e.checkVisibility({visibilityProperty: true})).map((e) => e.id || e.tagName)`); len(seen) > 0 {
			t.Errorf("%s: beside the picture there is %q", lang, seen)
		}
		p.axe("presenting, " + lang)
		panels := eval[[]string](p, `[...document.querySelector("[data-testid=present-panel]").options].map((o) => o.value).slice(1)`)
		for i, id := range panels {
			is := fmt.Sprintf(`(() => { const e = document.getElementById(%q), r = e.getBoundingClientRect(); return e.checkVisibility({visibilityProperty: true}) && e.innerText.trim() !== "" && r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth && r.height > 100 })()`, id)
			for _, away := range []string{fmt.Sprint(i + 1), kb.Escape} {
				p.press(fmt.Sprint(i + 1))
				p.until(is)
				p.press(away)
				p.until(`!(` + is + `)`)
			}
			if !eval[bool](p, on) {
				t.Fatalf("%s: taking %s away ends the presentation", lang, id)
			}
		}
		p.press(kb.Escape)
		p.until(`!(` + on + `) && document.activeElement.id === "present-open" && document.querySelector("header .tools").checkVisibility()`)
		p.clean()
	}
}
