package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// spoken counts what the notice of the connection says, as a live region does.
const spoken = `(() => {
	const root = document.getElementById("offline");
	window.spoken = [];
	window.tries = 0;
	const say = () => {
		const text = root.hidden ? "" : root.textContent;
		if (text !== (window.spoken.at(-1) ?? "")) window.spoken.push(text);
	};
	new MutationObserver(say).observe(root, { attributes: true, childList: true, characterData: true, subtree: true });
	new PerformanceObserver((list) => { window.tries += list.getEntries().filter((e) => e.name.includes("/live")).length })
		.observe({ type: "resource", buffered: true });
	say();
})()`

// TestTheServerIsFull: one page too many is told so, with the number, once, in the language that
// it has; it tries again, and comes in when another has left. Nothing is called gone.
func TestTheServerIsFull(t *testing.T) {
	t.Parallel()
	within := limits.Default()
	within.Viewers = 2
	base := serveWithin(t, library.New(), within)
	here := []*page{openOn(t, base, "/lab?new=2"), openOn(t, base, "/lab?new=2")}
	p := newPage(t, base)
	p.do(chromedp.Navigate(base + "/lab?lang=en&new=2"))
	p.until(`!document.getElementById("offline").hidden`)
	p.js(spoken)
	p.until(`window.tries >= 3`)
	if says := eval[[]string](p, `window.spoken`); len(says) != 1 || !strings.HasPrefix(says[0], "All 2 places of this server are taken") {
		t.Errorf("told %q", says)
	}
	p.axe("a full server")
	p.js(`document.querySelector('[data-lang-set="zh"]').click()`)
	p.until(`document.getElementById("offline").textContent.includes("2 个位置")`)
	here[0].do(chromedp.Navigate("about:blank"))
	p.until(`document.getElementById("offline").hidden && window.kvstepFrame()`)
}
