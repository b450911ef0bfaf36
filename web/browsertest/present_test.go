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

// clipped is what of the bars does not stand in its place: words over a bar, numbers out of the panel, lines that are cut.
const clipped = `(() => {
	const bad = [], panel = document.getElementById("bars").getBoundingClientRect();
	const end = (e) => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect(); };
	for (const lane of document.querySelectorAll("#bars .lane")) {
		const [name, bar, number] = ["lane-name", "bar", "bar + b"].map((c) => lane.querySelector("." + c));
		if (!lane.closest(".second") && bar.checkVisibility() && end(name).right > bar.getBoundingClientRect().left + 1) bad.push(name.textContent);
		if (end(number).right > panel.right) bad.push(number.textContent);
	}
	for (const e of document.querySelectorAll("#bars [data-ratio], #bars [data-other], #bars [data-equal]")) {
		const said = end(e), box = e.closest("p").getBoundingClientRect();
		if (said.bottom > box.bottom + 2 || said.right > box.right + 1) bad.push(e.textContent);
	}
	return bad;
})()`

// TestPresentationsFit: on three screens and in both languages nothing of the bars is cut, and before the first step,
// which a sentence says how to make, there are buttons to press.
func TestPresentationsFit(t *testing.T) {
	t.Parallel()
	p := newPage(t, serve(t))
	p.before(lettered)
	for _, size := range [][2]int64{{1280, 720}, {1920, 1080}, {1024, 768}} {
		for _, lang := range []string{"en", "zh"} {
			p.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(p.base+"/lab?lang="+lang))
			p.until(`!!window.kvstepFrame?.()`)
			p.at(-1)
			p.press("F")
			p.until(`!document.getElementById("present").hidden && getComputedStyle(document.getElementById("present")).opacity === "1"`)
			at := -1
			for _, do := range []string{"layer", "token", "token"} {
				p.js(fmt.Sprintf(`document.querySelector("#present [data-do=%s]").click()`, do))
				at = map[int]int{-1: 0, 0: stepsPerPass(t) - 1, stepsPerPass(t) - 1: 2*stepsPerPass(t) - 1}[at]
				p.at(at)
				if bad := eval[[]string](p, clipped); len(bad) > 0 {
					t.Errorf("%v %s, step %d: cut: %q", size, lang, at, bad)
				}
				if bad := eval[string](p, cut); bad != "" {
					t.Errorf("%v %s, step %d: the stage cuts %s", size, lang, at, bad)
				}
			}
			p.press("3") // how the token was chosen: with its table, and no larger than it is
			p.until(`document.querySelector(".brought table")?.checkVisibility()`)
			p.press("3")
			p.press(kb.Escape)
		}
	}
	p.clean()
}

// TestPresenting: one key fills the window with the picture, the bars, the sentence and the next token in letters
// for the back row; a clicker steps, digits bring panels up and take them away, Escape leaves.
func TestPresenting(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		p := newPage(t, serve(t))
		p.before(lettered)
		p.do(chromedp.EmulateViewport(1280, 720), chromedp.Navigate(p.base+"/lab?lang="+lang+"&step=20"))
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
