package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"kvstep/docs"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/export"
	paper "kvstep/web/page"
)

// missingGlyphs are the letters of a document, those of its pictures too, that the browser has no glyph for: they look
// like one that nobody has.
const missingGlyphs = `(() => {
	const letters = new Set([document.body.innerText, ...[...document.images].map((i) => decodeURIComponent(i.src))].join(""));
	const ctx = Object.assign(document.createElement("canvas"), {width: 24, height: 24}).getContext("2d", {willReadFrequently: true});
	ctx.font = "16px " + getComputedStyle(document.documentElement).fontFamily;
	const look = (s) => { ctx.clearRect(0, 0, 24, 24); ctx.fillText(s, 2, 18); return ctx.getImageData(0, 0, 24, 24).data.join(); };
	const none = look("\u{10FFFD}");
	const chinese = [...letters].filter((s) => /\p{Script=Han}/u.test(s));
	return {Chinese: chinese.length, Missing: chinese.filter((s) => look(s) === none || look(s) === look(" ")).join("")};
})()`

// bareSheets are the beats of a document that have no picture, or words or a picture beyond their slide or their sheet of
// Letter, the lower one.
const bareSheets = `[...document.querySelectorAll("[data-beat]")].filter((s) => {
	const images = [...s.querySelectorAll("img")], box = s.getBoundingClientRect();
	const out = [...s.querySelectorAll("p, li, h2, img, svg, table, figure")].filter((e) => {
		const r = e.getBoundingClientRect();
		return r.right > box.right + 1 || r.bottom > box.bottom + 1;
	});
	const painted = images.every((i) => i.complete && i.naturalWidth > 300 && i.naturalHeight > 60 && i.alt) && (images.length || s.querySelector(".quiet"));
	return !painted || out.length || (document.documentElement.dataset.kind === "worksheet" && box.height > 940);
}).map((s) => s.dataset.beat).join(" ")`

// TestALessonIsPrinted: from the menu of the lessons one opens that can be printed, in each kind and language; every
// beat has its picture, nothing runs out of its sheet, every Chinese letter has a glyph, and no error is told. Printed,
// slides are pages of their own, and a question is not torn apart.
func TestALessonIsPrinted(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab")
	p.painted()
	p.do(chromedp.Click("#lessons summary"))
	p.until(`document.querySelectorAll("#lessons li a").length >= 12`)
	p.axe("the menu of the lessons")
	path := eval[string](p, `document.querySelector("[data-testid=paper-attention]").getAttribute("href")`)
	if !eval[bool](p, `[...document.querySelectorAll("#lessons li a")].every((a) => a.target === "_blank" && a.ariaLabel.includes(a.closest("li").querySelector("b").textContent))`) {
		t.Error("a link to what can be printed does not say whose it is")
	}
	p.clean()
	for _, lang := range lesson.Languages {
		for _, kind := range paper.PaperKinds {
			where := kind + ", " + lang
			s := openPaper(t, base, strings.TrimSuffix(path, "en")+lang+"&kind="+kind)
			s.sheets(where, lang)
			s.axe(where)
			s.js(`window.print = () => (window.printed = true)`)
			s.click("paper-print")
			if !eval[bool](s, `window.printed === true && [...document.querySelectorAll(".paper-tools [aria-current]")].length === 2`) {
				t.Errorf("%s: the button prints nothing, or nothing says what it is", where)
			}
			s.do(chromedp.EmulateViewport(390, 844))
			s.axe(where + ", on a phone")
			s.clean()
			s.do(chromedp.EmulateViewport(1280, 1000))
			s.onSheets(where, kind)
		}
	}
}

// openPaper opens a document to print, which is painted when it is loaded.
func openPaper(t *testing.T, base, path string) *page {
	t.Helper()
	p := newPage(t, base)
	p.do(chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(base+path))
	p.until(`document.readyState === "complete"`)
	return p
}

// sheets looks at a document to print: its pictures, its letters, its edges.
func (p *page) sheets(where, lang string) {
	p.t.Helper()
	if bare := eval[string](p, bareSheets); bare != "" {
		p.t.Errorf("%s: no picture, or more than a sheet holds, in %s", where, bare)
	}
	type letters struct {
		Chinese int
		Missing string
	}
	if got := eval[letters](p, missingGlyphs); got.Missing != "" || (got.Chinese > 50) != (lang == "zh") {
		p.t.Errorf("%s: %d Chinese letters, no glyph for %q", where, got.Chinese, got.Missing)
	}
	if eval[bool](p, `!!document.getElementById("bench")`) {
		p.t.Errorf("%s: the pictures were not finished", where)
	}
}

// onSheets prints a document.
func (p *page) onSheets(where, kind string) {
	p.t.Helper()
	beats := eval[int](p, `document.querySelectorAll("[data-beat]").length`)
	pdf, err := chromedp.Call(p.ctx, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PreferCSSPageSize: new(true)})
	if err != nil {
		p.t.Fatal(err)
	}
	n := len(onePage.FindAll(pdf.Data, -1))
	if deck := kind == paper.Deck; deck && n != beats+1 || !deck && (n < beats/2 || n > 2*beats) {
		p.t.Errorf("%s: %d pages of %d beats", where, n, beats)
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		p.t.Fatal(err)
	}
	if !eval[bool](p, `!document.querySelector(".paper-tools").checkVisibility() && getComputedStyle(document.documentElement).backgroundColor === "rgb(255, 255, 255)"`) {
		p.t.Errorf("%s: paper has what the screen has", where)
	}
	if kind == paper.Worksheet && !eval[bool](p, `[...document.querySelectorAll(".question")].every((q) => getComputedStyle(q).breakInside === "avoid")`) {
		p.t.Errorf("%s: a question may be torn apart", where)
	}
}

// TestLessonsOpenFromAFile: every lesson, printed in each kind and language, opens from a file without a server; one of
// them where not everything is asked for.
func TestLessonsOpenFromAFile(t *testing.T) {
	shelf, _ := lesson.Open(docs.Lessons(), "docs/lessons", nil)
	lessons := shelf.Lessons
	if os.Getenv("KVSTEP_ALL") == "" {
		lessons = []*lesson.Lesson{shelf.Find("heads")} // with most panels
	}
	models := library.New()
	for _, l := range lessons {
		for _, lang := range lesson.Languages {
			for _, kind := range paper.PaperKinds {
				made, _, err := export.Paper(t.Context(), models, []*lesson.Lesson{l}, export.Print{Kind: kind, Lang: lang, Version: "test"})
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), kind+".html")
				if err := os.WriteFile(file, made, 0o600); err != nil {
					t.Fatal(err)
				}
				p := openPaper(t, "file://", file)
				p.sheets(fmt.Sprintf("%s, %s, %s", l.Name, kind, lang), lang)
				p.clean()
			}
		}
	}
}
