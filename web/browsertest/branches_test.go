package browsertest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
)

// TestForkAnyMoment: another token becomes a run of its own beside the first; both
// are what kvstep trace makes of them; their totals and their parting are told.
func TestForkAnyMoment(t *testing.T) {
	t.Parallel()
	const prompt = "Tom has a red ball."
	rec := sim.Recipe{Prompt: prompt, MaxNew: 8}
	first := steps(t, rec)
	perPass := stepsPerPass(t)
	at := 3*perPass - 1
	for lang, words := range map[string][]string{"en": {"instead of", "in common they diverge"}, "zh": {"代替", "随后出现分歧"}} {
		p := open(t, "/lab?lang="+lang+"&prompt=Tom+has+a+red+ball.&new=8&step="+strconv.Itoa(at))
		p.at(at)
		other := first[at].Top()[1].ID
		if other == first[at].Token {
			other = first[at].Top()[0].ID
		}
		p.js(fmt.Sprintf(`document.querySelector('[data-testid=top] li[data-id="%d"]').click()`, other))
		p.until(`kvstepFrame().meta.branches?.current === 2`)
		p.click("do-end")
		rec.Forced = []sim.Forced{{Pass: 2, Token: other}}
		second := steps(t, rec)
		p.compare(&second[len(second)-1])
		row := func(id int) string {
			return eval[string](p, fmt.Sprintf(`document.querySelector('[data-testid=branch-tree] tr[data-id="%d"]').textContent`, id))
		}
		if !strings.Contains(row(2), words[0]) || !strings.Contains(row(2), second[at].Text) {
			t.Errorf("%s: %q does not say %q", lang, row(2), words[0])
		}
		p.focus(`[data-branch="2"]`)
		p.press(kb.ArrowUp)
		p.press(kb.Enter)
		p.until(`kvstepFrame().meta.branches?.current === 1`)
		p.at(at) // where its cursor was left
		p.click("do-end")
		p.compare(&first[len(first)-1])
		p.js(`document.querySelector('[data-beside="2"]').click()`)
		p.until(`!document.querySelector("[data-testid=branch-compare]").hidden`)
		if said := p.text("branch-parted"); !strings.Contains(said, words[1]) {
			t.Errorf("%s: %q", lang, said)
		}
		for i, all := range [][]sim.Step{first, second} {
			last := all[len(all)-1]
			for id, want := range map[string]int64{"flops.cached": last.Totals[0].Flops.Total(), "flops.uncached": last.Totals[1].Flops.Total(), "bytes": last.KV.Bytes()} {
				if got := eval[string](p, fmt.Sprintf(`document.querySelectorAll('[data-testid=branch-totals] tr[data-total="%s"] td')[%d].dataset.value`, id, i)); got != strconv.FormatInt(want, 10) {
					t.Errorf("%s: %s of run %d is %s, want %d", lang, id, i+1, got, want)
				}
			}
		}
		p.axe("two runs compared in " + lang)

		// Beside the picture of an op there is room for names only; what was compared comes back.
		p.js(`document.querySelector('#ops [data-look="probs"]').click()`)
		p.until(`kvstepFrame().meta.branches.lean && document.querySelector("[data-testid=branch-compare]").hidden && document.querySelectorAll("[data-branch]").length === 2`)
		p.js(`document.querySelector('#ops [data-look=""]').click()`)
		p.until(`!kvstepFrame().meta.branches.lean && !document.querySelector("[data-testid=branch-compare]").hidden`)
		p.js(`document.querySelector('[data-beside="2"]').click()`)
		p.until(`document.querySelector("[data-testid=branch-compare]").hidden`)
		p.clean()
	}
}

// TestBeamsCannotBeForked: their likeliest tokens are no buttons, and the page says why.
func TestBeamsCannotBeForked(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&prompt=Tom+has+a+red+ball.&new=4&sampler=beam&step="+strconv.Itoa(stepsPerPass(t)-1))
	p.at(stepsPerPass(t) - 1)
	p.until(`document.querySelectorAll("[data-testid=top] li").length > 0`)
	if eval[bool](p, `!!document.querySelector("[data-testid=top] [role=option]")`) || !strings.Contains(eval[string](p, `document.querySelector("#tokens [data-hint]").textContent`), "Beam search follows several") {
		t.Error("a beam can be forked")
	}
	p.clean()
}
