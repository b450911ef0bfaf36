package browsertest

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/sweep"
)

// TestVariantsSideBySide: the family and the policies stand side by side with the
// numbers of their own runs, in both languages, and each leads to its run.
func TestVariantsSideBySide(t *testing.T) {
	t.Parallel()
	lib := library.New()
	want := map[string]sweep.Outcome{}
	for _, lang := range []string{"en", "zh"} {
		t.Run(lang, func(t *testing.T) {
			p := open(t, "/lab?lang="+lang+"&new=12")
			p.until(`window.kvstepFrame?.()`)
			p.js(`document.querySelector("#variants").open = true`)
			p.until(`document.querySelectorAll("#variants tbody tr").length >= 8`)
			var rows []struct{ Way, Token, Tokens, Used string }
			if err := json.Unmarshal([]byte(eval[string](p, `JSON.stringify([...document.querySelectorAll("#variants tbody tr")].map((r) => ({Way: r.dataset.way, Token: r.dataset.token, Tokens: r.dataset.tokens, Used: r.dataset.used})))`)), &rows); err != nil {
				t.Fatal(err)
			}
			story, err := lib.Get("story")
			if err != nil {
				t.Fatal(err)
			}
			recipe := story.Default(lang)
			recipe.MaxNew = 12
			for _, name := range []string{"story contiguous", "story-gqa contiguous", "story-mqa contiguous", "story window:8:0", "story int8:token:0"} {
				found := false
				for _, r := range rows {
					if r.Way != name {
						continue
					}
					found = true
					var model, policy string
					for i, c := range name {
						if c == ' ' {
							model, policy = name[:i], name[i+1:]
						}
					}
					m, err := lib.Get(model)
					if err != nil {
						t.Fatal(err)
					}
					c, err := kv.Parse(policy)
					if err != nil {
						t.Fatal(err)
					}
					o, err := sweep.Try(context.Background(), m, recipe, sweep.Variant{Model: model, Cache: c})
					if err != nil {
						t.Fatal(err)
					}
					want[name] = o
					if r.Tokens != strconv.Itoa(len(o.Generated)) || r.Token != strconv.FormatInt(o.PerToken, 10) || r.Used != strconv.FormatInt(o.Usage.Used, 10) {
						t.Errorf("%s: %+v, its own run has %d tokens, %d bytes a token, %d held", name, r, len(o.Generated), o.PerToken, o.Usage.Used)
					}
				}
				if !found {
					t.Errorf("%s is not there: %+v", name, rows)
				}
			}
			p.axe("variants " + lang)
			to := eval[string](p, `document.querySelector('#variants tbody tr[data-way^="story-mqa"] a').href`)
			p.do(chromedp.Navigate(to))
			p.until(`window.kvstepFrame?.()?.meta.run.model === "story-mqa"`)
		})
	}
}

// TestVariantsAreAskedForAgain: a server that was busy is asked again when the person says so.
func TestVariantsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4")
	p.js(`window.asked = 0; const get = window.fetch; window.fetch = (url, ...rest) => String(url).startsWith("/variants") && !window.asked++ ? Promise.resolve(new Response('{"problem":"server.busy","args":{}}', {status: 503})) : get(url, ...rest)`)
	p.js(`document.querySelector("#variants").open = true`)
	p.until(`document.querySelector("#variants [data-state]").textContent.startsWith("The server is busy")`)
	p.click("variants-again")
	p.until(`document.querySelectorAll("#variants tbody tr").length >= 8 && document.querySelector("[data-testid=variants-again]").hidden`)
	if n := eval[int](p, `window.asked`); n != 2 {
		t.Errorf("asked %d times", n)
	}
	p.clean()
}
