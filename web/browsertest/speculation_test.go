package browsertest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
)

// TestSpeculation: the form asks for a draft, and every pass says on the page
// what kvstep trace says of it, in both languages.
func TestSpeculation(t *testing.T) {
	t.Parallel()
	const prompt = "One day Tom found a red ball."
	rec := sim.Recipe{Prompt: prompt, MaxNew: 32, Sampler: sim.Sampler{Kind: "sample", Seed: 5}, Draft: "story-draft", Propose: 4}
	all := steps(t, rec)
	perPass := stepsPerPass(t)
	for lang, words := range map[string][]string{"en": {"rejected", "leave the cache"}, "zh": {"拒绝了", "移出缓存"}} {
		p := open(t, "/lab?lang="+lang)
		p.js(`document.querySelector("[data-testid=settings]").open = true`)
		p.js(`const s = document.querySelector("[data-testid=sampler]"); s.value = "sample"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
		p.js(`const x = document.querySelector("[data-testid=draft]"); x.value = "story-draft"; x.dispatchEvent(new Event("change", {bubbles: true}))`)
		for _, f := range [][2]string{{"prompt", prompt}, {"new", "32"}, {"set-seed", "5"}, {"propose", "4"}} {
			p.fill(f[0], f[1])
		}
		p.click("run")
		p.until(`kvstepFrame().meta.run.recipe.draft === "story-draft"`)
		p.js(`document.querySelector("[data-testid=settings]").open = false`)
		passes, tokens := 0, 0
		for n := perPass - 1; n < len(all); n += perPass {
			p.click("do-token")
			p.compare(&all[n])
			if n < perPass {
				continue
			}
			passes, tokens = passes+1, tokens+len(all[n].NewTokens())
			p.compareSpeculation(&all[n], passes, tokens)
			said := p.text("details")
			if x := all[n].Speculation; all[n].RunFinishReason == "" && x.Accepted < len(x.Proposed) {
				for _, w := range append(words, strconv.Itoa(5120 * (len(x.Proposed) - x.Accepted))[:2]) {
					if !strings.Contains(said, w) {
						t.Errorf("%s, step %d: %q does not say %q", lang, n, said, w)
					}
				}
			}
		}
		if q := eval[string](p, `kvstepFrame().meta.link + " " + kvstepFrame().meta.run.recipe.propose`); !strings.Contains(q, "draft=story-draft") || !strings.HasSuffix(q, " 4") {
			t.Errorf("link, proposals: %s", q)
		}
		p.axe("speculation in " + lang)

		// The formulas have the logits of every proposal, and none of the totals pretends to a closed form.
		p.js(`document.querySelector("#counters").open = true; for (const id of ["head", "total-qkv"]) document.querySelector('[data-opens="' + id + '"]').click()`)
		p.until(`!!document.querySelector("#formula-total-qkv [data-none]:not([hidden])") && !document.querySelector("#formula-total-qkv .scroll:not([hidden])")`)
		if x := all[len(all)-1].Speculation; x != nil {
			p.until(fmt.Sprintf(`document.querySelector('#formula-head .worked [data-letter="r"]')?.textContent === "%d"`, len(x.Proposed)+1))
		}

		// Only models that a draft can speak for offer one.
		p.fill("new", "4")
		p.js(`const m = document.querySelector("[data-testid=model]"); m.value = "paper"; m.dispatchEvent(new Event("change", {bubbles: true})); m.form.requestSubmit()`)
		p.until(`kvstepFrame().meta.run.recipe.model === "paper"`)
		p.until(`document.querySelector("[data-draft]").hidden && document.getElementById("speculation").hidden`)
		p.clean()
	}
}

// compareSpeculation checks the cards and the counters of a head step.
func (p *page) compareSpeculation(s *sim.Step, passes, tokens int) {
	p.t.Helper()
	x := s.Speculation
	if x == nil {
		return
	}
	type card struct {
		Label, Class, P, Q string
	}
	cards := eval[[]card](p, `[...document.querySelectorAll("[data-testid=spec-cards] .guess")].map((li) => ({Label: li.querySelector(".token").textContent, Class: li.className, P: li.querySelector(".p span")?.textContent ?? "", Q: li.querySelector(".q span")?.textContent ?? ""}))`)
	labels := eval[[]string](p, `kvstepFrame().meta.speculation.proposed.map((x) => x[1])`)
	if len(cards) != len(x.Proposed) {
		p.t.Fatalf("step %d: %d cards for %d proposals", s.N, len(cards), len(x.Proposed))
	}
	for i, c := range cards {
		want := "leaves"
		if i < x.Accepted {
			want = "stays"
		}
		rejected := i < len(x.Verdicts) && !x.Verdicts[i].Accepted
		if c.Label != labels[i] || !strings.Contains(c.Class, want) || strings.Contains(c.Class, "rejected") != rejected || (i < len(x.Verdicts)) != (c.P != "") {
			p.t.Errorf("step %d: proposal %d is %+v, want %s, rejected %v", s.N, i, c, want, rejected)
		}
	}
	number := func(id string) float64 {
		return eval[float64](p, fmt.Sprintf(`Number(document.querySelector('[data-testid=spec-numbers] [data-number=%q]').dataset.value)`, id))
	}
	if got := number("tokens"); math.Abs(got-float64(tokens)/float64(passes)) > 1e-9 {
		p.t.Errorf("step %d: %v tokens a pass, want %d / %d", s.N, got, tokens, passes)
	}
	if got := number("draft"); got != float64(x.Total.Flops.Total()) {
		p.t.Errorf("step %d: the draft paid %v, want %d", s.N, got, x.Total.Flops.Total())
	}
	if got := number("saved"); got != float64(tokens-passes) {
		p.t.Errorf("step %d: %v passes saved, want %d", s.N, got, tokens-passes)
	}
}
