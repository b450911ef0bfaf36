package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestALessonIsPlayed: from the menu to its last beat by the keyboard alone, in both languages, with right answers
// and wrong ones; each says what it is worth, and the link brings back the beat with what was answered.
func TestALessonIsPlayed(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for i, lang := range []string{"en", "zh"} {
		p := openOn(t, base, "/lab?lang="+lang)
		p.do(chromedp.EmulateViewport([]int64{1280, 390}[i], []int64{720, 844}[i]))
		p.painted()
		p.focus("#lessons summary")
		p.press(kb.Enter)
		p.until(`document.querySelectorAll("#lessons li button").length >= 12`)
		p.focus("[data-testid=lesson-decode]")
		p.press(kb.Enter)
		p.until(`kvstepFrame().meta.lesson?.name === "decode" && kvstepFrame().meta.lesson.here && !document.getElementById("lesson").hidden`)
		beats := eval[int](p, `kvstepFrame().meta.lesson.beats`)
		for beat := range beats {
			p.until(fmt.Sprintf(`kvstepFrame().meta.lesson.beat === %d && kvstepFrame().meta.lesson.here && kvstepPainted()`, beat))
			if eval[bool](p, `!!kvstepFrame().meta.lesson.cannot || !document.querySelector("#lesson [data-text]").innerText.trim() && !kvstepFrame().meta.lesson.ask`) {
				t.Errorf("%s, beat %d says nothing", lang, beat)
			}
			if kind := eval[string](p, `kvstepFrame().meta.lesson.ask?.kind ?? ""`); kind != "" {
				p.answer(kind, beat%2 == 0)
				p.until(`!!kvstepFrame().meta.lesson.ask.given`)
				if !eval[bool](p, `!!kvstepFrame().meta.lesson.ask.graded`) {
					p.focus("[data-testid=lesson-go]")
					p.press(kb.Enter) // see what happens
				}
				p.until(`!!kvstepFrame().meta.lesson.ask.graded && !document.querySelector("[data-testid=lesson-reply]").hidden`)
			}
			if beat == beats/2 {
				link := eval[string](p, `kvstepFrame().meta.link`)
				answers := eval[string](p, `new URLSearchParams(kvstepFrame().meta.link).get("answers")`)
				again := openOn(t, base, "/lab"+link)
				again.until(fmt.Sprintf(`kvstepFrame().meta.lesson?.beat === %d && new URLSearchParams(kvstepFrame().meta.link).get("answers") === %q`, beat, answers))
			}
			p.focus("[data-testid=lesson-go]")
			p.press(kb.Enter)
		}
		p.until(`!kvstepFrame().meta.lesson && document.getElementById("lesson").hidden`)
		p.axe("a lesson is over, " + lang)
		p.clean()
	}
}

// answer fills in the form of a question and sends it: the first choice, or else a number that is nobody's.
func (p *page) answer(kind string, first bool) {
	p.t.Helper()
	p.js(fmt.Sprintf(`(() => {
		const form = document.querySelector("#lesson [data-fields]"), first = %v;
		const say = (input, value) => { input.value = value; input.dispatchEvent(new Event("input", {bubbles: true})); };
		const inputs = [...form.querySelectorAll("input")];
		if (%q === "number") say(inputs[0], first ? "2" : "1e3");
		if (%q === "cells") say(inputs[0], first ? "0-3" : "0");
		if (["choice", "token"].includes(%q)) inputs.at(first ? 0 : -1).click();
		if (%q === "curve") inputs.forEach((input, i) => say(input, String(10 * (i + 1))));
	})()`, first, kind, kind, kind, kind))
	p.focus("[data-testid=lesson-go]")
	p.press(kb.Enter)
}
