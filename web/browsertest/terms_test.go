package browsertest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/web/text"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const cardOpen = `document.getElementById("card").matches(":popover-open")`

// TestTermsOpenCards: a term opens its card by a press and by Enter, in both languages; one is open at a time;
// Escape and a press beside it close it, the focus goes back, and "See it here" leads there.
func TestTermsOpenCards(t *testing.T) {
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=14")
	p.at(14)
	const term = `#cache-title [data-term="kv-cache"]`
	title := func(want string) {
		t.Helper()
		p.until(cardOpen + fmt.Sprintf(` && document.getElementById("card-title").innerText === %q && document.activeElement.id === "card-title"`, want))
	}
	back := func(selector string) {
		t.Helper()
		p.until(fmt.Sprintf(`!%s && document.activeElement === document.querySelector(%q)`, cardOpen, selector))
	}
	p.do(chromedp.Click(chromedp.CSS(term)))
	title("KV cache")
	p.axe("a card")
	p.press(kb.Escape)
	back(term)
	p.press(kb.Enter)
	title("KV cache")
	p.do(chromedp.MouseClickXY(700, 3)) // beside it, on nothing
	back(term)

	// Another one takes its place, and the press on it is not lost.
	p.do(chromedp.Click(chromedp.CSS(term)))
	title("KV cache")
	p.js(`document.querySelector('#tokens [data-term="token"]').scrollIntoView({ block: "center" })`)
	p.do(chromedp.Click(chromedp.CSS(`#tokens [data-term="token"]`)))
	title("token")
	p.press(kb.Escape)
	back(`#tokens [data-term="token"]`)

	// It stays while the run goes on under it, and says what the new step has.
	p.do(chromedp.Click(chromedp.CSS(`[data-asks="phase"]`)))
	p.until(cardOpen)
	p.press(kb.ArrowRight)
	p.at(15)
	p.until(cardOpen)
	p.js(`document.querySelector('#card [data-place="timeline"]').click()`)
	p.until(`!` + cardOpen + ` && document.activeElement.dataset.testid === "timeline"`)

	p.click("lang-zh")
	p.until(`document.documentElement.lang === "zh-Hans"`)
	p.do(chromedp.Click(chromedp.CSS(term)))
	title("KV 缓存")
	p.clean()
}

// TestOneTabStopForTheTermsOfARegion: and arrow keys go from one to the next, while the run stands still.
func TestOneTabStopForTheTermsOfARegion(t *testing.T) {
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=14")
	p.at(14)
	const stops = `[...document.querySelectorAll("#cache .term, #cache .asks")].filter((e) => e.checkVisibility() && !e.closest("details details, #cache details") && e.tabIndex === 0).length`
	p.until(stops + ` === 1`)
	p.focus(`[data-asks="bytes"]`)
	p.press(kb.ArrowRight)
	p.until(`document.activeElement.matches("#cache .term, #cache .asks") && document.activeElement.dataset.asks !== "bytes" && ` + stops + ` === 1`)
	p.press(kb.ArrowLeft)
	p.until(`document.activeElement.dataset.asks === "bytes"`)
	p.at(14)
	p.clean()
}

// TestEveryMarkedTermIsSomewhere: what messages mark can be pressed on the page, in some run.
func TestEveryMarkedTermIsSomewhere(t *testing.T) {
	left := map[string]bool{}
	for _, m := range regexp.MustCompile(`\[\[([\w-]+)\|`).FindAllSubmatch(text.JSON("en"), -1) {
		left[string(m[1])] = true
	}
	delete(left, "layernorm") // no embedded model has it
	base := serve(t)
	see := func(p *page) {
		for _, id := range eval[[]string](p, `[...document.querySelectorAll("[data-term]")].map((e) => e.dataset.term)`) {
			delete(left, id)
		}
	}
	const apples = "/lab?lang=en&new=6&prompt=Mia+has+three+apples."
	for _, path := range []string{
		apples + "&step=17&show=choice", apples + "&sampler=sample&seed=5&step=17&show=choice", apples + "&sampler=beam&width=2&step=17",
		apples + "&draft=story-draft&step=17&show=formulas", apples + "&cache=paged:4&step=14", apples + "&cache=window:4:1&step=32",
		apples + "&cache=int8:token:32&step=29", apples + "&step=0&op=x&trail=0.x.0.1.0",
		"/lab?lang=en&new=32&prompt=Mia+has+three+apples.&step=71",
		tightLink("en", sim.ScheduleStatic) + "&step=65", tightLink("en", sim.ScheduleContinuous) + "&step=65",
	} {
		p := openOn(t, base, path)
		p.until(`kvstepFrame().meta.step && !kvstepFrame().meta.run.running`)
		see(p)
	}
	p := openOn(t, base, apples+"&model=story-gqa&step=14")
	p.at(14)
	for _, id := range eval[[]string](p, `[...document.querySelectorAll("[data-asks]:not([hidden])")].map((e) => e.dataset.asks)`) {
		p.js(fmt.Sprintf(`document.querySelector('[data-asks="%s"]').click()`, id))
		p.until(cardOpen)
		if id == "bound" { // its numbers travel only now
			p.until(`document.querySelector('#card [data-number="Intensity"]')`)
		}
		see(p)
	}
	for _, op := range eval[[]string](p, `[...document.querySelectorAll("#ops [data-look]")].map((e) => e.dataset.look).filter(Boolean)`) {
		p.js(fmt.Sprintf(`document.querySelector('#ops [data-look="%s"]').click()`, op)) // each says what it does
		p.until(fmt.Sprintf(`kvstepFrame().meta.pick.op === %q`, op))
		see(p)
	}
	if len(left) > 0 {
		t.Errorf("no run has %v", slices.Sorted(maps.Keys(left)))
	}
}
