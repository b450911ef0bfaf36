package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"kvstep/sim/chart"
)

// drawn waits until no figure is on its way, and says how many pictures there are.
func (p *page) drawn() int {
	p.t.Helper()
	p.until(`!document.querySelector("#figures[aria-busy]") && [...document.querySelectorAll("#figures img")].every((i) => i.complete)`)
	return eval[int](p, `[...document.querySelectorAll("#figures img")].filter((i) => Math.abs(i.naturalWidth / i.naturalHeight - 720 / 381) < 0.01).length`)
}

// The page of figures: from a run to eight pictures, in both languages.
func TestPlotsPage(t *testing.T) {
	t.Parallel()
	for lang, words := range map[string]struct{ title, measured string }{
		"en": {"How large the KV cache grows", "measured"}, "zh": {"KV 缓存", "实测"},
	} {
		p := open(t, "/lab?lang="+lang+"&new=24&step=3")
		p.until(`new URL(document.getElementById("to-plots").href).searchParams.get("prompt")`)
		run := eval[[]int](p, `[kvstepFrame().meta.run.prompt_tokens, kvstepFrame().meta.run.recipe.max_new]`)
		p.js(`document.getElementById("to-plots").click()`)
		p.until(`location.pathname === "/plots" && document.readyState === "complete"`)
		if got := eval[[]int](p, `["prompt", "new"].map((n) => Number(document.querySelector("#plot-form [name=" + n + "]").value))`); got[0] != run[0] || got[1] != run[1] {
			t.Errorf("%s: the figures are of %v tokens, the run of %v", lang, got, run)
		}
		if n := p.drawn(); n != len(chart.Names())-1 { // all but what is measured
			t.Errorf("%s: %d pictures before the measurement", lang, n)
		}
		p.js(`document.querySelector("#time .measure button").click()`)
		p.until(`document.querySelector("#time img")`)
		if n := p.drawn(); n != len(chart.Names()) {
			t.Errorf("%s: %d pictures of %d", lang, n, len(chart.Names()))
		}
		if s := p.text("figure-kv-bytes"); !strings.Contains(s, words.title) {
			t.Errorf("%s: the figure is called %q", lang, s)
		}
		for _, format := range chart.Formats() {
			size := eval[int](p, `fetch(document.querySelector("[data-testid=parts-`+format+`]").href).then((r) => r.ok ? r.blob() : new Blob()).then((b) => b.size)`)
			if size < 200 {
				t.Errorf("%s: parts.%s has %d bytes", lang, format, size)
			}
		}
		p.axe("plots in " + lang)
		// A change of the form is drawn at once, and stays in the address.
		p.js(`const m = document.querySelector("[data-testid=plot-model]"); m.value = "Llama-3-8B"; m.dispatchEvent(new Event("change", {bubbles: true}))`)
		p.until(`location.search.includes("model=Llama-3-8B") && document.querySelector("#parts img").src.includes("Llama-3-8B")`)
		p.drawn()
		// A number that cannot be is refused at its field, what cannot be drawn where the figures are.
		change := `const m = document.querySelector("[data-testid=plot-%s]"); m.value = "%s"; m.dispatchEvent(new Event("change", {bubbles: true}))`
		p.js(fmt.Sprintf(change, "prompt", "0"))
		p.until(`document.querySelector("[data-testid=refusal]")`)
		p.js(fmt.Sprintf(change, "prompt", "4096"))
		p.until(`!document.querySelector("[data-testid=refusal]")`)
		p.js(fmt.Sprintf(change, "model", "gpt2"))
		p.until(`document.querySelector("#figures [role=alert]")`)
		if s := p.text("problem"); !strings.Contains(s, "4096") && !strings.Contains(s, "4,096") {
			t.Errorf("%s: problem %q", lang, s)
		}
		p.clean()
	}
}

// TestPlotsScreenshots writes pictures of the page, when asked where to.
func TestPlotsScreenshots(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KVSTEP_SCREENSHOTS")
	if dir == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS to a folder to write pictures there")
	}
	p := newPage(t, serve(t))
	for _, c := range []struct {
		name, link, theme string
		width             int64
	}{
		{"plots-1440-light-en", "/plots?lang=en&prompt=16&new=64", "light", 1440},
		{"plots-1440-dark-zh", "/plots?lang=zh&model=Llama-3-8B&hardware=H100&new=512", "dark", 1440},
		{"plots-390-light-zh", "/plots?lang=zh&prompt=16&new=64", "light", 390},
	} {
		p.do(chromedp.EmulateViewport(c.width, 900), chromedp.Navigate(p.base+c.link))
		p.drawn()
		p.js(`document.documentElement.dataset.theme = "` + c.theme + `"`)
		p.do(chromedp.Sleep(300 * time.Millisecond))
		png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.clean()
}

// TestFromThePlotsBack: the figures lead back to the moment that they were opened from, after other
// figures, a measurement and another language too; what was measured is another picture.
func TestFromThePlotsBack(t *testing.T) {
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=9&layer=1&head=2")
	p.at(9)
	p.until(`new URL(document.getElementById("to-plots").href).searchParams.get("run")?.includes("step=9")`)
	p.do(chromedp.Navigate(eval[string](p, `document.getElementById("to-plots").href`)))
	p.drawn()
	picture := `document.querySelector("#speedup img").src`
	before := eval[string](p, picture)
	p.js(`document.querySelector("[data-testid='plots.measure']").click()`)
	p.until(`document.querySelector("#speedup .kind-measured")`)
	if after := eval[string](p, picture); after == before {
		t.Errorf("the figure says that it is measured, and is %s as before", after)
	}
	p.do(chromedp.Navigate(eval[string](p, `document.querySelector("[data-testid=lang-zh]").href`)))
	p.drawn()
	p.do(chromedp.Navigate(eval[string](p, `document.querySelector("[data-testid=to-run]").href`)))
	p.until(`window.kvstepFrame?.()`)
	p.at(9)
	p.until(`((m) => m.pick.layer === 1 && m.pick.head === 2 && m.run.recipe.prompt === "Mia has three apples." && document.documentElement.lang === "zh-Hans")(window.kvstepFrame().meta)`)
	p.clean()
}
