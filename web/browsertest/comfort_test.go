package browsertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web"
	"kvstep/web/limits"
)

// TestHelpListsEveryKey: the help dialog names the keys that work, no more and
// no fewer, and none that a browser wants for itself.
func TestHelpListsEveryKey(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=3&prompt=Mia+has+three+apples.")
	works := eval[[]string](p, `import("/static/js/panel/transport/index.js").then((m) => Object.keys(m.KEYS))`)
	works = append(works, "F") // a presentation has its own, this one to begin
	p.press("?")
	p.until(`document.getElementById("help").open`)
	said := eval[[]string](p, `[...document.querySelectorAll(".key-groups section")].slice(0, 2).flatMap((s) => [...s.querySelectorAll("kbd")].map((k) => k.textContent))`)
	names := map[string]string{"→": "ArrowRight", "←": "ArrowLeft", "↑": "ArrowUp", "↓": "ArrowDown"}
	for i, key := range said {
		if name, ok := names[key]; ok {
			said[i] = name
		}
		said[i] = strings.TrimPrefix(said[i], "Shift+")
	}
	slices.Sort(works)
	slices.Sort(said)
	if !slices.Equal(works, said) {
		t.Errorf("keys %q work, the help lists %q", works, said)
	}
	for _, key := range works {
		if len(key) > 1 && !strings.HasPrefix(key, "Arrow") || key == "/" || key == "'" || key == " " {
			t.Errorf("%q belongs to the browser", key)
		}
	}
	for _, lang := range []string{"en", "zh"} {
		if n := eval[int](p, `[...document.querySelectorAll(".key-groups dd")].filter((d) => d.textContent.trim().length < 2).length`); n > 0 {
			t.Errorf("%s: %d keys without a word", lang, n)
		}
		p.js(`document.querySelector("[data-testid=lang-zh]").click()`)
		p.until(`document.documentElement.lang === "zh-Hans"`)
	}
	p.press(kb.Escape)
	p.until(`!document.getElementById("help").open`)
	p.clean()
}

// TestARunWithoutAMouse types a prompt, walks the whole run, changes layer and
// head, sets a bookmark and a breakpoint, opens a table and saves a file, with
// keys alone.
func TestARunWithoutAMouse(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=3&prompt=x")
	tabTo := func(condition string) {
		t.Helper()
		for range 80 {
			p.press(kb.Tab)
			if eval[bool](p, `Boolean((() => { const e = document.activeElement; return `+condition+` })())`) {
				return
			}
		}
		t.Fatalf("Tab never comes to %s", condition)
	}
	tabTo(`e.id === "recipe-open"`)
	p.press(kb.Enter)
	tabTo(`e.name === "prompt"`)
	p.press(kb.Delete)
	p.do(chromedp.KeyEvent("Mia has three apples."))
	p.press(kb.Delete)
	p.until(`document.querySelector("[data-testid=prompt]").value.includes("Mia has three apples.")`)
	p.js(`document.querySelector("[data-testid=prompt]").setSelectionRange(0, 0)`)
	for range 2 { // whatever of the old prompt stands before or after
		p.press(kb.End)
		p.press(kb.Backspace)
		p.press(".")
	}
	prompt := eval[string](p, `document.querySelector("[data-testid=prompt]").value`)
	p.press(kb.Enter)
	all := steps(t, sim.Recipe{Prompt: prompt, MaxNew: 3})
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.prompt === %q && window.kvstepFrame().meta.step === null`, prompt))
	tabTo(`e.dataset.testid === "do-layer"`)
	for n := range all {
		p.press(kb.ArrowRight)
		p.compare(&all[n])
	}
	if s := p.text("sentence"); !strings.Contains(s, "maximum") {
		t.Errorf("at the end: %q", s)
	}
	for n := len(all) - 2; n >= len(all)-8; n-- {
		p.press(kb.ArrowLeft)
		p.compare(&all[n])
	}
	here := len(all) - 8
	p.press("h")
	p.until(`window.kvstepFrame().meta.pick.head === 1`)
	p.press("l")
	p.press("l")
	p.until(`!window.kvstepFrame().meta.pick.follow`)
	p.press("f")
	p.until(`window.kvstepFrame().meta.pick.follow`)
	p.press("b")
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.marks?.join() === "%d"`, here))
	p.press("r")
	p.at(-1)
	p.press("k")
	p.until(`document.activeElement.name === "kind"`)
	p.press(kb.ArrowDown) // when a layer is done
	tabTo(`e.name === "layer"`)
	p.press(kb.ArrowDown) // the second
	tabTo(`e.dataset.testid === "break-add"`)
	p.press(kb.Enter)
	p.until(`window.kvstepFrame().meta.breaks?.points.join() === "layer:1"`)
	p.press(kb.Escape)
	p.until(`!document.getElementById("breaks").open && document.activeElement.tagName === "SUMMARY"`)
	p.press("e")
	p.at(1)
	p.until(`!document.getElementById("why").hidden`)
	p.press("n")
	p.at(here)
	tabTo(`e.tagName === "SUMMARY" && e.closest("#table")`)
	p.press(kb.Enter)
	p.until(`document.querySelectorAll("#table td").length > 5`)
	p.press("?")
	p.until(`document.getElementById("help").open`)
	p.press(kb.Escape)
	p.until(`!document.getElementById("help").open`)
	p.press("x")
	p.until(`document.activeElement.dataset.take === "link"`)
	p.press(kb.Escape)
	p.clean()
}

// place is where a person is: everything that must not be lost.
const place = `(() => {
	const f = window.kvstepFrame();
	const sum = (x) => { let h = 0; for (const v of x) h = (h * 31 + Math.round(v * 4096)) % 1000000007; return h; };
	return JSON.stringify({
		n: f.meta.step?.n, pick: [f.meta.pick.layer, f.meta.pick.head, f.meta.pick.follow], marks: f.meta.marks, breaks: f.meta.breaks,
		cell: f.meta.cell, tokens: f.meta.tokens, top: f.meta.top, text: f.meta.text, kv: f.meta.kv,
		flops: [...document.querySelectorAll("[data-flops]")].map((e) => e.dataset.value),
		open: [...document.querySelectorAll("details[open]")].map((e) => e.id || e.dataset.testid).sort(),
		tensors: Object.entries(f.tensors).filter(([name]) => !name.startsWith("history")).map(([name, t]) => [name, t.shape, sum(t.data)]).sort(),
		readout: document.getElementById("readout-value").textContent,
	});
})()`

// settle waits until what was asked for has come and the address follows.
func (p *page) settle() {
	p.t.Helper()
	p.until(`document.getElementById("readout-value").dataset.exact === "true"`)
	time.Sleep(500 * time.Millisecond)
}

// TestTheSameMomentComesBack: after a reload, in a second window and after the
// server was gone, step, selection, open panels and every digit are as before.
func TestTheSameMomentComesBack(t *testing.T) {
	t.Parallel()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	serve := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		listener := l
		go func() { done <- web.Serve(ctx, listener, library.New(), web.Lessons(), "test", limits.Default()) }()
		return func() { cancel(); <-done }
	}
	stop := serve()
	p := openOn(t, "http://"+addr, "/lab?lang=zh&new=5&prompt=Mia+has+three+apples.&step=14&layer=3&head=2&cell=probs.0.2&break=top,layer:1&mark=3,14")
	p.at(14)
	p.js(`document.querySelector("#all-heads summary").click()`)
	p.until(`window.kvstepFrame().meta.history && window.kvstepFrame().meta.heads`)
	p.settle()
	before := eval[string](p, place)
	if !strings.Contains(before, `"all-heads"`) || !strings.Contains(before, `"marks":[3,14]`) {
		t.Fatalf("the page is not where it should be: %s", before)
	}

	p.do(chromedp.Reload())
	p.at(14)
	p.settle()
	if after := eval[string](p, place); after != before {
		t.Errorf("after a reload:\n%s\n%s", after, before)
	}
	q := openOn(t, "http://"+addr, "/lab"+eval[string](p, `location.search`))
	q.at(14)
	q.settle()
	if after := eval[string](q, place); after != before {
		t.Errorf("in a second window:\n%s\n%s", after, before)
	}
	q.do(chromedp.Navigate("about:blank"))
	stop()
	p.until(`!document.getElementById("offline").hidden`)
	if l, err = web.Listen(addr); err != nil {
		t.Fatal(err)
	}
	stop = serve()
	defer stop()
	p.until(`document.getElementById("offline").hidden`)
	p.at(14)
	p.settle()
	if after := eval[string](p, place); after != before {
		t.Errorf("after the server came back:\n%s\n%s", after, before)
	}
}

// TestLanguageKeepsThePlace: words change, nothing else.
func TestLanguageKeepsThePlace(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=5&prompt=Mia+has+three+apples.&step=14&layer=3&head=2&break=top&mark=3")
	p.at(14)
	p.do(chromedp.EmulateViewport(1024, 700))
	p.js(`document.querySelector("#table summary").click()`)
	p.focus(`[data-op="probs"][data-lane="cached"] canvas`)
	p.press(kb.ArrowRight)
	p.js(`document.getElementById("breaks").open = true; scrollTo(0, 300)`)
	p.until(`window.kvstepFrame().meta.history`)
	p.settle()
	before := eval[string](p, place)
	scroll, focus := eval[float64](p, `scrollY`), `document.activeElement.closest("[data-op]")?.dataset.op`
	for lang, html := range map[string]string{"zh": "zh-Hans", "en": "en"} {
		p.js(fmt.Sprintf(`document.querySelector("[data-testid=lang-%s]").click()`, lang)) // without moving the focus
		p.until(fmt.Sprintf(`document.documentElement.lang === %q`, html))
		p.settle()
		if after := eval[string](p, place); after != before {
			t.Errorf("in %s:\n%s\n%s", lang, after, before)
		}
		if at := eval[string](p, focus); at != "probs" {
			t.Errorf("in %s the focus is on %q", lang, at)
		}
		if now := eval[float64](p, `scrollY`); now < scroll-60 || now > scroll+60 { // lines may wrap elsewhere
			t.Errorf("in %s the page stands at %v, not %v", lang, now, scroll)
		}
	}
	p.clean()
}

// sizes that people have: a small phone, a large window at 200 %, a tablet.
var sizes = []struct{ w, h int64 }{{360, 740}, {720, 450}, {1024, 768}}

// TestSmallWindows: nothing lies outside or under something else, everything
// can be hit with a finger, and controls leave room for the picture.
func TestSmallWindows(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=11&break=top,layer:2&mark=3")
	p.at(11)
	for _, lang := range []string{"en", "zh"} {
		p.js(fmt.Sprintf(`document.querySelector("[data-testid=lang-%s]").click()`, lang))
		for _, size := range sizes {
			p.do(chromedp.EmulateViewport(size.w, size.h), chromedp.Sleep(300*time.Millisecond))
			where := fmt.Sprintf("%s %d x %d", lang, size.w, size.h)
			for _, menu := range []string{"", "breaks", "take"} {
				if menu != "" {
					p.js(fmt.Sprintf(`document.getElementById(%q).open = true`, menu))
				}
				if bad := eval[string](p, outside); bad != "" {
					t.Errorf("%s %s: outside: %s", where, menu, bad)
				}
			}
			p.press(kb.Escape)
			if !eval[bool](p, namedAbove) {
				t.Errorf("%s: the name of the switch of lanes is not above it", where)
			}
			if n := eval[int](p, `[...document.querySelectorAll(".top button, .top summary")].filter((e) => e.checkVisibility()).length`); size.w < 640 && n > 3 {
				t.Errorf("%s: %d controls in the header", where, n)
			}
			if bad := eval[string](p, tooSmall); bad != "" {
				t.Errorf("%s: too small for a finger: %s", where, bad)
			}
			p.whole(where)
			if share := eval[float64](p, `(() => { const t = document.querySelector(".transport"); return getComputedStyle(t).position === "sticky" ? t.offsetHeight / innerHeight : 0 })()`); share > 0.3 {
				t.Errorf("%s: controls that stay take %.0f %% of the window", where, 100*share)
			}
		}
	}
	p.clean()
}

const (
	namedAbove = `(() => {
		const [name, select] = ["#lanes .name", "#lanes select"].map((s) => document.querySelector(s).getBoundingClientRect());
		return name.bottom <= select.top + 1 && Math.abs(name.left - select.left) < 2;
	})()`
	outside = `(() => {
		const wide = innerWidth + 1;
		if (document.documentElement.scrollWidth <= wide) return "";
		return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className + "#" + e.id).slice(0, 4).join(", ") || "scrolls sideways";
	})()`
	tooSmall = `[...document.querySelectorAll("button, select, input, summary, textarea, a[href]")].filter((e) => e.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !e.classList.contains("skip"))
		.map((e) => [e.type === "checkbox" || e.type === "radio" ? e.closest("label").getBoundingClientRect() : e.getBoundingClientRect(), e])
		.filter(([r]) => r.width > 0 && (r.width < 23.5 || r.height < 23.5)).map(([r, e]) => e.outerHTML.slice(0, 60) + " " + Math.round(r.width) + "x" + Math.round(r.height)).slice(0, 4).join(", ")`
)

// TestReducedMotion: who wants no motion gets none, and can still play.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=3&prompt=Mia+has+three+apples.")
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		t.Fatal(err)
	}
	p.press("p")
	p.at(2)
	if n := eval[int](p, `document.getAnimations().length`); n > 0 {
		t.Errorf("%d animations run", n)
	}
	moving := eval[string](p, `[...document.querySelectorAll("body *")].filter((e) => { const s = getComputedStyle(e); return s.animationName !== "none" || parseFloat(s.transitionDuration) > 0 }).map((e) => e.tagName).join()`)
	if moving != "" {
		t.Errorf("these move: %s", moving)
	}
	p.press("p")
	p.clean()
}

// views are what axe looks at: where it stands and what opens it.
var views = []struct{ name, path, script string }{
	{"start", "/lab?new=6", ""},
	{"form", "/lab?new=6", `document.getElementById("recipe-open").click()`},
	{"layer", "/lab?new=6&step=2", ""},
	{"head", "/lab?new=6&step=4", ""},
	{"op", "/lab?new=6&step=8&op=scores", ""},
	{"explanation", "/lab?new=6&step=9&trail=9.scores.0.0.3", ""},
	{"card", "/lab?new=6&step=9", `document.querySelector("#sentence [data-term], #sentence .asks").click()`},
	{"menus", "/lab?new=6&step=2", `document.getElementById("more").open = true; document.getElementById("breaks").open = true`},
	{"everything", "/lab?new=6&step=11&break=top,layer:2&mark=3", `for (const d of document.querySelectorAll("details:not([name], .menu)")) d.open = true`},
	{"help", "/lab?new=6&step=8&break=layer:2", `document.getElementById("help").showModal()`},
	{"presentation", "/lab?new=6&step=8", `document.getElementById("present-open").click()`},
	{"plots", "/plots?new=6", ""},
	{"handout", "", ""},
}

// TestAccessibleEverywhere has axe look at the whole page in every view, by all of its rules (WCAG A, AA
// and AAA, best practice, experimental), in a language, a theme and a width of today; KVSTEP_ALL=1 has
// each in all of them.
func TestAccessibleEverywhere(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=3&prompt=Mia+has+three+apples.&step=2")
	p.at(2)
	name, data := p.take("html")
	handout := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(handout, data, 0o600); err != nil {
		t.Fatal(err)
	}
	h := openFile(t, handout)
	p.before(lettered) // no window of a test fills the screen
	r := rand.New(rand.NewPCG(uint64(time.Now().YearDay()), 6))
	for _, view := range views {
		p := p
		if view.path == "" {
			p = h
		}
		only := r.IntN(18)
		for l, lang := range []string{"en", "zh"} {
			if os.Getenv("KVSTEP_ALL") == "" && only/9 != l {
				continue
			}
			if view.path == "" {
				p.click("lang-" + lang)
			} else {
				p.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(base+view.path+"&prompt=Mia+has+three+apples.&lang="+lang))
				p.until(`window.kvstepFrame?.() || location.pathname === "/plots" && document.readyState === "complete"`)
			}
			if view.script != "" {
				p.js(view.script)
			}
			for i, theme := range []string{"light", "dark", "projector"} {
				for j, width := range []int64{1440, 768, 360} {
					if os.Getenv("KVSTEP_ALL") == "" && only%9 != 3*i+j {
						continue
					}
					p.do(chromedp.EmulateViewport(width, 800))
					p.js(fmt.Sprintf(`const s = document.getElementById("theme"); if (s) { s.value = %q; s.dispatchEvent(new Event("change")) } else document.documentElement.dataset.theme = %[1]q`, theme))
					p.painted()
					p.axeWhole(fmt.Sprintf("%s %s %s %d", view.name, lang, theme, width))
				}
			}
		}
	}
	p.clean()
}

// TestAPressBesideAMenuClosesIt: a menu lies over what a class looks at, so it goes when
// somebody presses anything else, and stays while they use it.
func TestAPressBesideAMenuClosesIt(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&step=3")
	p.until(`kvstepFrame()?.meta.step?.n === 3`)
	step := 3
	for _, menu := range []string{"settings", "policy", "breaks", "take"} {
		is := `document.querySelector('[data-testid="` + menu + `"]').open`
		for _, beside := range []string{`#stage`, `#transport [data-do="layer"]`} {
			p.js(`const m = document.querySelector('[data-testid="` + menu + `"]'); m.parentElement.closest("details")?.setAttribute("open", ""); m.querySelector("summary").click()`)
			p.until(is)
			p.js(`document.querySelector('[data-testid="` + menu + `"] > :not(summary)').click()`)
			p.js(`document.querySelector('[data-testid="lang-en"]').click()`)
			if !eval[bool](p, is) {
				t.Errorf("%s: a press inside, or another language, closes it", menu)
			}
			p.js(`document.querySelector('` + beside + `').click()`)
			if eval[bool](p, is) {
				t.Errorf("%s: a press on %s leaves it open", menu, beside)
			}
			if beside != `#stage` { // what comes with the step closes menus too
				step++
				p.at(step)
			}
		}
	}
	p.clean()
}

// TestMenusCloseAlike: Escape, a step and a new run close every menu there is, wherever the focus
// is; one press of Escape closes one menu, and what lies under it is still there.
func TestMenusCloseAlike(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&step=3&cell=scores.1.1")
	p.until(`kvstepFrame()?.meta.step?.n === 3`)
	const menus = `[...document.querySelectorAll("details[name=menu], details.menu")]`
	all := eval[[]string](p, menus+`.map((m) => m.dataset.testid)`)
	if len(all) < 5 {
		t.Fatalf("only %q", all)
	}
	step := 3
	for _, menu := range all {
		for how, closes := range map[string]func(){
			"Escape inside": func() { p.press(kb.Escape) },
			"Escape on a picture": func() {
				p.js(`document.querySelector("[data-op=scores][data-lane=cached] canvas").focus()`)
				p.press(kb.Escape)
			},
			"a step by its key": func() {
				p.js(`document.activeElement.blur()`)
				step++
				p.press(kb.ArrowRight)
				p.at(step)
			},
			"a new run": func() {
				p.js(`document.getElementById("recipe").requestSubmit()`)
				p.at(-1)
				step = -1
			},
		} {
			p.js(fmt.Sprintf(`for (let m = document.querySelector("[data-testid=%s]"); m; m = m.parentElement.closest("details")) m.open = true;
				document.querySelector("[data-testid=%[1]s] > summary").focus({preventScroll: true})`, menu))
			before := eval[int](p, menus+`.filter((m) => m.open).length`)
			closes()
			left := eval[int](p, menus+`.filter((m) => m.open).length`)
			if strings.HasPrefix(how, "Escape") && left != before-1 || !strings.HasPrefix(how, "Escape") && left != 0 {
				t.Errorf("%s: %s leaves %d of %d open", menu, how, left, before)
			}
			p.js(menus + `.forEach((m) => (m.open = false))`)
		}
	}
	p.clean()
}

// TestEveryModelOfTheMenuRuns: whoever chooses one on the page as it opens gets its run,
// with a prompt that it knows and as many new tokens as it can read.
func TestEveryModelOfTheMenuRuns(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		p := open(t, "/lab?lang="+lang)
		p.until(`kvstepFrame()`)
		for _, model := range eval[[]string](p, `[...document.querySelector("[data-testid=model]").options].map((o) => o.value).reverse()`) {
			p.js(fmt.Sprintf(`{ const m = document.querySelector("[data-testid=model]"); m.value = %q; m.dispatchEvent(new Event("change", {bubbles: true})); m.form.requestSubmit() }`, model))
			p.until(fmt.Sprintf(`kvstepFrame().meta.run.recipe.model === %q`, model))
			if !eval[bool](p, `document.getElementById("problem").hidden`) {
				t.Errorf("%s, %s: %s", lang, model, eval[string](p, `document.getElementById("problem-text").textContent`))
			}
		}
		p.clean()
	}
}
