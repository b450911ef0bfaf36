package browsertest

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// inMinute is whether a beat of the first minute is on screen, wholly painted.
const inMinute = `window.kvstepPainted?.() && kvstepFrame()?.meta.lesson?.name === "first" && kvstepFrame().meta.lesson.beat === %d`

// beyond says what of the first minute does not fit: the page scrolls, or something that is to be read or pressed is
// cut, or lies under something else.
const beyond = `(() => {
	const bad = [];
	const page = document.scrollingElement;
	if (page.scrollHeight > innerHeight || page.scrollWidth > innerWidth) bad.push("the page scrolls");
	for (const e of document.querySelectorAll("#lesson h2, #lesson p, #lesson button, #stage, main .lit.panel, .lit #history-chart")) {
		if (!e.checkVisibility({visibilityProperty: true})) continue;
		const b = e.getBoundingClientRect();
		if (b.top < 0 || b.left < 0 || b.bottom > innerHeight + 0.5 || b.right > innerWidth + 0.5) bad.push("cut: " + (e.id || e.textContent.slice(0, 40)));
	}
	for (const e of document.querySelectorAll("#lesson button")) {
		if (!e.checkVisibility({visibilityProperty: true})) continue;
		const b = e.getBoundingClientRect();
		const top = document.elementFromPoint((b.left + b.right) / 2, (b.top + b.bottom) / 2);
		if (!e.contains(top)) bad.push("covered: " + e.textContent);
	}
	return bad;
})()`

// TestTheFirstMinute: who has never been here is shown eight beats, on the workbench's own stage, with at most eight
// presses and sixty seconds of reading to the last; each fits without scrolling. It leads to the same moment of a trained
// model, and is not shown again to who has not asked for it.
func TestTheFirstMinute(t *testing.T) {
	t.Parallel()
	for i, size := range [][2]int64{{1280, 720}, {360, 640}} {
		for j, lang := range []string{"en", "zh"} {
			base := serve(t) // with storage of its own
			p := newPage(t, base)
			p.do(chromedp.EmulateViewport(size[0], size[1]))
			p.do(chromedp.Navigate(base + "/?lang=" + lang))
			words, presses := 0, 0
			for beat := range 8 {
				at := fmt.Sprintf("%s, %d wide, beat %d", lang, size[0], beat)
				p.until(fmt.Sprintf(inMinute, beat))
				p.until(`!document.querySelector("#lesson [data-words]").textContent.includes("{{") && document.querySelector("#lesson h2").textContent !== ""`)
				if beat == 6 { // it is walked to
					p.until(`kvstepFrame().meta.lesson.here && document.querySelector("#lesson [data-words]").textContent !== ""`)
				}
				p.painted()
				words += read(eval[string](p, `document.querySelector("#lesson h2").innerText + " " + document.querySelector("#lesson [data-words]").innerText + " " + document.querySelector("#lesson .ask").innerText`))
				for _, bad := range eval[[]string](p, beyond) {
					t.Errorf("%s: %s", at, bad)
				}
				if i == j {
					p.axe(at)
				}
				if beat == 4 {
					p.js(fmt.Sprintf(`document.querySelectorAll("#lesson .tokens-row button")[%d].focus()`, 2*i)) // right, then wrong
					p.press(kb.Enter)
					presses++
					p.until(`!!kvstepFrame().meta.lesson.ask.graded`)
					p.painted()
					if right := eval[bool](p, `kvstepFrame().meta.lesson.ask.graded.right`); right != (i == 0) {
						t.Errorf("%s: the answer is right: %v", at, right)
					}
					words += read(eval[string](p, `document.querySelector("#lesson .reply").innerText`))
					for _, bad := range eval[[]string](p, beyond) {
						t.Errorf("%s, answered: %s", at, bad)
					}
				}
				if beat == 2 && i == j { // a link leads back to the beat
					p.until(`location.pathname === "/lab" && location.search.includes("beat=mask")`)
					p.do(chromedp.Reload())
					p.until(fmt.Sprintf(inMinute, beat))
				}
				if beat < 7 {
					p.press(kb.ArrowRight)
					presses++
				}
			}
			if presses > 8 || words > 180 {
				t.Errorf("%s: %d presses, %d words", lang, presses, words)
			}
			t.Logf("%s, %d wide: %d presses, %d words: %d s", lang, size[0], presses, words, words/3)
			p.press(kb.ArrowRight)
			p.arrives(`location.pathname === "/lab" && window.kvstepPainted?.() && kvstepFrame().meta.run.model === "story" && !kvstepFrame().meta.lesson && kvstepFrame().meta.step?.pass === 7`)
			p.do(chromedp.Navigate(base + "/?lang=" + lang))
			p.arrives(`window.kvstepPainted?.() && !kvstepFrame().meta.lesson && !document.documentElement.dataset.first`)
			p.clean()
		}
	}
}

// TestTheFirstMinuteIsSkipped: one press leads out of it, and the menu of lessons leads back to where one was.
func TestTheFirstMinuteIsSkipped(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := newPage(t, base)
	p.do(chromedp.Navigate(base + "/?lang=en"))
	for beat := range 3 {
		p.until(fmt.Sprintf(inMinute, beat))
		p.press(kb.PageDown)
	}
	p.until(fmt.Sprintf(inMinute, 3))
	p.click("lesson-leave")
	p.arrives(`location.pathname === "/lab" && window.kvstepPainted?.() && kvstepFrame().meta.run.model === "story" && !kvstepFrame().meta.lesson`)
	p.js(`document.querySelector("#lessons summary").click()`)
	p.until(`!!document.querySelector("[data-testid=lesson-first]")`)
	p.click("lesson-first")
	p.until(fmt.Sprintf(inMinute, 3))
	p.clean()
}

// read counts words; of Chinese, two characters are one.
func read(text string) (n int) {
	han := 0
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	for _, w := range strings.Fields(text) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) }) {
			n++
		}
	}
	return n + (han+1)/2
}
