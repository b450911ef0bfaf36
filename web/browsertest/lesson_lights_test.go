package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// litOps are the ops of the picture that are lit.
const litOps = `[...new Set([...document.querySelectorAll("#stage .lit")].map((e) => e.dataset.op))].sort().join()`

// TestWordsAndPartsLightEachOther: words light their matrix while they have the focus, and for good once they are
// pressed, by a key or a finger; they are marked while the matrix has the focus or is touched.
func TestWordsAndPartsLightEachOther(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&lesson=decode")
	p.until(`kvstepFrame().meta.lesson?.here && ` + litOps + ` === "K,V"`)
	p.focus(`#lesson [data-lights="K"]`)
	p.until(litOps + ` === "K"`)
	p.focus("[data-testid=lesson-go]")
	p.until(litOps + ` === "K,V"`)
	p.focus(`#lesson [data-lights="V"]`)
	p.press(kb.Enter)
	p.focus("[data-testid=lesson-go]")
	p.until(litOps + ` === "V"`)
	p.focus(`#stage [data-op="K"][data-lane="cached"] canvas`)
	p.until(`document.querySelector('#lesson [data-lights="K"]').matches(".on") && !document.querySelector('#lesson [data-lights="V"]').matches(".on")`)
	finger := func(selector string) { // comes, presses and goes
		p.js(`for (const type of ["pointerover", "pointerdown", "pointerup", "pointerout", "click"]) document.querySelector('` + selector + `').dispatchEvent(new PointerEvent(type, {bubbles: true, pointerType: "touch"}))`)
	}
	finger(`#lesson [data-lights="V"]`)
	p.until(litOps + ` === "K,V"`)
	finger(`#lesson [data-lights="K"]`)
	p.until(litOps + ` === "K"`)
	p.clean()
}

// TestACurveIsDrawn: with a pointer, from one point over those between to another; nothing is an answer before that.
func TestACurveIsDrawn(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&lesson=decode&beat=draw")
	p.until(`kvstepFrame().meta.lesson?.here && !!document.querySelector("#lesson .pad")`)
	if off := eval[string](p, `document.querySelector("[data-testid=lesson-go]").ariaDisabled`); off != "true" {
		t.Error("a curve that nobody has drawn is an answer")
	}
	p.js(`const pad = document.querySelector("#lesson .pad"), box = pad.querySelector(".drawing").getBoundingClientRect();
		pad.setPointerCapture = () => {};
		pad.hasPointerCapture = () => true;
		const at = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, pointerId: 1, clientX: box.left + box.width * x, clientY: box.top + box.height * y}));
		at("pointerdown", 0.05, 0.99);
		at("pointermove", 0.95, 0.01)`)
	if drawn := eval[string](p, `[...document.querySelectorAll("#lesson .pad input")].map((i) => i.value).join()`); drawn != "0,20,40,60,80,100" {
		t.Errorf("a straight line is drawn as %s", drawn)
	}
	p.until(`document.querySelector("[data-testid=lesson-go]").ariaDisabled === "false"`)
	p.js(`document.querySelector("[data-testid=lesson-go]").click()`)
	p.until(`!!kvstepFrame().meta.lesson.ask.given`)
	p.js(`document.querySelector("[data-testid=lesson-go]").click()`)
	p.until(`!!kvstepFrame().meta.lesson.ask?.graded && document.querySelectorAll("#lesson .drawing svg g").length === 2`)
	p.axe("a curve beside the one that came")
	p.clean()
}
