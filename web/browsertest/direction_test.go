package browsertest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// order is how far to the right of one word of an element another begins, in pixels.
const order = `(([el, before, after]) => {
	const walk = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
	const left = (word) => {
		walk.currentNode = el;
		while (walk.nextNode()) {
			const at = walk.currentNode.data.lastIndexOf(word);
			if (at < 0) continue;
			const r = document.createRange();
			r.setStart(walk.currentNode, at);
			r.setEnd(walk.currentNode, at + 1);
			return r.getBoundingClientRect().left;
		}
		return NaN;
	};
	return left(after) - left(before);
})`

// TestDirectionStaysInside: marks in somebody's text that turn writing round, and writing
// from right to left, leave the words after it where they are.
func TestDirectionStaysInside(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]string{"a mark": "x\u202ey", "one that ends too much": "x\u2069\u202ey", "Hebrew": "אבג"} {
		t.Run(name, func(t *testing.T) {
			p := open(t, "/lab?lang=en&model="+url.QueryEscape(model))
			p.until(`!document.getElementById("problem").hidden`)
			if s := p.text("problem"); !strings.Contains(s, "\u2068") || !strings.Contains(s, "There is no model") {
				t.Errorf("problem %q", s)
			}
			// "There is no model “…”. Known models: …" goes on from left to right.
			for _, pair := range [][2]string{{"model “", "”"}, {"”", "Known"}, {"Known", "story"}} {
				if d := eval[float64](p, fmt.Sprintf(order+`([document.getElementById("problem-text"), %q, %q])`, pair[0], pair[1])); !(d > 0) {
					t.Errorf("%q stands %v to the right of %q", pair[1], d, pair[0])
				}
			}
		})
	}

	// What the model says goes on after such a prompt, from left to right.
	p := open(t, "/lab?lang=en&prompt="+url.QueryEscape("Once \u202eupon a time"))
	p.until(`document.querySelector("#tokens [data-prompt]").textContent.includes("\u202e")`)
	if d := eval[float64](p, `(() => {
		const made = document.querySelector("#tokens [data-made]");
		made.textContent = " there was";
		const r = document.createRange();
		const at = (i) => { r.setStart(made.firstChild, i); r.setEnd(made.firstChild, i + 1); return r.getBoundingClientRect().left; };
		return at(6) - at(1);
	})()`); !(d > 0) {
		t.Errorf("what the model says runs from right to left: %v", d)
	}
}
