package browsertest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
)

// TestHowItWasChosen: the form's filters reach the engine, and the sentence, the
// table and the line say what kvstep trace says, in both languages.
func TestHowItWasChosen(t *testing.T) {
	t.Parallel()
	for lang, words := range map[string][]string{
		"en": {"Repetition penalty 1.3", "Temperature 1.5", "Top-k 12 left", "Typical-p 0.9 ", "of the probability", "The draw"},
		"zh": {"重复惩罚 1.3", "温度 1.5", "Top-k 12 从", "Typical-p 0.9 ", "占概率的", "随机数"},
	} {
		p := open(t, "/lab?lang="+lang)
		const prompt = "Tom has a red ball."
		p.js(`document.querySelector("[data-testid=settings]").open = true`)
		p.js(`const s = document.querySelector("[data-testid=sampler]"); s.value = "sample"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
		for _, f := range [][2]string{{"prompt", prompt}, {"new", "3"}, {"set-t", "1.5"}, {"set-k", "12"}, {"set-p", "0.95"}, {"set-minp", "0.02"}, {"set-rp", "1.3"}, {"set-typ", "0.9"}, {"set-seed", "4"}} {
			p.fill(f[0], f[1])
		}
		p.click("run")
		perPass := stepsPerPass(t)
		all := steps(t, sim.Recipe{Prompt: prompt, MaxNew: 3, Sampler: sim.Sampler{Kind: "sample", Temperature: 1.5, TopK: 12, TopP: 0.95, MinP: 0.02, RepetitionPenalty: 1.3, Seed: 4, More: map[string]float64{"typical_p": 0.9}}})
		p.until(fmt.Sprintf(`document.querySelector("[data-testid=timeline]").getAttribute("aria-valuemax") === "%d"`, 3*perPass-1))
		for n := perPass - 1; n < len(all); n += perPass {
			p.click("do-token")
			p.at(n)
			if n == perPass-1 {
				if eval[bool](p, `"options" in kvstepFrame().meta.choice`) {
					t.Error("the table is sent to someone who has not opened it")
				}
				p.js(`document.querySelector("[data-testid=sampling] summary").click()`)
			}
			p.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=stages] tbody tr[data-id]").length === %d`, len(all[n].Choice().Options)))
			p.compareChoice(&all[n])
			said := p.text("sampling-says")
			for _, w := range words {
				if !strings.Contains(said, w) {
					t.Errorf("%s: %q does not say %q", lang, said, w)
				}
			}
			if r := strconv.FormatFloat(all[n].Choice().Random, 'f', 3, 64); !strings.Contains(said, r) {
				t.Errorf("%s: %q does not have the draw %s", lang, said, r)
			}
		}
		if q := eval[string](p, `kvstepFrame().meta.link`); !strings.Contains(q, "minp=0.02") || !strings.Contains(q, "rp=1.3") || !strings.Contains(q, "typ=0.9") || !strings.Contains(q, "choice") {
			t.Errorf("link %s", q)
		}
		p.axe("the choice in " + lang)

		// At a layer's step nothing is chosen; at the head's step it is there again.
		p.click("do-back")
		p.until(`document.querySelector("[data-testid=sampling] [data-body]").hidden && document.querySelector("[data-testid=sampling-says]").hidden`)
		p.click("do-layer")
		p.at(len(all) - 1)
		p.compareChoice(&all[len(all)-1])
		p.clean()
	}
}

// compareChoice checks the numbers of the table and of the line.
func (p *page) compareChoice(s *sim.Step) {
	p.t.Helper()
	c := s.Choice()
	type row struct {
		ID     string
		Chosen bool
		Probs  []string
	}
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=stages] tr.chosen")?.dataset.id === "%d" && document.querySelector("[data-testid=draw] [data-pin]").dataset.at === String(%s)`, c.Token, strconv.FormatFloat(c.Random, 'g', -1, 64)))
	rows := eval[[]row](p, `[...document.querySelectorAll("[data-testid=stages] tbody tr[data-id]")].map((tr) => ({ID: tr.dataset.id, Chosen: tr.className === "chosen", Probs: [...tr.querySelectorAll("td[data-prob]")].map((td) => td.dataset.prob)}))`)
	for i, o := range c.Options {
		if rows[i].ID != strconv.Itoa(o.ID) || rows[i].Chosen != (o.ID == c.Token) || len(rows[i].Probs) != len(c.Stages) {
			p.t.Fatalf("step %d: row %d is %+v, want %+v", s.N, i, rows[i], o)
		}
		for j, stage := range c.Stages {
			if got, _ := strconv.ParseFloat(rows[i].Probs[j], 32); float32(got) != float32(stage.Probs[i]) {
				p.t.Errorf("step %d: token %d after %s has %v on the page, %v in the trace", s.N, o.ID, stage.Filter, got, stage.Probs[i])
			}
		}
	}
	// The point lies on the stretch of the token chosen, to a pixel.
	at := eval[[]float64](p, `(() => {
		const line = document.querySelector("[data-testid=draw] [data-line]").getBoundingClientRect();
		const pin = document.querySelector("[data-testid=draw] [data-pin]").getBoundingClientRect();
		const chosen = document.querySelector("[data-testid=draw] .chosen").getBoundingClientRect();
		return [pin.left, chosen.left, chosen.right].map((x) => (x - line.left) / line.width).concat(1 / line.width);
	})()`)
	var o sim.Option
	for _, x := range c.Options {
		if x.ID == c.Token {
			o = x
		}
	}
	for i, want := range []float64{c.Random, o.From, o.To} {
		if math.Abs(at[i]-want) > at[3] {
			p.t.Errorf("step %d: drawn at %v, want %v, %v, %v", s.N, at, c.Random, o.From, o.To)
		}
	}
}
