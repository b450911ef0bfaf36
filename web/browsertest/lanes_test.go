package browsertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
)

// lanes waits for a run with these lanes at step n, with every counter of a run in which
// both lanes execute everything.
func (p *page) lanes(lanes string, s *sim.Step) {
	p.t.Helper()
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.lanes === %q && window.kvstepFrame().meta.step?.n === %d && !window.kvstepFrame().meta.run.running`, lanes, s.N))
	p.compare(s)
}

// says waits for words of an element.
func (p *page) says(testid, words string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector("[data-testid='%s']").innerText.includes(%q)`, testid, words))
}

// TestLaneSwitch: beside the lamp one chooses what the lane without a cache does; the run
// begins anew and comes to the same step, with the same numbers, and says how it knows them.
func TestLaneSwitch(t *testing.T) {
	t.Parallel()
	const at = 52
	want := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 12})
	query := "&new=12&prompt=" + strings.ReplaceAll(leaf, " ", "+") + fmt.Sprintf("&step=%d&show=formulas", at)
	for _, lang := range []string{"en", "zh"} {
		words := map[string][4]string{
			"en": {"identical, bit for bit, in the first 12 tokens; counted from there", "counted, not run", "not run", "not in this run"},
			"zh": {"前 12 个词元逐位相同；此后只计数", "只计数，未运行", "未运行", "本次运行没有"},
		}[lang]
		p := open(t, "/lab?lang="+lang+query)
		p.lanes("both", &want[at])
		p.js(`document.querySelector("[data-testid=switches]").open = true`)
		p.focus("[data-testid=ledger-lanes]")
		p.press(kb.ArrowDown) // as everywhere in the page: the keyboard is enough; until now is what the number says
		p.until(`document.querySelector("#lanes [data-testid=pending]").textContent !== ""`)
		p.click("ledger-run")
		p.lanes("both:14", &want[at])
		if eval[bool](p, `"compared" in window.kvstepFrame().meta.step`) {
			t.Errorf("%s: the lane waits before it has to", lang)
		}
		p.press(kb.Tab)
		if id := eval[string](p, `document.activeElement.dataset.testid`); id != "ledger-lane-tokens" {
			t.Errorf("%s: the number of tokens is not next, but %q", lang, id)
		}
		p.fill("ledger-lane-tokens", "12")
		p.press(kb.Enter)
		p.click("ledger-run")
		p.lanes("both:12", &want[at])
		p.says("lamp", words[0])
		p.says("ledger-step", words[1])
		for _, span := range []string{"step", "pass", "total"} { // so far, of those decode steps that both lanes ran
			cell := fmt.Sprintf(`document.querySelector('[data-numbers="%s"] [data-cell="seconds.uncached"]')`, span)
			if s := eval[string](p, cell+".textContent"); (s == words[2]) != (span != "total") {
				t.Errorf("%s: %s has the time %q", lang, span, s)
			}
		}
		if s := eval[string](p, `document.querySelector('[data-numbers="total"] [data-cell="seconds.kind"]').textContent`); !strings.Contains(s, "36") {
			t.Errorf("%s: the time so far is %q", lang, s) // passes of 7 to 12 tokens
		}
		p.axe("the lane without a cache waits, " + lang)
		p.choose("ledger-lanes", "cached")
		p.click("ledger-run")
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.lanes === "cached" && window.kvstepFrame().meta.step?.n === %d`, at))
		p.until(fmt.Sprintf(`document.querySelector("[data-testid=lamp]").dataset.state === "off" && document.querySelector("[data-testid=flops-step-uncached]").textContent === %q`, words[3]))
		p.choose("ledger-lanes", "both")
		p.click("ledger-run")
		p.lanes("both", &want[at])
		p.until(`document.querySelector("[data-testid=lamp]").dataset.state === "same"`)
		p.clean()
	}
}

// TestLanesOfTheForm: the form has the same switch, which waits for New run; what a large
// model begins with is its own, and another model's where nobody has chosen.
func TestLanesOfTheForm(t *testing.T) {
	t.Parallel()
	c := sim.Config{Family: "llama", Dim: 256, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 64, FFN: 1024,
		Vocab: 50, Context: 1 << 14, NormEps: 1e-5, RopeBase: 10000, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(16, 2)), c))
	if err != nil {
		t.Fatal(err)
	}
	p := openOn(t, serveModels(t, library.New(&library.Loaded{Name: "large", Model: m})), "/lab?lang=en&model=large&new=2")
	offered := library.DefaultLanes(c)
	if !strings.HasPrefix(offered, sim.BothUntil) {
		t.Fatalf("a pass of %d tokens is thought cheap", c.Context)
	}
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.lanes === %q`, offered))
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=recipe-lane-tokens]").value === %q`, strings.TrimPrefix(offered, sim.BothUntil)))
	p.choose("model", "story")
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.run.model === "story" && window.kvstepFrame().meta.run.recipe.lanes === "both"`)
	p.js(`document.querySelector("[data-testid=settings] summary").click()`)
	p.choose("recipe-lanes", sim.BothUntil)
	p.fill("recipe-lane-tokens", "9")
	if lanes := eval[string](p, `window.kvstepFrame().meta.run.recipe.lanes`); lanes != "both" {
		t.Errorf("the form has run %q without being asked", lanes)
	}
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.run.recipe.lanes === "both:9"`)
	p.until(`document.querySelector("[data-testid=ledger-lane-tokens]").value === "9" && location.search.includes("lanes=both%3A9")`)
	p.fill("recipe-lane-tokens", "-1")
	p.submit("#recipe")
	if s := p.refused("recipe-lane-tokens"); !strings.Contains(s, "0 to 1,048,576") {
		t.Errorf("-1 tokens are refused with %q", s)
	}
	p.choose("recipe-lanes", "cached") // a number that is not asked for stands in nobody's way
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.run.recipe.lanes === "cached"`)
	p.clean()
}
