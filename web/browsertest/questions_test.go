package browsertest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// ask is a question of the page and the numbers that its card shows, by their names there.
type ask struct {
	id   string
	want func(c sim.Config, all []sim.Step, s *sim.Step) map[string]float64
}

// asking is a moment of a run at which people ask.
type asking struct {
	recipe sim.Recipe
	query  string // of its link, beside prompt and length
	step   int    // counted back from the last step, if it is negative
	asks   []ask
}

// questions are those of docs/questions.md, each at moments that have all numbers of its answer. What they want
// is the trace's, the config's, or of both by the formula that the card names.
var questions = []asking{
	{recipe: sim.Recipe{}, step: 14, asks: []ask{ // layer 2 of decode pass 2
		{"phase", func(_ sim.Config, all []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Prompt": float64(all[0].Rows), "Rows": float64(s.Rows), "Cached": float64(s.Cached)}
		}},
		{"q", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"HeldTokens": float64(s.Lanes[sim.Cached].KVTokens)}
		}},
		{"mask", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Pairs": float64(s.Rows * len(s.Tokens))}
		}},
		{"same", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Tokens": float64(len(s.Tokens)), "Cached": float64(s.Cached), "Rows": float64(s.Rows)}
		}},
		{"bytes", func(c sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Sides": 2, "Layers": float64(c.Layers), "KVHeads": float64(c.KVHeads), "HeadDim": float64(c.HeadDim),
				"NumberBytes": 4, "TokenBytes": tokenBytes(c), "Held": float64(s.Lanes[sim.Cached].KVBytes)}
		}},
		{"gqa", func(c sim.Config, _ []sim.Step, _ *sim.Step) map[string]float64 {
			return map[string]float64{"Heads": float64(c.Heads), "KVHeads": float64(c.KVHeads), "TokenBytes": tokenBytes(c),
				"MQABytes": tokenBytes(c) / float64(c.KVHeads)}
		}},
		{"memory", func(c sim.Config, all []sim.Step, _ *sim.Step) map[string]float64 {
			most := float64(all[0].Rows + maxNew - 1) // the last token is never fed
			return map[string]float64{"TokenBytes": tokenBytes(c), "Capacity": most, "Needs": most * tokenBytes(c)}
		}},
		{"growth", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Tokens": float64(len(s.Tokens)), "Rows": float64(s.Rows),
				"TotalCached": float64(s.Totals[sim.Cached].Flops.Total()), "TotalUncached": float64(s.Totals[sim.Uncached].Flops.Total())}
		}},
		{"bound", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			h, err := cost.HardwarePreset("Classroom PC")
			if err != nil {
				panic(err)
			}
			peak := h.Peaks["fp32"]
			l := h.Least(s.Lanes[sim.Cached], peak)
			return map[string]float64{"StepFlops": float64(l.Flops), "StepBytes": float64(l.Bytes),
				"Intensity": float64(l.Flops) / float64(l.Bytes), "Ridge": peak / h.Bandwidth}
		}},
	}},
	{recipe: sim.Recipe{}, step: 2, asks: []ask{ // layer 2 of prefill
		{"mask", func(_ sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Masked": float64(s.Rows * (s.Rows - 1) / 2), "Pairs": float64(s.Rows * s.Rows)}
		}},
	}},
	{recipe: sim.Recipe{}, step: 11, asks: []ask{ // the head of decode pass 1
		{"choice", func(c sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			return map[string]float64{"Vocab": float64(c.Vocab), "Prob": float64(s.Top()[0].Prob)}
		}},
	}},
	{recipe: sim.Recipe{Sampler: sim.Sampler{Kind: "sample", Seed: 5}}, query: "&sampler=sample&seed=5", step: 11, asks: []ask{
		{"choice", func(c sim.Config, _ []sim.Step, s *sim.Step) map[string]float64 {
			stages := s.Choice().Stages
			return map[string]float64{"Vocab": float64(c.Vocab), "Draw": s.Choice().Random, "Possible": float64(stages[len(stages)-1].Possible)}
		}},
	}},
	{recipe: sim.Recipe{Model: "story-gqa"}, query: "&model=story-gqa", step: 14, asks: []ask{
		{"gqa", func(c sim.Config, _ []sim.Step, _ *sim.Step) map[string]float64 {
			return map[string]float64{"Heads": float64(c.Heads), "KVHeads": float64(c.KVHeads), "TokenBytes": tokenBytes(c),
				"MHABytes": tokenBytes(c) / float64(c.KVHeads) * float64(c.Heads)}
		}},
	}},
	{recipe: sim.Recipe{Cache: sim.CachePolicy{Budget: 49152}}, query: "&budget=49152", step: 14, asks: []ask{
		{"memory", func(c sim.Config, _ []sim.Step, _ *sim.Step) map[string]float64 {
			return map[string]float64{"TokenBytes": tokenBytes(c), "Budget": 49152, "Fits": math.Floor(49152 / tokenBytes(c))}
		}},
	}},
	{recipe: sim.Recipe{Draft: "story-draft", Propose: 4}, query: "&draft=story-draft&propose=4", step: -1, asks: []ask{
		{"draft", wantDraft},
	}},
}

const maxNew = 6

// tokenBytes is what a token takes of a cache in float32.
func tokenBytes(c sim.Config) float64 { return float64(2 * c.Layers * c.KVHeads * c.HeadDim * 4) }

// wantDraft adds up what the passes gave and read.
func wantDraft(c sim.Config, all []sim.Step, s *sim.Step) map[string]float64 {
	passes, tokens := 0, 0
	for i := range all[:s.N+1] {
		if x := &all[i]; x.Part == sim.HeadPart {
			tokens += len(x.NewTokens())
			passes++
		}
	}
	total := s.Totals[sim.Cached]
	return map[string]float64{"SpecPasses": float64(passes - 1), "SpecTokens": float64(tokens - 1),
		"SpecBytes": float64(total.WeightBytes) / float64(tokens), "PassBytes": float64(total.WeightBytes) / float64(passes),
		"SpecFlops": float64(total.Flops.Total()) / float64(tokens)}
}

// TestQuestionsAreAnswered walks from a running step to the answer of each question, in at most two presses and
// in both languages, and holds the numbers of the card against the run itself.
func TestQuestionsAreAnswered(t *testing.T) {
	base := serve(t)
	answered := map[string]bool{}
	for _, q := range questions {
		q.recipe.Prompt, q.recipe.MaxNew = "Mia has three apples.", maxNew
		m, err := library.New().Get(q.recipe.Model)
		if err != nil {
			t.Fatal(err)
		}
		all := steps(t, q.recipe)
		n := q.step
		if n < 0 {
			n += len(all)
		}
		p := openOn(t, base, fmt.Sprintf("/lab?lang=en&new=%d&prompt=Mia+has+three+apples.&step=%d%s", maxNew, n, q.query))
		p.at(n)
		for _, lang := range []string{"en", "zh"} {
			p.click("lang-" + lang)
			p.until(fmt.Sprintf(`document.documentElement.dataset.lang === %q || document.documentElement.lang.startsWith(%q)`, lang, lang))
			for _, a := range q.asks {
				p.answers(lang, a.id, a.want(m.Model.Config, all, &all[n]))
				answered[a.id] = true
			}
		}
		p.clean()
	}
	if want := []string{"bound", "bytes", "choice", "draft", "gqa", "growth", "mask", "memory", "phase", "q", "same"}; !slices.Equal(slices.Sorted(maps.Keys(answered)), want) {
		t.Errorf("answered are %v, want %v", slices.Sorted(maps.Keys(answered)), want)
	}
}

// answers presses a question mark, after one fold around it where there is one, and compares the card.
func (p *page) answers(lang, id string, want map[string]float64) {
	p.t.Helper()
	mark := fmt.Sprintf(`[data-asks="%s"]`, id)
	actions := 1
	if eval[bool](p, fmt.Sprintf(`(() => {
		const fold = document.querySelector('%s')?.closest("details:not([open])");
		fold?.querySelector("summary").click();
		return !!fold;
	})()`, mark)) {
		actions++
	}
	if !eval[bool](p, fmt.Sprintf(`!!document.querySelector('%s')?.checkVisibility()`, mark)) {
		p.t.Fatalf("%s, %s: no question mark in sight after %d actions", lang, id, actions)
	}
	p.do(chromedp.Click(chromedp.CSS(mark)))
	ready := []string{`document.getElementById("card").matches(":popover-open")`}
	for name := range want {
		ready = append(ready, fmt.Sprintf(`document.querySelector('#card [data-number="%s"]')`, name))
	}
	for _, condition := range ready {
		p.until(condition)
	}
	type shown struct{ Name, Value, Text string }
	for _, x := range eval[[]shown](p, `[...document.querySelectorAll("#card [data-number]")].map((e) => ({Name: e.dataset.number, Value: e.dataset.value, Text: e.innerText}))`) {
		value, err := strconv.ParseFloat(x.Value, 64)
		if number, ok := want[x.Name]; ok && (err != nil || math.Abs(value-number) > 1e-6*math.Abs(number)) {
			p.t.Errorf("%s, %s: %s is %s (%s), want %v", lang, id, x.Name, x.Value, x.Text, number)
		} else if x.Text == "" {
			p.t.Errorf("%s, %s: %s is not written", lang, id, x.Name)
		}
	}
	title := eval[string](p, `document.activeElement.id + ": " + document.activeElement.innerText`)
	if end := map[string]string{"en": "?", "zh": "？"}[lang]; !strings.HasPrefix(title, "card-title: ") || !strings.HasSuffix(title, end) {
		p.t.Errorf("%s, %s: the focus is on %q", lang, id, title)
	}
	p.press(kb.Escape)
	p.until(`!document.getElementById("card").matches(":popover-open")`)
	p.until(fmt.Sprintf(`document.activeElement?.dataset.asks === %q`, id))
}

// covered are the lit things that the card lies over, and whether nothing is lit.
const covered = `(() => {
	const card = document.getElementById("card").getBoundingClientRect(), lit = [...document.querySelectorAll(".explained")];
	const meets = (r) => Math.min(r.right, card.right) - Math.max(r.left, card.left) > 1 && Math.min(r.bottom, card.bottom) - Math.max(r.top, card.top) > 1;
	const out = card.left < 0 || card.top < 0 || card.right > innerWidth || card.bottom > innerHeight;
	return [...(lit.length ? [] : ["nothing is lit"]), ...(out ? ["the card leaves the window"] : []),
		...lit.filter((e) => meets(e.getBoundingClientRect())).map((e) => e.id || e.dataset.op || e.tagName)];
})()`

// TestCardsCoverNothingTheyExplain: at every size the card of a question or a term in view stands beside what it
// explains, which is lit until it closes.
func TestCardsCoverNothingTheyExplain(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&step=14")
	for _, size := range windows {
		for _, lang := range []string{"en", "zh"} {
			p.do(chromedp.EmulateViewport(int64(size[0]), int64(size[1])))
			p.click("lang-" + lang)
			p.painted()
			inView := `[...document.querySelectorAll(".asks, .term")].filter((e) => { const r = e.getBoundingClientRect(); return e.checkVisibility({visibilityProperty: true}) && r.width && r.top > 0 && r.bottom < innerHeight && !e.closest("#card") })`
			for i := range eval[int](p, inView+`.length`) {
				p.js(fmt.Sprintf(`window.asked = %s[%d]; asked.click()`, inView, i))
				p.until(`document.getElementById("card").matches(":popover-open") && document.activeElement.id === "card-title"`)
				if bad := eval[[]string](p, covered); len(bad) > 0 {
					t.Errorf("%v %s, the card of %s: %q", size, lang, eval[string](p, `asked.dataset.asks ?? asked.dataset.term`), bad)
				}
				p.press(kb.Escape)
				p.until(`!document.getElementById("card").matches(":popover-open") && !document.querySelector(".explained")`)
			}
		}
	}
	p.clean()
}
