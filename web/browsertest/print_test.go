package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// onePage finds the pages of a PDF.
var onePage = regexp.MustCompile(`/Type\s*/Page[^s]`)

// TestHandoutOnPaper: printed, a handout has a title page with the moment where it stands and one page
// for each bookmark, on A4 and on Letter, in the page's language, on white whatever the theme.
func TestHandoutOnPaper(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		p := open(t, "/lab?new=4&step=22&mark=9,17,22&lang="+lang)
		p.at(22)
		name, data := p.take("html")
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h := openFile(t, file)
		h.at(22)
		h.theme("dark")
		says := h.text("sentence")
		for paper, size := range map[string][2]float64{"A4": {8.27, 11.69}, "Letter": {8.5, 11}} {
			pdf, err := chromedp.Call(h.ctx, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PaperWidth: size[0], PaperHeight: size[1]})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(onePage.FindAll(pdf.Data, -1)); n != 3 {
				t.Errorf("%s, %s: %d pages, want the title's and two more", lang, paper, n)
			}
		}
		if got := h.text("sentence"); got != says {
			t.Errorf("%s: printing has left %q on screen", lang, got)
		}
		h.at(22)
		h.js(`dispatchEvent(new Event("beforeprint"))`)
		if _, err := chromedp.Call(h.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
			t.Fatal(err)
		}
		h.do(chromedp.EmulateViewport(740, 1040))
		type sheet struct {
			Title string
			Drawn int
		}
		sheets := eval[[]sheet](h, `[...document.querySelectorAll(".print-page")].map((s) => ({Title: s.querySelector("h2").textContent, Drawn: [...s.querySelectorAll("img")].filter((i) => i.clientHeight > 40).length}))`)
		for i, n := range []int{22, 9, 17} {
			if want := fmt.Sprintf(map[string]string{"en": "step %d,", "zh": "步 %d，"}[lang], n); i >= len(sheets) || !regexp.MustCompile(want).MatchString(sheets[i].Title) || sheets[i].Drawn < 2 {
				t.Errorf("%s: page %d of %+v is not step %d with its pictures", lang, i, sheets, n)
			}
		}
		if !eval[bool](h, `document.querySelector("[data-testid=title-page]").checkVisibility() && !document.getElementById("view").checkVisibility() && getComputedStyle(document.documentElement).backgroundColor === "rgb(255, 255, 255)"`) {
			t.Errorf("%s: paper has what the screen has", lang)
		}
		if dir := os.Getenv("KVSTEP_SCREENSHOTS"); dir != "" {
			shot, err := chromedp.Run(h.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "paper-"+lang+".png"), shot, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		h.clean()
	}
}
