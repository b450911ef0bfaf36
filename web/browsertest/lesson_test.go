package browsertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web"
)

// played is one way to play a lesson: where, and whether its first question is answered rightly; then by turns.
type played struct {
	lesson *lesson.Lesson
	lang   string
	size   [2]int64
	right  bool
}

// walks are all ways to play all lessons: each in both languages and windows, right and wrong.
func walks(shelf *lesson.Shelf) (all []played) {
	for _, l := range shelf.Lessons {
		if l.First {
			continue // it has a page of its own
		}
		for i, lang := range lesson.Languages {
			for j, size := range [][2]int64{{1280, 720}, {390, 844}} {
				all = append(all, played{l, lang, size, i == j})
			}
		}
	}
	return all
}

// TestLessonsArePlayed: every lesson can be played from the menu to its last beat by the keyboard alone; what it says is
// what the engine says of the run, and its numbers are those of kvstep trace; each answer is worth what it is worth; the
// page stays where it is, and is clean for axe. KVSTEP_ALL plays all of them; else two, by the day.
func TestLessonsArePlayed(t *testing.T) {
	t.Parallel()
	all := walks(web.Lessons().Shelf())
	if os.Getenv("KVSTEP_ALL") == "" {
		r := rand.New(rand.NewPCG(uint64(time.Now().YearDay()), 18))
		at, step := r.IntN(len(all)), 4*(1+r.IntN(len(all)/4-1))+1+2*r.IntN(2) // another lesson, another language or window
		all = []played{all[at], all[(at+step)%len(all)]}
	}
	base := serve(t)
	models := library.New()
	w := &walker{models: models, player: lesson.NewPlayer(models), traces: map[string][]traced{}}
	for _, way := range all {
		name := fmt.Sprintf("%s %s %d", way.lesson.Name, way.lang, way.size[0])
		t.Run(name, func(t *testing.T) {
			w.page = openOn(t, base, "/lab?lang="+way.lang)
			w.do(chromedp.EmulateViewport(way.size[0], way.size[1]))
			w.painted()
			w.play(name, way)
			w.clean()
		})
	}
	t.Logf("%d numbers, %d of them from traces, %d from frames", w.numbers, w.fromTrace, w.fromFrame)
	if w.numbers > 1000 && (w.fromTrace < 100 || w.fromFrame < 100) {
		t.Errorf("of %d numbers %d are held against traces, %d against frames", w.numbers, w.fromTrace, w.fromFrame)
	}
}

// lessonShifts collects the layout shifts of a lesson and of the boxes beside it, those after a press too. What stands
// in these boxes may be another thing at another beat.
const lessonShifts = `
	window.kvstepShifts = [];
	const note = (entries) => {
		for (const e of entries) {
			const moved = e.sources.filter(({node}) => (node?.closest ? node : node?.parentElement)?.closest("#lesson") || node?.matches?.(".view > *, .rail > *"));
			if (moved.length) kvstepShifts.push(moved.map(({node, previousRect, currentRect}) => (node?.id || node?.className || node?.nodeName) + " " + JSON.stringify([previousRect, currentRect])).join());
		}
	};
	const watch = new PerformanceObserver((list) => note(list.getEntries()));
	watch.observe({type: "layout-shift", buffered: false});
	window.kvstepShifted = () => (note(watch.takeRecords()), kvstepShifts.splice(0))`

// walker plays lessons, and knows what the engine says at each beat.
type walker struct {
	*page
	models *library.Library
	player *lesson.Player
	traces map[string][]traced // by recipe

	numbers, fromTrace, fromFrame int
}

// stageOf returns the whole run of a beat, with the cursor at a step.
func (w *walker) stageOf(way played, beat, cursor int) (lesson.Stage, sim.Recipe) {
	w.t.Helper()
	r, err := way.lesson.RecipeAt(beat, way.lang, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	stage, err := w.player.Stage(context.Background(), r, way.lang)
	if err != nil {
		w.t.Fatal(err)
	}
	stage.Cursor = cursor
	return stage, r
}

func (w *walker) play(name string, way played) {
	w.t.Helper()
	w.tabTo("#lessons summary")
	w.press(kb.Enter)
	w.until(`document.querySelectorAll("#lessons li button").length >= 12`)
	w.tabTo("[data-testid=lesson-" + way.lesson.Name + "]")
	w.press(kb.Enter)
	right, places := way.right, ""
	for i := range way.lesson.Beats {
		b := &way.lesson.Beats[i]
		where := name + " " + b.ID
		w.until(fmt.Sprintf(`kvstepFrame().meta.lesson?.name === %q && kvstepFrame().meta.lesson.beat === %d && kvstepFrame().meta.lesson.here && !kvstepFrame().meta.run.running`, way.lesson.Name, i))
		w.painted()
		if i == 0 {
			w.js(lessonShifts)
		} else if len(b.Run)+len(b.Open) > 0 { // another picture, or a panel more under it
			w.js(`kvstepShifted()`)
		}
		w.says(where, way, i, "")
		w.stands(where, &places)
		if i == len(way.lesson.Beats)/2 {
			w.strays(where, i)
		}
		switch {
		case b.Ask != nil:
			w.asked(where, way, i, right)
			right = !right
		case b.Go == lesson.ByStep:
			w.tabTo("#transport [data-do=layer]")
			w.press(kb.Enter)
			continue
		case b.Go == lesson.ByPick:
			w.tabTo("#stage canvas")
			w.press(kb.Enter)
			w.until(`!!kvstepFrame().meta.explain && document.querySelector("[data-testid=lesson-go]").className === "primary"`)
			w.press(kb.Escape)
			w.until(`!kvstepFrame().meta.explain`)
			w.js(`kvstepShifted()`) // the answer had its place
		}
		for _, s := range eval[[]string](w.page, `kvstepShifted()`) { // when all is over the words that leave make room
			w.t.Errorf("%s: %.500s shifts", where, s)
		}
		w.goOn()
	}
	w.until(`!kvstepFrame().meta.lesson && document.getElementById("lesson").hidden`)
	if !eval[bool](w.page, `document.activeElement.matches("#lessons summary")`) {
		w.t.Errorf("%s: at the end the focus is lost", name)
	}
}

// goOn presses the lesson's button.
func (w *walker) goOn() {
	w.t.Helper()
	w.tabTo("[data-testid=lesson-go]")
	w.press(kb.Enter)
}

// tabTo presses Tab, or Shift and Tab, until something has the focus.
func (w *walker) tabTo(selector string) {
	w.t.Helper()
	for range 120 {
		way := eval[int](w.page, fmt.Sprintf(`(() => {
			const all = [...document.querySelectorAll(%q)].filter((e) => e.checkVisibility());
			if (all.includes(document.activeElement)) return 0;
			return all.length && all[0].compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING && document.activeElement !== document.body ? -1 : 1;
		})()`, selector))
		switch way {
		case 0:
			return
		case 1:
			w.press(kb.Tab)
		default:
			w.keyed(typed{key: "Tab", code: "Tab", modifiers: 8, virtual: 9})
		}
	}
	w.t.Fatalf("no Tab leads to %s", selector)
}

// strays leaves the path by a step, and comes back by the lesson's button.
func (w *walker) strays(where string, beat int) {
	w.t.Helper()
	step := eval[int](w.page, `kvstepFrame().meta.step?.n ?? -1`)
	if step < 0 {
		return
	}
	w.tabTo("#transport [data-do=back]")
	w.press(kb.Enter)
	w.until(fmt.Sprintf(`(kvstepFrame().meta.step?.n ?? -1) === %d`, step-1))
	if said := eval[string](w.page, `document.querySelector("#lesson [data-note]").textContent`); said == "" {
		w.t.Errorf("%s: off the path nothing says so", where)
	}
	w.goOn()
	w.until(fmt.Sprintf(`kvstepFrame().meta.lesson.beat === %d && kvstepFrame().meta.lesson.here && kvstepFrame().meta.step?.n === %d && !kvstepFrame().meta.run.running`, beat, step))
}

// stands fails where a box of the view is elsewhere than at the beat before, where what a beat lights is not to be seen,
// and where two buttons are the first.
func (w *walker) stands(where string, before *string) {
	w.t.Helper()
	found := eval[struct {
		Boxes, Dark string
		First       []string
	}](w.page, `(() => {
		const at = (id) => { const r = document.querySelector(id).getBoundingClientRect(); return id + " " + [r.left, /transport|timeline/.test(id) ? 0 : r.top + scrollY, r.width, r.height].map(Math.round).join(); };
		const probe = document.body.appendChild(document.createElement("i"));
		probe.style.color = "var(--cached)";
		const color = getComputedStyle(probe).color;
		probe.remove();
		const {light = []} = kvstepFrame().meta.lesson;
		return {
			Boxes: [".picture", "#lesson", "#bars", "#transport", "#timeline"].map(at).join(" | "),
			Dark: light.length && ![...document.querySelectorAll(".lit")].some((e) => e.checkVisibility()) ? light.join() : "",
			First: [...document.querySelectorAll(".view button")].filter((e) => e.checkVisibility() && getComputedStyle(e).backgroundColor === color && !e.hasAttribute("aria-pressed") && !e.hasAttribute("aria-current")).map((e) => e.textContent.trim()),
		};
	})()`)
	if *before != "" && found.Boxes != *before {
		w.t.Errorf("%s: the view moves from\n%s\nto\n%s", where, *before, found.Boxes)
	}
	if *before = found.Boxes; found.Dark != "" {
		w.t.Errorf("%s: nothing of %s is to be seen", where, found.Dark)
	}
	if len(found.First) > 1 {
		w.t.Errorf("%s: %q are all the first", where, found.First)
	}
	w.axe(where)
}

// asked answers a beat's question, rightly or as somebody does who believes something else.
func (w *walker) asked(where string, way played, beat int, right bool) {
	w.t.Helper()
	stage, _ := w.stageOf(way, beat, 1<<30)
	known, err := way.lesson.Outcomes(way.lang, beat, stage)
	if err != nil {
		w.t.Fatal(where, err)
	}
	is := known[0]
	if !right && len(known) > 1 {
		is = known[1+(beat%(len(known)-1))]
	}
	w.fillIn(way.lesson.Say(way.lang, beat, is.Given, stage).Ask, is.Given)
	w.goOn()
	w.until(`!!kvstepFrame().meta.lesson.ask?.given`)
	if !eval[bool](w.page, `!!kvstepFrame().meta.lesson.ask.graded`) {
		w.goOn() // see what happens
	}
	w.until(`!!kvstepFrame().meta.lesson.ask?.graded && !kvstepFrame().meta.run.running && !document.querySelector("[data-testid=lesson-reply]").hidden`)
	if got := eval[bool](w.page, `kvstepFrame().meta.lesson.ask.graded.right`); got != is.Graded.Right {
		w.t.Errorf("%s: %s, answered %s as %q, is right: %t", where, is.ID, eval[string](w.page, `kvstepFrame().meta.lesson.ask.given`), is.Given, got)
	}
	w.says(where+" graded", way, beat, is.Given)
	w.axe(where + " graded")
	if said := eval[[]string](w.page, `["given", "came"].filter((name) => !document.querySelector("#lesson [data-fields] ." + name)?.checkVisibility())`); len(said) > 0 {
		w.t.Errorf("%s: of what was predicted and what came, %v is not there", where, said)
	}
}

// fillIn answers by keys.
func (w *walker) fillIn(ask *lesson.AskInfo, answer string) {
	w.t.Helper()
	in := "#lesson [data-fields] "
	switch ask.Kind {
	case "number":
		if ask.Unit == "percent" {
			answer = times100(answer)
		}
		w.tabTo(in + "input")
		w.press(answer)
	case "cells":
		if answer == lesson.NoCells {
			w.tabTo(in + "[type=checkbox]")
			w.press(" ")
			return
		}
		w.tabTo(in + "[type=text]")
		w.press(answer)
	case "choice":
		w.choose(in, strings.Split(answer, ","), ask.Several)
	case "token":
		if eval[bool](w.page, fmt.Sprintf(`!!document.querySelector('%s[value="%s"]')`, in, answer)) {
			w.choose(in, []string{answer}, false)
			return
		}
		w.tabTo(in + "[type=text]")
		w.press(strings.Trim(ask.Graded.Given, "· "))
	case "order":
		w.sort(in, strings.Split(answer, ","))
	case "curve":
		w.draw(in, ask.Most, answer)
	}
}

// choose goes through radio buttons by arrows, or takes boxes by the space bar.
func (w *walker) choose(in string, ids []string, several bool) {
	w.t.Helper()
	if several {
		for _, id := range ids {
			w.tabTo(in + "[value=" + id + "]")
			w.press(" ")
		}
		return
	}
	w.tabTo(in + "[type=radio]")
	w.press(" ")
	for range 100 {
		if eval[bool](w.page, fmt.Sprintf(`document.activeElement.value === "%s" && document.activeElement.checked`, ids[0])) {
			return
		}
		w.press(kb.ArrowDown)
	}
	w.t.Fatalf("no arrow leads to %s", ids[0])
}

// sort moves choices up until they stand as they shall.
func (w *walker) sort(in string, ids []string) {
	w.t.Helper()
	now := strings.Split(eval[string](w.page, `kvstepFrame().meta.lesson.ask.choices.map((c) => c.id).join()`), ",")
	for at, id := range ids {
		for i := slices.Index(now, id); i > at; i-- {
			w.tabTo(fmt.Sprintf("%sli:nth-child(%d) button:first-of-type", in, i+1))
			w.press(kb.Enter)
			now[i-1], now[i] = now[i], now[i-1]
		}
	}
}
