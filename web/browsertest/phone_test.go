package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// inSight tells whether an element lies wholly in the window and under nothing.
const inSight = `((e) => {
	const r = e.getBoundingClientRect();
	if (!(r.width > 0 && r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth)) return false;
	const top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
	return e.contains(top) || top.contains(e);
})`

// TestAPhoneShowsTheFigureFirst: without scrolling there are the buttons, the
// sentence and the beginning of the figure; the buttons stay when one scrolls
// to the rest of it; the form is one touch away and names the run.
func TestAPhoneShowsTheFigureFirst(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=20")
	p.do(chromedp.EmulateViewport(1280, 800), chromedp.Sleep(300*time.Millisecond))
	if eval[bool](p, `[...document.querySelectorAll("#transport > .buttons > button, #transport .timeline")].some((e) => !e.checkVisibility())`) {
		t.Error("a large window folds a control away")
	}
	p.do(chromedp.EmulateViewport(360, 740), chromedp.Sleep(300*time.Millisecond))
	for lang, says := range map[string]string{"zh": "zh-Hans", "en": "en"} {
		p.click("lang-" + lang)
		p.until(`document.documentElement.lang === "` + says + `"`)
		for _, what := range []string{"#transport [data-do=layer]", "#transport [data-do=back]", "#transport [data-do=token]", "#transport [data-do=play]", "[data-line]", "[data-op=K][data-lane=cached] canvas", "[data-op=scores][data-lane=cached] canvas"} {
			p.until(inSight + `(document.querySelector("` + what + `"))`)
		}
	}
	p.do(chromedp.Sleep(300 * time.Millisecond)) // words have wrapped
	p.js(`document.querySelector("[data-op=out]").scrollIntoView({block: "end"}); scrollBy(0, 8)`)
	for _, what := range []string{"#transport [data-do=layer]", "[data-op=scores][data-lane=cached] canvas", "[data-op=out][data-lane=cached] canvas"} {
		p.until(inSight + `(document.querySelector("` + what + `"))`)
	}
	before := eval[string](p, `document.querySelector("[data-op=out][data-lane=cached] canvas").toDataURL()`)
	p.click("do-layer")
	p.at(21)
	p.until(`document.querySelector("[data-op=out][data-lane=cached] canvas").toDataURL() !== ` + "`" + before + "`")

	p.js(`scrollTo(0, 0)`)
	if has := eval[string](p, `document.getElementById("recipe-open").innerText`); has == "" || !eval[bool](p, `document.getElementById("recipe-open").innerText.includes("Mia has three apples.")`) {
		t.Errorf("the folded form says %q", has)
	}
	p.click("recipe-open")
	p.fill("prompt", "")
	p.click("run")
	p.until(`!document.getElementById("problem").hidden`)
	if !eval[bool](p, `document.querySelector("[data-testid=prompt]").checkVisibility()`) {
		t.Error("a run that was refused hides the prompt that is to be mended")
	}
	p.fill("prompt", "Sam gave a book to Rosa.")
	p.click("run")
	p.until(`window.kvstepFrame().meta.run.recipe.prompt === "Sam gave a book to Rosa." && !document.querySelector("[data-testid=prompt]").checkVisibility()`)
	p.until(`document.getElementById("recipe-open").innerText.includes("Sam gave") && document.activeElement.id === "recipe-open"`)

	// The menus are folded away too; their keys open them all the same.
	p.press("k")
	p.until(`document.activeElement.name === "kind"`)
	p.axe("phone, everything unfolded")
	p.clean()
}

// TestAPhoneHasTheMapOfTheRun: the timeline is there, shows where the run stands, and a finger on it leads back.
func TestAPhoneHasTheMapOfTheRun(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=20")
	p.do(chromedp.EmulateViewport(390, 844))
	p.until(inSight + `(document.querySelector("#transport .timeline"))`)
	p.painted()
	to := eval[[]float64](p, `(() => { const r = document.querySelector(".timeline canvas").getBoundingClientRect(); return [r.left + 10, r.bottom - 4, r.height] })()`)
	if to[2] > 30 {
		t.Errorf("the map is %v pixels high", to[2])
	}
	p.do(chromedp.MouseClickXY(to[0], to[1]))
	p.at(0)
	p.clean()
}

// TestMenusAreInSight: on every width a menu that opens is within the window, makes the
// page no wider, and on a phone leaves the button that runs it free.
func TestMenusAreInSight(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&schedule=continuous&req=0:4:cat")
	for _, width := range []int64{360, 390, 700, 1024, 1440} {
		p.do(chromedp.EmulateViewport(width, 800))
		for _, menu := range []string{"settings", "policy", "several"} {
			p.js(fmt.Sprintf(`document.getElementById("recipe").classList.add("open"); document.querySelector("[data-testid=%s]").open = true`, menu))
			p.until(fmt.Sprintf(`(() => { const b = document.querySelector("[data-testid=%s] .sheet").getBoundingClientRect(); return b.width > 0 && b.left >= 0 && b.right <= innerWidth && document.documentElement.scrollWidth <= innerWidth })()`, menu))
			if width < 640 && !eval[bool](p, `(() => { const r = document.querySelector("[data-testid=run]"); r.scrollIntoView({block: "center"}); return `+inSight+`(r) })()`) {
				t.Errorf("%d pixels: %s lies over the button", width, menu)
			}
		}
		p.js(`document.getElementById("recipe").classList.remove("open"); scrollTo(0, 0); document.getElementById("more").open = true`)
		for _, lang := range []string{"en", "zh"} {
			p.click("lang-" + lang)
			for _, menu := range []string{"more", "take", "breaks"} {
				p.js(fmt.Sprintf(`document.getElementById("more").open = true; document.querySelector("[data-testid=%s]").open = true`, menu))
				p.until(fmt.Sprintf(`(() => { const b = document.querySelector("[data-testid=%s] .sheet").getBoundingClientRect(); return b.width > 0 && b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight && document.documentElement.scrollWidth <= innerWidth })()`, menu))
			}
			if blank := eval[[]string](p, `[...document.querySelectorAll("#more .sheet button")].filter((b) => b.checkVisibility() && !b.innerText.trim() && !b.querySelector(".glyph")?.checkVisibility()).map((b) => b.dataset.testid)`); len(blank) > 0 {
				t.Errorf("%d pixels: %q are blank", width, blank)
			}
		}
	}
	p.clean()
}
