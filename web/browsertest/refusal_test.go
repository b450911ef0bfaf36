package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// refused waits for a field to be marked, and fails unless it is in sight, focused,
// and says why with what it is described by.
func (p *page) refused(testid string) (says string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector("[data-testid='%s']").getAttribute("aria-invalid") === "true"`, testid))
	type seen struct {
		Visible, Focused, InSight bool
		Says                      string
	}
	s := eval[seen](p, fmt.Sprintf(`(() => {
		const f = document.querySelector("[data-testid='%s']"), note = document.getElementById(f.getAttribute("aria-describedby")), b = note.getBoundingClientRect();
		return {Visible: f.checkVisibility() && note.checkVisibility(), Focused: document.activeElement === f, InSight: b.top >= 0 && b.bottom <= innerHeight, Says: note.textContent};
	})()`, testid))
	if !s.Visible || !s.Focused || !s.InSight {
		p.t.Errorf("%s is refused, but %+v", testid, s)
	}
	return s.Says
}

// set writes into a field without the keyboard, and lets its menu closed.
func (p *page) set(testid, value string) {
	p.t.Helper()
	p.js(fmt.Sprintf(`const f = document.querySelector("[data-testid='%s']"); f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true}))`, testid, value))
}

func (p *page) submit(form string) {
	p.t.Helper()
	p.js(fmt.Sprintf(`document.activeElement.blur(); document.querySelector(%q).requestSubmit()`, form))
}

const sampled = `const s = document.querySelector("[data-testid=sampler]"); s.value = "sample"; s.dispatchEvent(new Event("change", {bubbles: true}))`

// TestAFormNeverRefusesInSilence: what is refused in a closed menu is opened,
// focused and says why, in the page's language, on a phone too.
func TestAFormNeverRefusesInSilence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, testid, value, want string }{
		{"en", "set-p", "1.5", "“Top-p” is 1.5. It must be from 0.0001 to 1."},
		{"zh", "set-p", "1.5", "“Top-p”是 1.5，应在 0.0001 到 1 之间。"},
		{"en", "set-p", "", "“Top-p” is empty. It takes a number from 0.0001 to 1."},
		{"en", "set-k", "2.5", "“Top-k” is 2.5. It must be a whole number from 0 to 1,048,576."},
		{"en", "set-seed", "18446744073709551616", "“Seed” is 18446744073709551616. It must be from 0 to 18446744073709551615."},
		{"zh", "policy-block", "65", "“每块词元数”是 65，应在 1 到 64 之间。"},
		{"en", "policy-block", "65", "is 65. It must be from 1 to 64."},
		{"en", "several-slots", "17", "“Slots” is 17. It must be from 1 to 16."},
		{"en", "several-arrive", "-1", "“Arrives in pass” is -1. It must be from 0 to 1,048,576."},
		{"zh", "several-new", "", "“新词元数”还没有填写，应填一个 0 到"},
		{"en", "new", "", "“New tokens” is empty."},
	} {
		p := open(t, "/lab?lang="+c.lang+"&cache=paged:4")
		if len(c.lang+c.testid)%2 == 0 {
			p.do(chromedp.EmulateViewport(390, 800))
		}
		p.js(sampled)
		p.js(`document.querySelector("[data-testid=several-add]").click(); document.querySelectorAll("details[name=menu]").forEach((d) => (d.open = false))`)
		p.set(c.testid, c.value)
		p.submit("#recipe")
		if says := p.refused(c.testid); !strings.Contains(says, c.want) {
			t.Errorf("%s = %q in %s: %q, want %q", c.testid, c.value, c.lang, says, c.want)
		}
		if eval[bool](p, `location.search.includes("req=")`) || !eval[bool](p, `document.getElementById("problem").hidden`) {
			t.Errorf("%s = %q was sent all the same", c.testid, c.value)
		}
		p.clean()
	}
}

// TestARefusalGoesWithItsReason: in another language it says the same, it is gone
// once the number is right, and it is legible to everybody.
func TestARefusalGoesWithItsReason(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	p.js(sampled)
	p.set("set-p", "0")
	p.submit("#recipe")
	p.refused("set-p")
	p.axe("a refused field")
	p.js(`document.querySelector("[data-testid=lang-zh]").click()`)
	p.until(`document.querySelector("[data-testid=refusal]")?.textContent === "“Top-p”是 0，应在 0.0001 到 1 之间。"`)
	p.fill("set-p", "0.9")
	p.until(`!document.querySelector("[data-testid=refusal]") && !document.querySelector("[aria-invalid]")`)
	p.press("2") // 0.92, which no step of a twentieth reaches
	p.set("set-t", "0.72")
	p.submit("#recipe")
	p.until(`(() => { const s = window.kvstepFrame().meta.run.recipe.sampler; return s.kind === "sample" && s.top_p === 0.92 && s.temperature === 0.72 })()`)
	// What another run fills in is not what was refused.
	p.set("set-k", "-1")
	p.submit("#recipe")
	p.refused("set-k")
	p.js(`const send = WebSocket.prototype.send; WebSocket.prototype.send = function (x) { window.live = this; return send.call(this, x) }`)
	p.press("\t")
	p.js(`document.querySelector("[data-look=x]").click()`)
	p.js(`window.live.send(JSON.stringify({cmd: "run", recipe: {prompt: "Mia has three apples.", sampler: {kind: "sample", top_k: 7, top_p: 0.92}}}))`)
	p.until(`document.querySelector("[data-testid=set-k]").value === "7" && !document.querySelector("[aria-invalid], .refusal")`)
	// The arrow keys go by twentieths from there, and not beyond the end.
	p.js(`document.querySelector("[data-testid=settings] summary").click()`) // a press beside it has closed it
	p.focus("[data-testid=set-p]")
	for range 3 {
		p.press(kb.ArrowUp)
	}
	if got := eval[string](p, `document.querySelector("[data-testid=set-p]").value`); got != "1" {
		t.Errorf("0.92 and three arrows up is %q", got)
	}
	p.clean()
}

// TestWhatTheServerRefusesIsMarked: the field that its problem is about is opened
// and described by the reason.
func TestWhatTheServerRefusesIsMarked(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	p.js(`document.querySelectorAll("[data-field]").forEach((f) => { f.removeAttribute("max"); f.removeAttribute("min") })`) // as if the page knew no limits
	for _, c := range []struct{ testid, value, want string }{
		{"new", "513", "513"}, {"prompt", "", "prompt is empty"}, {"set-k", "-3", "-3"}, {"set-w", "9", "9"}, {"several-slots", "17", "17"},
	} {
		old := eval[string](p, fmt.Sprintf(`document.querySelector("[data-testid='%s']").value`, c.testid))
		kind := map[string]string{"set-w": "beam"}[c.testid]
		if kind == "" {
			kind = "sample"
		}
		p.js(strings.Replace(sampled, "sample\";", kind+"\";", 1))
		if c.testid == "several-slots" {
			p.js(`document.querySelector("[data-testid=several-add]").click()`)
		}
		p.js(`document.querySelectorAll("details[name=menu]").forEach((d) => (d.open = false))`)
		p.set(c.testid, c.value)
		p.submit("#recipe")
		if says := p.refused(c.testid); !strings.Contains(says, c.want) {
			t.Errorf("%s = %q: %q", c.testid, c.value, says)
		}
		p.set(c.testid, old)
		p.until(`!document.querySelector("[aria-invalid]")`)
	}
	p.clean()
}

// TestANoticeIsInSightAndNamesFieldsAsThePage: what a link brings is told with the names
// that the form has, and is not out of sight further down the page.
func TestANoticeIsInSightAndNamesFieldsAsThePage(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "“Top-k” is -1; it must", "zh": "“Top-k”为 -1，必须"} {
		p := open(t, "/lab?k=-1&lang="+lang)
		p.until(`!document.getElementById("problem").hidden`)
		if s := p.text("problem"); !strings.Contains(s, want) {
			t.Errorf("%s: the notice says %q, want %q", lang, s, want)
		}
		p.js(`scrollTo(0, document.body.scrollHeight)`)
		if !eval[bool](p, `scrollY > 100 && (() => { const n = document.getElementById("problem"), b = n.getBoundingClientRect(); return n.contains(document.elementFromPoint(b.left + 40, b.top + b.height / 2)) })()`) {
			t.Errorf("%s: the notice cannot be seen from where the page was scrolled to", lang)
		}
		p.clean()
	}
}

// TestWhatDoesNotGoTogetherIsNamed: in the words of the page.
func TestWhatDoesNotGoTogetherIsNamed(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"lang=en&sampler=beam&cache=window:4:0":       "“beam search” and “sliding window” cannot",
		"lang=zh&sampler=beam&draft=story-draft":      "“束搜索”与“推测解码”不能",
		"lang=en&schedule=static&share=1&req=0:4:cat": "“Prompts that begin alike share blocks” and “contiguous: room for the whole run” cannot",
	} {
		p := open(t, "/lab?"+query)
		p.until(`!document.getElementById("problem").hidden`)
		if s := p.text("problem"); !strings.Contains(s, want) {
			t.Errorf("%s: %q, want %q", query, s, want)
		}
		p.clean()
	}
}

// TestRefusalsStandInTheOrderOfTheirFields: of two in one line the first is said first.
func TestRefusalsStandInTheOrderOfTheirFields(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	p.js(sampled)
	p.set("set-t", "")
	p.set("set-k", "-3")
	p.submit("#recipe")
	p.refused("set-t")
	if says := eval[[]string](p, `[...document.querySelectorAll("#recipe .refusal")].map((n) => n.textContent)`); len(says) != 2 || !strings.Contains(says[0], "Temperature") || !strings.Contains(says[1], "Top-k") {
		t.Errorf("in this order: %q", says)
	}
	p.clean()
}

// TestOtherFormsSayWhy: breakpoints, and the page of figures, which asks for its
// words only then.
func TestOtherFormsSayWhy(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	p.click("breaks")
	p.js(`const k = document.querySelector("[data-testid=break-kind]"); k.value = "cache"; k.dispatchEvent(new Event("change"))`)
	p.set("break-cache", "1.5")
	p.submit("#breaks form")
	if says := p.refused("break-cache"); !strings.Contains(says, "a whole number from 1 to 1,048,576") {
		t.Errorf("breakpoint: %q", says)
	}
	p.set("break-cache", "32")
	p.submit("#breaks form")
	p.until(`document.querySelectorAll("[data-testid=points] li").length === 1`)
	for lang, want := range map[string]string{"en": "It must be from 1 to 4,096.", "zh": "应在 1 到 4,096 之间"} {
		p.do(chromedp.Navigate(p.base + "/plots?model=story&lang=" + lang))
		p.until(`document.querySelector("#figures img")`)
		p.set("plot-new", "5000")
		p.submit("#plot-form")
		if says := p.refused("plot-new"); !strings.Contains(says, want) {
			t.Errorf("figures: %q", says)
		}
		p.axe("figures, refused")
		p.set("plot-new", "") // until the context is full
		p.submit("#plot-form")
		p.until(`!location.search.includes("new=") && !document.querySelector("#figures[aria-busy]")`)
	}
	// Without its words, a range is still said.
	p.do(chromedp.Navigate(p.base + "/plots?model=story&lang=en"))
	p.until(`document.querySelector("#figures img")`)
	p.js(`window.fetch = () => Promise.reject(new Error("gone"))`)
	p.set("plot-new", "5000")
	p.submit("#plot-form")
	if says := p.refused("plot-new"); says != "New tokens: 1–4096" {
		t.Errorf("without words: %q", says)
	}
	p.clean()
}
