package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"kvstep/sim/library"
)

// pending is what the page says beside New run, and in the line that the form folds into.
func (p *page) pending() string {
	p.t.Helper()
	p.painted()
	return eval[string](p, `[...document.querySelectorAll("[data-testid=pending], [data-testid=fold-pending]")].filter((e) => !e.closest("#lanes")).map((e) => e.textContent).join("|")`)
}

// unfold opens the form behind the line that it folds into.
func (p *page) unfold() {
	p.t.Helper()
	p.js(`if (!document.getElementById("recipe").checkVisibility()) document.getElementById("recipe-open").click()`)
	p.until(`document.getElementById("recipe").checkVisibility()`)
}

// TestAChangedFormIsNotYetRun: whatever is changed in the form waits for New run, and the page says
// so until then; taken back it is no change.
func TestAChangedFormIsNotYetRun(t *testing.T) {
	t.Parallel()
	for lang, says := range map[string]string{"en": "not yet run|not yet run", "zh": "尚未运行|尚未运行"} {
		p := open(t, "/lab?new=4&step=9&lang="+lang)
		p.at(9)
		for _, c := range []struct{ testid, to, back string }{
			{"model", "story-gqa", "story"}, {"sampler", "beam", "greedy"}, {"policy-kind", "int8", "contiguous"}, {"policy-budget", "65536", "0"},
			{"recipe-lanes", "cached", "both"}, {"set-stop", "x", ""}, {"new", "5", "4"}, {"known", "", ""}, {"prompt", "Max has three apples.", ""},
		} {
			if c.testid == "known" {
				continue
			}
			if c.testid == "prompt" {
				c.back = eval[string](p, `window.kvstepFrame().meta.run.recipe.prompt`)
			}
			p.choose(c.testid, c.to)
			if got := p.pending(); got != says {
				t.Errorf("%s: %s = %q says %q", lang, c.testid, c.to, got)
			}
			p.choose(c.testid, c.back)
			if got := p.pending(); got != "|" {
				t.Errorf("%s: %s taken back says %q", lang, c.testid, got)
			}
		}
		p.choose("policy-kind", "int8")
		if kind := eval[string](p, `window.kvstepFrame().meta.run.recipe.cache.kind`); kind != "contiguous" {
			t.Errorf("%s: %s has been run without being asked for", lang, kind)
		}
		p.submit("#recipe")
		p.until(`window.kvstepFrame().meta.run.recipe.cache.kind === "int8" && window.kvstepFrame().meta.step?.n === 9`)
		if got := p.pending(); got != "|" {
			t.Errorf("%s: after New run %q", lang, got)
		}
		// A warning about a prompt goes with it, and a refusal when what was refused is changed.
		p.unfold()
		p.fill("prompt", "Zebra")
		p.submit("#recipe")
		p.until(`!document.getElementById("outside").hidden`)
		// The form has folded: its line says so too, on a phone as well, and a live region has said it.
		for _, width := range []int64{390, 1280} {
			p.do(chromedp.EmulateViewport(width, 844))
			p.until(`(() => { const flags = document.querySelector("[data-testid=fold-flags]"), b = flags.getBoundingClientRect();
				return !document.getElementById("recipe").checkVisibility() && flags.textContent.includes("Zebra") && b.width > 40 && b.right < innerWidth })()`)
			p.until(`document.getElementById("outside").checkVisibility() && document.getElementById("outside").textContent.includes("Zebra")`)
		}
		p.unfold()
		p.until(`document.getElementById("outside").checkVisibility({visibilityProperty: true})`)
		p.unfold()
		p.fill("prompt", "Max")
		p.until(`!document.getElementById("outside").checkVisibility({visibilityProperty: true})`)
		p.submit("#recipe")
		p.until(`document.getElementById("outside").hidden`)
		p.unfold()
		p.fill("prompt", "")
		p.submit("#recipe")
		p.until(`!document.getElementById("problem").hidden`)
		p.fill("prompt", "M")
		p.until(`document.getElementById("problem").hidden`)
		p.clean()
	}
}

// TestAWordOfALinkIsQuotedOnce: what a link says and no link has is told as it stands there, though a field of the
// form is called so.
func TestAWordOfALinkIsQuotedOnce(t *testing.T) {
	t.Parallel()
	for lang, says := range map[string]string{"en": "The link says “top_k”, which", "zh": "链接中有 kvstep 不认识的“top_k”。"} {
		p := open(t, "/lab?new=4&top_k=5&lang="+lang)
		p.until(fmt.Sprintf(`document.getElementById("problem-text").textContent.startsWith(%q)`, says))
	}
}

// TestPaperRuns: the model that can be computed by hand is chosen over whatever the form holds, and
// brings its own prompt and length; so does a link that names no length.
func TestPaperRuns(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=300")
	p.choose("model", "paper")
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.run.recipe.model === "paper" && document.getElementById("problem").hidden`)
	p.until(`window.kvstepFrame().meta.run.recipe.prompt === "cat sees" && window.kvstepFrame().meta.run.recipe.max_new === 16`)
	p.choose("model", "story")
	p.until(`document.querySelector("[data-testid=new]").value === "32" && document.querySelector("[data-testid=prompt]").value.startsWith("Sam")`)
	p.clean()

	p = open(t, "/lab?lang=en&model=paper&step=3")
	p.at(3)
	p.until(`document.getElementById("problem").hidden && document.querySelector("[data-testid=new]").value === "16"`)
	p.clean()

	p = open(t, "/lab?lang=en&new=512")
	p.until(`!document.getElementById("problem").hidden`)
	for _, s := range []string{"at most 512 tokens", "room for 497 new ones", "a prompt may have 1."} {
		if says := eval[string](p, `document.getElementById("problem-text").textContent`); !strings.Contains(says, s) {
			t.Errorf("512 new tokens are refused with %q, without %q", says, s)
		}
	}
}

// TestSamplingIsShownWithAChoice: whoever chooses to draw tokens gets a prompt after which there is
// something to draw, unless the prompt is their own.
func TestSamplingIsShownWithAChoice(t *testing.T) {
	t.Parallel()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "zh"} {
		p := open(t, "/lab?lang="+lang)
		p.choose("sampler", "sample")
		if prompt := eval[string](p, `document.querySelector("[data-testid=prompt]").value`); !slices.Contains(m.TrainingSet.Open[lang], prompt) {
			t.Errorf("%s: sampling is shown with %q", lang, prompt)
		}
		p.submit("#recipe")
		p.until(`window.kvstepFrame().meta.run.recipe.sampler.kind === "sample"`)
		p.click("do-token")
		p.until(`[...document.querySelectorAll("[data-testid=top] li")].filter((li) => Number(li.dataset.prob) > 0.02).length >= 4`)
		p.choose("sampler", "greedy")
		p.choose("prompt", "Max")
		p.choose("sampler", "sample")
		if prompt := eval[string](p, `document.querySelector("[data-testid=prompt]").value`); prompt != "Max" {
			t.Errorf("%s: a prompt of one's own gave way to %q", lang, prompt)
		}
		p.clean()
	}
}

// TestBeamsNameTheirCache: what needs blocks says so, shows them in the form's menu of the cache, and
// takes back what it changed.
func TestBeamsNameTheirCache(t *testing.T) {
	t.Parallel()
	for lang, says := range map[string]string{"en": "share blocks", "zh": "按块共享"} {
		p := open(t, "/lab?lang="+lang)
		p.js(`document.querySelector("[data-testid=settings] summary").click()`)
		kind := func() string { return eval[string](p, `document.querySelector("[data-testid=policy-kind]").value`) }
		p.choose("sampler", "beam")
		if got := eval[string](p, `document.querySelector("[data-testid=settings] [data-shares]").innerText`); !strings.Contains(got, says) || kind() != "paged" {
			t.Errorf("%s: beams under %s say %q", lang, kind(), got)
		}
		p.choose("sampler", "greedy")
		if kind() != "contiguous" {
			t.Errorf("%s: beams have left the cache %s", lang, kind())
		}
		p.choose("policy-kind", "h2o")
		p.choose("sampler", "beam")
		p.submit("#recipe")
		p.until(`!document.getElementById("problem").hidden`) // H2O is somebody's choice: it does not go in silence
		if kind() != "h2o" {
			t.Errorf("%s: the choice of H2O has become %s", lang, kind())
		}
	}
}

// TestAFirstVisitInChinese: a browser that reads Chinese gets a Chinese prompt; a link stays what it is.
func TestAFirstVisitInChinese(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for path, want := range map[string]string{"/lab": "小军", "/lab?new=8": "Sam"} {
		p := newPage(t, base)
		agent := eval[string](p, `navigator.userAgent`)
		if _, err := chromedp.Call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: "zh-CN"}); err != nil {
			t.Fatal(err)
		}
		p.do(chromedp.Navigate(base + path))
		p.until(`window.kvstepFrame?.()`)
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.prompt.startsWith(%q) && document.documentElement.lang === "zh-Hans"`, want))
		p.until(fmt.Sprintf(`document.querySelector("[data-testid=prompt]").value.startsWith(%q)`, want))
		p.clean()
	}
}
