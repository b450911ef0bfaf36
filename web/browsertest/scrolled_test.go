package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// fiveSizes are the windows that the page is made for: two desktops, two laptops, a tablet and a phone.
var fiveSizes = [][2]int64{{1440, 900}, {1366, 657}, {1280, 720}, {1024, 768}, {390, 844}}

// TestNothingIsScrolledAway: what a press asks for, or moves the focus to, is in the window when it is
// there, whatever the window, and under nothing.
func TestNothingIsScrolledAway(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&step=20")
	p.at(20)
	shows := func(size [2]int64, after string, what ...string) {
		t.Helper()
		for _, selector := range what {
			p.painted()
			if !eval[bool](p, inSight+`(document.querySelector("`+selector+`"))`) {
				t.Errorf("%v: after %s %s is not in sight: %s", size, after, selector, eval[string](p, `JSON.stringify(document.querySelector("`+selector+`").getBoundingClientRect())`))
			}
		}
	}
	explained := `kvstepFrame().meta.explain && !document.getElementById("explain").hidden`
	for _, size := range fiveSizes {
		p.do(chromedp.EmulateViewport(size[0], size[1]))
		p.painted()
		p.js(`scrollTo(0, 0)`)
		heading, value, plate := "#explain h2", "#explain [data-value]", "[data-op=scores][data-lane=cached] canvas"

		p.clickCell("scores", 0, 1)
		p.until(explained)
		shows(size, "a press on a cell", heading, value)
		p.js(`document.querySelector("#explain [data-terms] button").click()`)
		p.until(`kvstepFrame().meta.explain.trail.length === 2`)
		shows(size, "a press on an operand", heading, value)
		p.press(kb.Escape)
		p.until(`kvstepFrame().meta.explain.trail.length === 1`)
		shows(size, "the way back", heading, value)
		p.press(kb.Escape)
		p.until(`!kvstepFrame().meta.explain && document.activeElement.tagName === "CANVAS"`)
		shows(size, "the end of it", plate)

		p.js(`scrollTo(0, document.documentElement.scrollHeight)`)
		p.js(`document.querySelector("` + plate + `").focus({preventScroll: true})`)
		p.press(kb.Enter)
		p.until(explained + ` && document.activeElement === document.querySelector("` + heading + `")`)
		shows(size, "Enter on a cell that was scrolled away", heading, value)
		p.press(kb.Escape)
		p.until(`!kvstepFrame().meta.explain`)

		p.js(`scrollTo(0, 0); document.activeElement.blur()`)
		for key, first := range map[string]string{"k": "#breaks select", "x": "#take button"} {
			p.press(key)
			p.until(`document.activeElement === document.querySelector("` + first + `")`)
			shows(size, fmt.Sprintf("the key %q", key), first)
			p.press(kb.Escape)
			p.press(kb.Escape)
			p.js(`document.activeElement.blur()`)
		}
	}
	p.clean()
}
