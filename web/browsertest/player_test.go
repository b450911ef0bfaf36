package browsertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

type tape []sim.Step

func (r tape) Step(n int) *sim.Step { return &r[n] }

// TestBreakpointsStopTheRun sets one of each kind from the page and goes
// through the run: it stops where the engine says, and says why.
func TestBreakpointsStopTheRun(t *testing.T) {
	t.Parallel()
	const prompt = "Mia has three apples."
	all := tape(steps(t, sim.Recipe{Prompt: prompt, MaxNew: 6}))
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.")
	p.press("k") // the list opens, with the focus in its form
	p.until(`document.getElementById("breaks").open && document.activeElement.name === "kind"`)
	add := func(kind, field, value string) {
		t.Helper()
		n := eval[int](p, `document.querySelectorAll("[data-testid=points] li").length`)
		p.js(fmt.Sprintf(`const s = document.querySelector("[data-testid=break-kind]"); s.value = %q; s.dispatchEvent(new Event("change", {bubbles: true}))`, kind))
		if field != "" {
			p.js(fmt.Sprintf(`document.querySelector("[data-testid=%s]").value = %q`, field, value))
		}
		p.click("break-add")
		p.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=points] li").length === %d`, n+1))
	}
	add("cache", "break-cache", "16")
	add("attend", "break-attend", "1")
	add("top", "", "")
	add("layer", "break-layer", "3")
	add("differ", "", "")
	points, err := breakpoint.ParseList([]string{"cache:16kB", "attend:1", "top", "layer:3", "differ"})
	if err != nil {
		t.Fatal(err)
	}
	p.press(kb.Escape)
	p.js(`document.activeElement.blur()`)
	stops, earliest := 0, 0
	for n := range all {
		hit := false
		for _, point := range points {
			_, ok := point.Hit(m.Model, all, n)
			hit = hit || ok
		}
		if !hit {
			continue
		}
		if stops++; stops == 1 {
			earliest = n
		}
		p.press("e")
		p.at(n)
		p.until(`!window.kvstepFrame().meta.run.running`)
		if s := p.text("why"); !strings.Contains(s, "Breakpoint") {
			t.Errorf("step %d: the page says %q", n, s)
		}
	}
	if stops < 6 || stops > len(all)/2 {
		t.Fatalf("%d stops: the run is no test", stops)
	}
	p.press("e")
	p.at(len(all) - 1)

	// Play meets them too, from the start.
	p.focus(`[data-testid="timeline"]`)
	p.press(kb.Home)
	p.at(-1)
	p.click("do-play")
	p.until(`document.querySelector("#transport [data-do=play]").getAttribute("aria-pressed") === "false" && window.kvstepFrame().meta.step`)
	first := eval[int](p, `window.kvstepFrame().meta.step.n`)
	if first != earliest || !strings.Contains(p.text("why"), "Breakpoint") {
		t.Errorf("play stopped at %d: %q", first, p.text("why"))
	}

	// In Chinese, after a reload, from the address alone.
	p.click("lang-zh")
	time.Sleep(400 * time.Millisecond)
	p.do(chromedp.Reload())
	p.at(first)
	if s := p.text("why"); !strings.Contains(s, "断点") {
		t.Errorf("in Chinese: %q", s)
	}
	if n := eval[int](p, `window.kvstepFrame().meta.breaks.points.length`); n != 5 {
		t.Errorf("%d breakpoints after a reload", n)
	}
	p.click("breaks")
	p.js(`document.querySelector("[data-testid=points] button").click()`)
	p.until(`window.kvstepFrame().meta.breaks.points.length === 4`)
	p.clean()
}

// TestAReasonLeadsToItsHead: the reason why a run stands names a head; a press on it looks at that head.
func TestAReasonLeadsToItsHead(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&break=attend:1")
	p.press("e")
	p.until(`window.kvstepFrame().meta.breaks?.here.length && !window.kvstepFrame().meta.run.running`)
	hit := eval[struct{ Head, Layer int }](p, `({Head: kvstepFrame().meta.breaks.here[0].head, Layer: kvstepFrame().meta.step.layer})`)
	p.press("h") // another head
	p.press("l") // and another layer
	p.until(fmt.Sprintf(`kvstepFrame().meta.pick.layer !== %d`, hit.Layer))
	p.js(`document.querySelector("#why button").click()`)
	p.until(fmt.Sprintf(`kvstepFrame().meta.pick.layer === %d && kvstepFrame().meta.pick.head === %d`, hit.Layer, hit.Head))
	p.clean()
}

func TestABadBreakpointInALinkIsNamed(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "this model has 5 layers", "zh": "这个模型有 5 层"} {
		p := open(t, "/lab?new=4&prompt=Mia+has+three+apples.&step=2&break=layer:7,top&lang="+lang)
		p.at(2)
		p.until(`!document.getElementById("problem").hidden`)
		if s := p.text("problem"); !strings.Contains(s, want) {
			t.Errorf("%s: %q", lang, s)
		}
		if s := eval[string](p, `window.kvstepFrame().meta.breaks.points.join()`); s != "top" {
			t.Errorf("the rest of the link: %q", s)
		}
		p.clean()
	}
}

func TestBookmarks(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=4")
	p.at(4)
	p.press("b")
	p.until(`document.querySelector("#transport [data-do=mark]").getAttribute("aria-pressed") === "true"`)
	p.press("t")
	p.press("t")
	p.until(`window.kvstepFrame().meta.step.n === 11`)
	p.click("do-mark")
	p.until(`(window.kvstepFrame().meta.marks ?? []).join() === "4,11"`)
	p.press("N")
	p.at(4)
	p.press("n")
	p.at(11)
	// PageUp and PageDown on the timeline are one pass.
	p.focus(`[data-testid="timeline"]`)
	p.press(kb.PageDown)
	p.at(11 - stepsPerPass(t))
	p.press(kb.PageUp)
	p.at(11)
	p.js(`document.activeElement.blur()`)
	p.press("b")
	p.until(`window.kvstepFrame().meta.marks.join() === "4"`)
	time.Sleep(400 * time.Millisecond)
	q := openOn(t, base, "/lab"+eval[string](p, `location.search`))
	q.at(11)
	q.click("do-mark-back")
	q.at(4)
	p.clean()
	q.clean()
}

// TestTheGutterSetsABreakpoint: a click on a layer's name beside the timeline.
func TestTheGutterSetsABreakpoint(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&new=6&prompt=Mia+has+three+apples.")
	at := eval[struct{ X, Y float64 }](p, `(async () => {
		const { place } = await import("/static/js/panel/timeline/map.js");
		const canvas = document.querySelector("[data-testid=timeline] canvas");
		const box = canvas.getBoundingClientRect();
		const b = place(canvas.clientWidth, window.kvstepFrame().meta).box(2);
		return { X: box.left + 20, Y: box.top + b.y + b.h / 2 };
	})()`)
	p.do(chromedp.MouseClickXY(at.X, at.Y))
	p.until(`window.kvstepFrame().meta.breaks?.points.join() === "layer:2"`)
	p.press("t")
	p.at(2)
	if s := p.text("why"); !strings.Contains(s, "层 2") {
		t.Errorf("%q", s)
	}
	p.do(chromedp.MouseClickXY(at.X, at.Y))
	p.until(`!window.kvstepFrame().meta.breaks`)
	p.clean()
}

// TestBeforeTheFirstStep: the prompt's own tokens stand in front of the layers.
func TestBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	for lang, prompt := range map[string]string{"en": "Mia has three apples.", "zh": "小刚在公园里找到了一只黄色的风筝。"} {
		p := open(t, "/lab?new=4&lang="+lang+"&prompt="+prompt)
		ids, err := m.Prepare(recipe.Complete(sim.Recipe{Prompt: prompt, MaxNew: 4}))
		if err != nil {
			t.Fatal(err)
		}
		titles := eval[string](p, `[...document.querySelectorAll("[data-tokens] li")].map((li) => li.title).join("\n")`)
		if n := strings.Count(titles, "\n") + 1; n != len(ids) {
			t.Errorf("%s: %d tokens wait, want %d", lang, n, len(ids))
		}
		for _, id := range ids {
			if !strings.Contains(titles, fmt.Sprint(id)) {
				t.Errorf("%s: token %d is not among %s", lang, id, titles)
			}
		}
		p.press(kb.ArrowRight)
		p.at(0)
		p.until(`document.getElementById("waiting").hidden`)
		p.clean()
	}
}
