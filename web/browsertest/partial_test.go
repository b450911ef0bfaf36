package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// TestAHandoutOfPartOfARun: the menu says before the press which steps of a long run a handout
// holds and how large it is; the file says it too, goes no further, and has a link to the rest.
func TestAHandoutOfPartOfARun(t *testing.T) {
	t.Parallel()
	within := limits.Default()
	within.Handout = 4 << 20
	p := openOn(t, serveWithin(t, library.New(), within), "/lab?lang=en&new=100&t=9&sampler=sample&seed=3&step=300&to=599&prompt=Mia+has+three+apples.")
	p.until(`window.kvstepFrame().meta.run.recorded === 600`)
	p.reveal("#take > .sheet")
	p.until(`document.querySelector("[data-testid=take-sizes]").textContent.includes("Handout")`)
	says := p.text("take-sizes")
	var first, last int
	if _, err := fmt.Sscanf(says, "Handout (HTML): steps %d to %d of 600,", &first, &last); err != nil || first <= 0 || last >= 599 || first >= 300 || last <= 300 {
		t.Fatalf("told %q (%v)", says, err)
	}
	if !strings.Contains(says, "with more it would pass 4.19 MB") || !strings.Contains(says, "JSONL: at most about ") || !strings.Contains(says, "safetensors: at most about ") {
		t.Errorf("told %q", says)
	}
	name, data := p.take("html")
	if want := "kvstep-story-Mia-has-three-apples-step300-handout.html"; name != want || len(data) > 4<<20 {
		t.Errorf("%s has %d bytes, want %s", name, len(data), want)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	h := openFile(t, file)
	h.at(300)
	if s := eval[string](h, `document.querySelector("#scope [data-ops]").textContent`); !strings.HasPrefix(s, fmt.Sprintf("Steps %d to %d of 600, ", first, last)) {
		t.Errorf("the copy says %q", s)
	}
	missing := `document.querySelector("#scope [data-link]").textContent`
	h.press("e")
	h.at(last)
	h.until(missing + `.includes("step=599")`)
	h.click("do-restart")
	h.at(first)
	h.until(missing + `.includes("step=-1") || ` + missing + ` !== "" && !` + missing + `.includes("step=")`)
	h.press(kb.ArrowRight)
	h.at(first + 1)
	h.until(missing + ` === ""`)
	h.clean()
}
