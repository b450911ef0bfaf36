package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// turned makes every text of a person or a model in what the server sends end in a
// mark that turns writing round, in a letter that is written from right to left, and
// in the mark that ends an isolate; and keeps what canvases are told to write.
const turned = `(() => {
	const HOSTILE = "\u202e\u05d0\u2069";
	const keys = new Set(["label", "text", "prompt", "said", "common", "token", "instead", "row", "col"]);
	const parse = JSON.parse;
	const turn = (x) => {
		if (Array.isArray(x)) return x.length === 2 && typeof x[0] === "number" && typeof x[1] === "string" ? [x[0], x[1] + HOSTILE] : x.map(turn);
		if (!x || typeof x !== "object") return x;
		return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, keys.has(k) && typeof v === "string" && v ? v + HOSTILE : turn(v)]));
	};
	JSON.parse = (text, ...more) => {
		const x = parse(text, ...more); // of a frame each part by itself
		if (x?.__metadata__) return x; // their texts
		return typeof x === "string" && x.startsWith(" ") ? x + HOSTILE : turn(x);
	};
	window.written = new Set();
	const fill = CanvasRenderingContext2D.prototype.fillText;
	CanvasRenderingContext2D.prototype.fillText = function (s, ...at) { window.written.add(s); return fill.call(this, s, ...at) };
})()`

// turns lists what on the page could turn its surroundings: texts, names and titles in
// which a mark or a letter from right to left stands outside an isolate of its own.
const turns = `(() => {
	const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
	/** What is left beside the balanced isolates. */
	const beside = (s) => {
		let [open, out] = [0, ""];
		for (const c of s) {
			if (c >= "\u2066" && c <= "\u2068") open++;
			else if (c === "\u2069" && open) open--;
			else if (!open) out += c;
		}
		return open ? s : out;
	};
	const bad = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = walk.nextNode()); ) {
		const e = n.parentElement;
		if (!TURNS.test(beside(n.data)) || /^(TEXTAREA|SCRIPT|STYLE|OPTION)$/.test(e.tagName)) continue;
		bad.push(e.tagName + "." + e.className + " in " + (e.closest("[id]")?.id ?? "") + ": " + n.data);
	}
	for (const e of document.querySelectorAll("[title], [aria-label], [aria-valuetext], option")) {
		for (const s of [e.title, e.getAttribute("aria-label"), e.getAttribute("aria-valuetext"), e.tagName === "OPTION" ? e.textContent : ""]) {
			if (s && TURNS.test(beside(s))) bad.push(e.tagName + " called in " + (e.closest("[id]")?.id ?? "") + ": " + s);
		}
	}
	for (const s of window.written) if (TURNS.test(beside(s))) bad.push("canvas: " + s);
	if (TURNS.test(beside(document.title))) bad.push("title: " + document.title);
	return [...new Set(bad.map((s) => JSON.stringify(s)))];
})()`

// TestNothingTurnsThePageRound: whatever a token, a prompt or a text has in it, it ends
// where it ends: on the page, in what is spoken and in pictures.
func TestNothingTurnsThePageRound(t *testing.T) {
	t.Parallel()
	p := newPage(t, serve(t))
	p.before(turned)
	for _, c := range []struct{ link, do string }{
		{"", ""}, // before the first step
		{"&sampler=sample&t=1.5&seed=7&step=11&show=choice,heads,rows,history,formulas&break=attend:2", `document.querySelector("[data-testid=top-all]").click()`},
		{"&step=9&cell=scores.0.3&op=scores", `document.querySelectorAll("details").forEach((d) => (d.open = true))`},
		{"&step=9&trail=9.scores.0.0.3", ""},
		{"&cache=paged:4&step=14", `document.querySelector("#cache details").open = true`},
		{"&draft=story-draft&step=17&op=scores", ""},
		{"&sampler=beam&step=14", `document.querySelector("[data-testid=beams-table]").open = true`},
		{"&schedule=continuous&slots=2&req=1:4:Anna+has+a+kite.&step=11", ""},
		{"&cache=window:4:1&step=30", ""},
		{"&step=11&fork=0:300", ""},
	} {
		for _, lang := range []string{"en", "zh"} {
			p.do(chromedp.Navigate(p.base + "/lab?lang=" + lang + "&new=6&prompt=Mia+has+three+apples." + c.link))
			p.until(`window.kvstepFrame?.() && document.getElementById("timeline").getAttribute("aria-valuemax") !== "0"`)
			if c.do != "" {
				p.js(c.do)
				p.painted()
			}
			if !eval[bool](p, `JSON.stringify(window.kvstepFrame().meta).includes("\u202e")`) {
				t.Fatalf("%s: nothing was turned", c.link)
			}
			if bad := eval[[]string](p, turns); len(bad) > 0 {
				t.Errorf("%s in %s:\n%s", c.link, lang, strings.Join(bad, "\n"))
			}
		}
	}
	p.clean()
}
