package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPanelsKeepTheirHeight: from step to step, across the ends of passes, and while a row of the cache is pointed at,
// no panel below the view changes its height, so that nothing jumps under a hand or an eye.
func TestPanelsKeepTheirHeight(t *testing.T) {
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en")
	for _, view := range []struct{ path, script string }{
		{"&step=12", ""},
		{"&step=12&cache=window:6", ""},
		{"&step=12&cache=int8:channel:4", ""},
		{"&step=12&show=heads", `document.getElementById("all-heads").open = true`},
	} {
		for i, lang := range []string{"en", "zh"} {
			width := []int64{1440, 390}[i]
			p.do(chromedp.EmulateViewport(width, 844), chromedp.Navigate(base+"/lab?lang="+lang+view.path))
			p.until(`window.kvstepFrame?.()?.meta.step?.n === 12`)
			if view.script != "" {
				p.js(view.script)
			}
			p.painted()
			const heights = `Object.fromEntries(["cache", "all-heads", "branches", "variants"].map((id) => [id, Math.round(document.getElementById(id).getBoundingClientRect().height)]))`
			before := eval[map[string]int](p, heights)
			for n := 13; n < 24; n++ {
				if n < 20 {
					p.press(kb.ArrowRight)
					p.at(n)
				} else {
					p.js(`document.querySelector("[data-testid=cache-picture]").focus({preventScroll: true})`)
					p.press(map[int]string{20: kb.Home, 21: kb.ArrowRight, 22: kb.End, 23: kb.ArrowUp}[n])
					p.until(`kvstepFrame().tensors.rows`)
				}
				for id, h := range eval[map[string]int](p, heights) {
					if h != before[id] {
						t.Errorf("%s %s %d: at %d %s is %d pixels high, before %d", lang, view.path, width, n, id, h, before[id])
						before[id] = h
					}
				}
			}
		}
	}
	p.clean()
}
