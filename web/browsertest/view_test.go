package browsertest

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// windows are those in which what matters is in view: a large laptop, one of 768 lines with a
// browser's own bars, a projector, a tablet, a phone.
var windows = [][2]int{{1440, 900}, {1366, 657}, {1280, 720}, {1024, 768}, {390, 844}}

var said = map[string]string{"en": "Sam gave a green book to Rosa. Rosa gave the book to Leo.", "zh": "小军把一本绿色的书给了小雪。小雪把书给了小龙。"}

const phone = 390 // pixels: there the next token may stand below the fold

// watchShifts collects every layout shift, those after a press too.
const watchShifts = `
	window.kvstepShifts = [];
	new PerformanceObserver((list) => {
		for (const e of list.getEntries())
			kvstepShifts.push(e.value.toFixed(5) + " " + e.sources.map((s) => (s.node?.id || s.node?.className || s.node?.nodeName) + " " + JSON.stringify([s.previousRect, s.currentRect])).join());
	}).observe({type: "layout-shift", buffered: false})`

// boxes are where the four things stand that are always in view, and whether they are wholly there.
const boxes = `(() => {
	const found = {}, bar = document.getElementById("transport").getBoundingClientRect();
	const end = bar.top > innerHeight / 2 ? bar.top : innerHeight; // on a phone it lies over the page's end
	for (const id of ["stage", "lanes", "sentence", "top"]) {
		const e = document.querySelector("[data-testid=" + id + "]"), r = e.getBoundingClientRect();
		found[id] = {Box: [r.left, r.top, r.width, r.height].map((x) => Math.round(x * 100) / 100).join(),
			In: r.width > 0 && r.height > 0 && r.top >= 0 && r.left >= 0 && r.bottom <= end + 0.5 && r.right <= innerWidth + 0.5};
	}
	return found;
})()`

// cut tells which matrices of the stage leave its box, and whether it scrolls.
const cut = `(() => {
	const stage = document.querySelector("[data-testid=stage]"), box = stage.getBoundingClientRect();
	const bad = [...stage.querySelectorAll(".plate canvas")].filter((c) => {
		const r = c.getBoundingClientRect();
		return r.width && (r.left < box.left - 1 || r.top < box.top - 1 || r.right > box.right + 1 || r.bottom > box.bottom + 1);
	}).map((c) => c.closest(".plate").dataset.op);
	const sentence = document.querySelector("[data-testid=sentence]");
	if (sentence.scrollHeight > sentence.clientHeight + 1) bad.push("the sentence: " + sentence.textContent);
	if (stage.scrollWidth > stage.clientWidth + 1 || stage.scrollHeight > stage.clientHeight + 1) bad.push("scrolls");
	return bad.join();
})()`

// stands is where each matrix begins, how wide it is, and where what is written beside it stands.
const stands = `(() => {
	const found = {};
	for (const plate of document.querySelectorAll("[data-testid=stage] .plate:not([hidden])")) {
		const {op, lane} = plate.dataset, box = plate.querySelector("canvas").getBoundingClientRect();
		const said = plate.querySelector("figcaption").getBoundingClientRect();
		const rows = op === "K" || op === "V" || lane === "uncached" ? box.top : box.bottom;
		found[lane + " " + op] = [box.left, box.width, rows, op === "out" ? said.right : op === "V" ? 0 : said.left, said.top].map(Math.round).join();
	}
	return found;
})()`

// reached are the controls that are in the window, those that a pointer alone can press too; a list of choices, which is
// one stop of Tab, is one.
const reached = `[...document.querySelectorAll("button, a[href], input, select, textarea, summary, [role=slider], [role=button], [role=link], [role=option], [contenteditable], [tabindex]:not([tabindex='-1'])")].filter((e) => {
	const r = e.getBoundingClientRect();
	return e.checkVisibility({visibilityProperty: true}) && r.width > 1 && r.height > 1 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth;
}).filter((e, i, all) => e.role !== "option" || !all.slice(0, i).some((other) => other.role === "option" && other.parentElement === e.parentElement)).map((e) => e.dataset.testid || e.id || e.textContent.trim().slice(0, 20))`

// stops are the Tab stops before the stage.
const stops = `(() => {
	const stage = document.querySelector("[data-testid=stage]"), groups = new Set();
	return [...document.querySelectorAll("button, a[href], input, select, textarea, summary, [tabindex]")].filter((e) => {
		if (e.tabIndex < 0 || e.disabled || !e.checkVisibility({visibilityProperty: true})) return false;
		if (!(stage.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)) return false;
		if (e.type !== "radio") return true;
		const seen = groups.has(e.name); // a group of radio buttons is one stop
		groups.add(e.name);
		return !seen;
	}).length;
})()`

// TestWhatMattersIsInView: at every size, in both languages and all themes the stage with both lanes, the bars, the
// sentence and the next token are in the window after every press, at the same place, and nothing shifts.
func TestWhatMattersIsInView(t *testing.T) {
	type look struct {
		size  [2]int
		lang  string
		theme string
	}
	var all []look
	for _, size := range windows {
		for _, lang := range []string{"en", "zh"} {
			for _, theme := range []string{"light", "dark", "projector"} {
				all = append(all, look{size, lang, theme})
			}
		}
	}
	if os.Getenv("KVSTEP_ALL") == "" { // each size once, with a language and a theme of today
		r := rand.New(rand.NewPCG(uint64(time.Now().YearDay()), 17))
		var some []look
		for i := range windows {
			some = append(some, all[6*i+r.IntN(6)])
		}
		all = some
	}
	p := open(t, "/lab?lang=en")
	perPass := stepsPerPass(t)
	for _, l := range all {
		name := fmt.Sprintf("%dx%d %s %s", l.size[0], l.size[1], l.lang, l.theme)
		p.do(chromedp.EmulateViewport(int64(l.size[0]), int64(l.size[1])))
		p.js(fmt.Sprintf(`localStorage.setItem("kvstep-theme", %q)`, l.theme))
		p.do(chromedp.Navigate(p.base + "/lab?lang=" + l.lang + "&prompt=" + url.QueryEscape(said[l.lang])))
		p.until(`!!window.kvstepFrame?.()`)
		p.at(-1)
		p.until(`document.fonts.status === "loaded"`)
		if n := eval[[]string](p, reached); len(n) > 12 {
			t.Errorf("%s: %d controls in view before the first press: %v", name, len(n), n)
		}
		if n := eval[int](p, stops); n > 15 {
			t.Errorf("%s: %d stops of Tab before the stage", name, n)
		}
		p.js(watchShifts)
		before := eval[map[string]struct {
			Box string
			In  bool
		}](p, boxes)
		at := -1
		look := func() {
			t.Helper()
			p.at(at)
			now := eval[map[string]struct {
				Box string
				In  bool
			}](p, boxes)
			for id, b := range now {
				if !b.In && !(id == "top" && l.size[0] == phone) {
					t.Errorf("%s, step %d: %s is not in view: %s", name, at, id, b.Box)
				}
				if b.Box != before[id].Box {
					t.Errorf("%s, step %d: %s moves from %s to %s", name, at, id, before[id].Box, b.Box)
				}
			}
			if bad := eval[string](p, cut); bad != "" {
				t.Errorf("%s, step %d: the stage cuts %s", name, at, bad)
			}
			before = now
			if n := eval[[]string](p, reached); len(n) > 25 {
				t.Errorf("%s, step %d: %d controls: %v", name, at, len(n), n)
			}
		}
		press := func(do string, to int) {
			t.Helper()
			p.js(fmt.Sprintf(`document.querySelector("#transport [data-do=%s]").click()`, do))
			at = to
			look()
		}
		press("layer", 0)
		last := eval[int](p, `window.kvstepFrame().meta.run.length`) - 1
		stood := eval[map[string]string](p, stands)
		for to := perPass - 1; to <= last && !t.Failed(); to += perPass {
			press("token", to)
			for name, now := range eval[map[string]string](p, stands) {
				if now != stood[name] {
					t.Errorf("%dx%d %s %s, step %d: %s moves from %s to %s", l.size[0], l.size[1], l.lang, l.theme, to, name, stood[name], now)
				}
			}
			if to == 2*perPass-1 { // inside the pass after it
				for range 2 {
					press("layer", at+1)
				}
			}
			if eval[bool](p, `!!window.kvstepFrame().meta.run.ended`) {
				break
			}
		}
		for _, s := range eval[[]string](p, `kvstepShifts`) {
			t.Errorf("%s: %.400s shifts", name, s)
		}
	}
	p.clean()
}

// TestLegendIsThatOfTheStep: the legend beside the picture names the patterns that are drawn, those alone.
func TestLegendIsThatOfTheStep(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en")
	seen := map[string]bool{}
	for _, at := range []struct {
		link string
		step int
	}{{"", 0}, {"", 14}, {"&cache=window:6", 20}, {"&op=scores", 14}} {
		p.do(chromedp.Navigate(fmt.Sprintf("%s/lab?lang=en&step=%d%s", base, at.step, at.link)))
		p.until(fmt.Sprintf(`window.kvstepFrame?.()?.meta.step?.n === %d`, at.step))
		p.until(`[...document.querySelectorAll("[data-pattern]")].some((li) => !li.hidden)`)
		both := eval[[2]string](p, `import("/static/js/facts/patterns.js").then(({patterns}) => [[...patterns(window.kvstepFrame())].sort().join(),
			[...document.querySelectorAll("[data-pattern]")].filter((li) => !li.hidden).map((li) => li.dataset.pattern).sort().join()])`)
		if both[0] != both[1] || seen[both[0]] {
			t.Errorf("%s, step %d: drawn are %s, the legend names %s", at.link, at.step, both[0], both[1])
		}
		seen[both[0]] = true
	}
	p.clean()
}
