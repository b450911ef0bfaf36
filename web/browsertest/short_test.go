package browsertest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web/limits"
)

// TestMemoryIsForetold: before its first step the page says of a run for how many of its tokens
// there is memory, in both languages; a prompt that is too long is refused, with how long one may be.
func TestMemoryIsForetold(t *testing.T) {
	t.Parallel()
	models := library.New()
	memory := sim.NewMemory(nil, "memory.total", 0)
	models.Count(memory)
	memory.SetLimit(memory.Held() + 10<<20)
	base := serveWithin(t, models, limits.Default())
	words := strings.TrimSpace(strings.Repeat("Once upon a time ", 25))
	p := openOn(t, base, "/lab?lang=en&new=250&prompt="+url.QueryEscape(words))
	said := eval[string](p, `document.getElementById("short").textContent`)
	var fits, whole int
	if _, err := fmt.Sscanf(said, "There is memory for about %d of the %d tokens", &fits, &whole); err != nil || fits <= 0 || fits >= whole {
		t.Fatalf("%q: %v", said, err)
	}
	p.axe("a run that there is not memory enough for")
	p.js(`document.querySelector('[data-lang-set="zh"]').click()`)
	p.until(fmt.Sprintf(`document.getElementById("short").textContent.startsWith("内存约够本次运行 %d 个词元中的 %d 个")`, whole, fits))

	q := openOn(t, base, "/lab?lang=en&new=2")
	if !eval[bool](q, `document.getElementById("short").hidden`) {
		t.Error("something is said of a short run")
	}

	memory.SetLimit(memory.Held() + 3<<19)
	r := newPage(t, base)
	r.do(chromedp.Navigate(base + "/lab?lang=en&new=250&prompt=" + url.QueryEscape(words)))
	r.until(`document.getElementById("problem-text").textContent.startsWith("There is no memory for a prompt of ")`)
}
