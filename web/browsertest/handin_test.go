package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim/lesson"
)

// answered is where the page stands in its lesson, and what has been answered.
const answered = `JSON.stringify([kvstepFrame().meta.lesson?.name, kvstepFrame().meta.lesson?.id, kvstepFrame().meta.lesson?.here,
	new URLSearchParams(kvstepFrame().meta.link).get("answers"), kvstepFrame().meta.run.recipe.prompt])`

// TestAnswersAreHandedIn: what somebody answers on one device is a file and a link, which go on at the same beat, on the
// same run, with the same answers in a browser that has never seen the lesson; in both languages.
func TestAnswersAreHandedIn(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for _, lang := range []string{"en", "zh"} {
		p := openOn(t, base, "/lab?lesson=decode&prompt=Once+upon+a+time&lang="+lang)
		p.until(`kvstepFrame().meta.lesson?.here`)
		for !eval[bool](p, `!!kvstepFrame().meta.lesson.ask`) {
			p.goOn()
		}
		p.answer(eval[string](p, `kvstepFrame().meta.lesson.ask.kind`), false)
		p.until(`!!kvstepFrame().meta.lesson.ask.given`)
		p.js(`document.querySelector("[data-testid=lesson-go]").click()`) // see what happens
		p.until(`!!kvstepFrame().meta.lesson.ask.graded && kvstepPainted()`)
		p.goOn()
		want := eval[string](p, answered)
		if !strings.Contains(want, "~") || !strings.Contains(want, "Once upon a time") {
			t.Fatal(want)
		}

		p.js(`document.querySelector("#lessons summary").click()`)
		p.until(`document.querySelectorAll("#lessons li button").length >= 12`)
		p.js(`document.querySelector("[data-testid=menu-answers]").click()`)
		p.until(`document.getElementById("answers").open && document.querySelector("[data-testid=answers-lesson]").value === "decode"`)
		p.js(`document.querySelector("[data-testid=answers-name]").value = "Ada 猫"`)
		file := p.download(`document.querySelector("[data-testid=answers-save]").click()`)
		if name := filepath.Base(file); name != "kvstep-decode-Ada_猫.json" {
			t.Error(name)
		}
		p.js(`navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve())`)
		p.js(`document.querySelector("[data-testid=answers-link]").click()`)
		link := eval[string](p, `window.copied ?? ""`)
		p.js(`document.getElementById("answers").close(); document.querySelector("[data-testid=lesson-leave]").click()`)
		p.until(`!kvstepFrame().meta.lesson && kvstepPainted()`)
		p.js(`document.querySelector("[data-testid=menu-answers]").click()`) // what it has is there all the same
		p.until(`document.getElementById("answers").open && document.querySelector("[data-testid=answers-lesson]").value === "decode"`)
		p.axe("my answers, " + lang)
		p.js(`document.getElementById("answers").close()`)
		p.do(chromedp.Reload())
		p.until(`window.kvstepFrame?.() && !kvstepFrame().meta.lesson && kvstepPainted()`)
		p.js(`document.querySelector("#lessons summary").click()`)
		p.until(`!!document.querySelector("[data-testid=lesson-decode]")`)
		p.js(`document.querySelector("[data-testid=lesson-decode]").click()`) // this browser knows where it was
		p.until(fmt.Sprintf(`%s === %q`, answered, want))
		p.clean()

		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		both := append([]lesson.Handed{}, lesson.ReadHandIns(data)...)
		both = append(both, lesson.ReadHandIns([]byte(link))...)
		if a, b := handedIn(both[0].HandIn), handedIn(both[1].HandIn); len(both) != 2 || a != b || both[0].Name != "Ada 猫" || both[0].Version == "" || both[0].Lang != lang {
			t.Errorf("the file says %s, the link %s", a, b)
		}

		other := openOn(t, serve(t), strings.TrimPrefix(link, base))
		other.until(fmt.Sprintf(`%s === %q`, answered, want))
		other.js(`document.querySelector("#lessons summary").click()`)
		other.js(`document.querySelector("[data-testid=menu-answers]").click()`)
		other.until(`document.querySelector("[data-testid=answers-name]").value === "Ada 猫"`)
		other.clean()

		other = openOn(t, serve(t), "/lab?lang="+lang)
		other.until(`!kvstepFrame().meta.lesson && kvstepPainted()`)
		if lang == "en" {
			other.do(chromedp.SetUploadFiles(`[data-testid=answers-file]`, []string{file}, chromedp.NodeReady))
		} else { // or dropped on the page
			other.js(fmt.Sprintf(`const it = new DataTransfer(); it.items.add(new File([%q], "a.json"));
				document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: it, bubbles: true, cancelable: true}))`, data))
		}
		other.until(fmt.Sprintf(`%s === %q`, answered, want))
		// And another file: it is told to be none, and the lesson stays.
		if err := os.WriteFile(file, []byte(`{"name":"package"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		other.do(chromedp.SetUploadFiles(`[data-testid=answers-file]`, []string{file}, chromedp.NodeReady))
		other.until(`document.getElementById("answers").open && document.querySelector("[data-testid=answers-status]").textContent.length > 3`)
		if got := eval[string](other, answered); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		other.clean()
	}
}

func handedIn(h lesson.HandIn) string {
	data, _ := json.Marshal(h)
	return string(data)
}

// goOn presses the button of a beat, and waits for the next one.
func (p *page) goOn() {
	p.t.Helper()
	beat := eval[int](p, `kvstepFrame().meta.lesson.beat`)
	p.js(`document.querySelector("[data-testid=lesson-go]").click()`)
	p.until(fmt.Sprintf(`kvstepFrame().meta.lesson.beat === %d && kvstepFrame().meta.lesson.here && kvstepPainted()`, beat+1))
}

// TestALessonFollowsTheLanguage: a lesson speaks the page's language, whether its link says one or not, and another one as soon
// as the page does.
func TestALessonFollowsTheLanguage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lesson=decode&beat=what-again")
	p.until(`kvstepFrame().meta.lesson?.here && kvstepPainted()`)
	title := func() string { return eval[string](p, `document.querySelector("#lesson [data-title]").textContent`) }
	if s := title(); !strings.HasPrefix(s, "Decode") {
		t.Error(s)
	}
	p.js(`document.querySelector("[data-testid=lang-zh]").click()`)
	p.until(`kvstepFrame().meta.lesson.title.startsWith("解码") && kvstepFrame().meta.lesson.here && kvstepPainted()`)
	if s := title(); !strings.HasPrefix(s, "解码") {
		t.Error(s)
	}
	p.until(`new URLSearchParams(location.search).get("lang") === "zh"`)
	p.clean()
}

// answer fills in the form of a question and sends it: the first choice, or else a number that is nobody's.
func (p *page) answer(kind string, first bool) {
	p.t.Helper()
	p.js(fmt.Sprintf(`(() => {
		const form = document.querySelector("#lesson [data-fields]"), first = %v;
		const say = (input, value) => { input.value = value; input.dispatchEvent(new Event("input", {bubbles: true})); };
		const inputs = [...form.querySelectorAll("input")];
		if (%q === "number") say(inputs[0], first ? "2" : "1e3");
		if (%q === "cells") say(inputs[0], first ? "0-3" : "0");
		if (["choice", "token"].includes(%q)) inputs.at(first ? 0 : -1).click();
		if (%q === "curve") inputs.forEach((input, i) => say(input, String(10 * (i + 1))));
	})()`, first, kind, kind, kind, kind))
	p.focus("[data-testid=lesson-go]")
	p.press(kb.Enter)
}
