package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// small lists what can be pressed and is smaller than a finger: whatever takes the focus, or is the label of what
// does. Cells of a picture, regions that only scroll and words in a line of text are no targets of their own.
const small = `(() => {
	const what = "a[href], button, summary, select, textarea, input, [tabindex], [role=button]";
	const found = [];
	for (const e of document.querySelectorAll(what)) {
		if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest("[inert], math")) continue;
		if (e.tagName === "CANVAS" || e.getAttribute("role") === "region" || e.matches("h2, section, main, .scroll, [tabindex='-1']:not(button)")) continue;
		const inText = getComputedStyle(e).display === "inline" && e.parentElement.textContent.trim().length > e.textContent.trim().length;
		if (inText) continue;
		const box = (e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : e).getBoundingClientRect();
		if (!box.width || !box.height) continue;
		const around = getComputedStyle(e, "::after"); // what is laid over its surroundings counts
		const reach = around.position === "absolute" ? [parseFloat(around.width), parseFloat(around.height)] : [0, 0];
		if (Math.max(box.width, reach[0]) < 43.5 || Math.max(box.height, reach[1]) < 43.5) found.push((e.dataset.testid ?? e.id) + " " + e.tagName + "." + e.className + " " + Math.round(box.width) + "x" + Math.round(box.height) + " in " + (e.closest("[id]")?.id ?? ""));
	}
	return [...new Set(found)];
})()`

// TestFingersHit: on a touch screen every target of every view is at least 44 x 44 pixels.
func TestFingersHit(t *testing.T) {
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en")
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateTouch, chromedp.EmulateMobile))
	if !eval[bool](p, `matchMedia("(pointer: coarse)").matches`) {
		t.Fatal("a finger is not emulated")
	}
	everything := `document.getElementById("recipe").classList.add("open"); for (const d of document.querySelectorAll("details")) { d.name = ""; d.open = true }`
	for _, view := range []struct{ path, script string }{
		{"/lab?lang=en", ""},
		{"/lab?lang=zh&new=6&step=11&break=top,layer:2&mark=3&prompt=Mia+has+three+apples.", everything},
		{"/lab?lang=en&new=6&step=20&cell=scores.0.1&prompt=Mia+has+three+apples.", `document.querySelector("[data-op=scores][data-lane=cached] canvas").focus(); document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", code: "Enter", bubbles: true}))`},
		{"/lab?lang=en&step=8&op=scores", everything},
		{"/lab?lang=en&step=8&schedule=continuous&req=0:4:Mia+has+three+apples.&cache=paged:4", everything},
		{"/lab?lang=en&step=8&sampler=beam&width=3", everything},
		{"/lab?lang=en&step=11&draft=story-draft", everything},
		{"/lab?lang=en&step=8", `document.getElementById("help").showModal()`},
		{"/plots?lang=en", `for (const d of document.querySelectorAll("details")) d.open = true`},
	} {
		p.do(chromedp.Navigate(base + view.path))
		if view.path[:3] != "/pl" {
			p.until(`window.kvstepFrame?.()?.meta.step || ` + map[bool]string{true: "true", false: "false"}[view.path == "/lab?lang=en"])
		}
		if view.script != "" {
			p.js(view.script)
		}
		p.painted()
		for _, what := range eval[[]string](p, small) {
			t.Errorf("%s: %s", view.path, what)
		}
	}
	p.clean()
}
