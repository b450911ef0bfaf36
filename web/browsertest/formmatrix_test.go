package browsertest

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// fields are the numbers of the run's form: where they stand in the recipe that is sent,
// and what makes them count.
var fields = []struct{ testid, path, on string }{
	{"new", "max_new", ""},
	{"set-rp", "sampler.repetition_penalty", ""}, {"set-t", "sampler.temperature", "sample"}, {"set-k", "sampler.top_k", "sample"},
	{"set-p", "sampler.top_p", "sample"}, {"set-minp", "sampler.min_p", "sample"}, {"set-seed", "sampler.seed", "sample"},
	{"set-w", "sampler.width", "beam"}, {"set-lp", "sampler.length_penalty", "beam"}, {"propose", "propose", "draft"},
	{"policy-block", "cache.block", "paged"}, {"policy-window", "cache.window", "sinks"}, {"policy-sinks", "cache.sinks", "sinks"}, {"policy-heavy", "cache.heavy", "h2o"},
	{"several-slots", "batch.slots", "several"}, {"several-chunk", "batch.chunk", "several"},
	{"several-arrive", "batch.requests.0.arrive", "several"}, {"several-new", "batch.requests.0.max_new", "several"},
}

// prepare makes a field count: a sampler, a policy, a draft or another prompt, which are
// chosen without running anything.
const prepare = `(on) => {
	const choose = (id, value) => { const s = document.querySelector("[data-testid=" + id + "]"); s.value = value; if (id !== "policy-kind") s.dispatchEvent(new Event("change", {bubbles: true})) };
	choose("sampler", ["sample", "beam"].includes(on) ? on : "greedy");
	choose("draft", on === "draft" ? "story-draft" : "");
	choose("policy-kind", ["paged", "sinks", "h2o"].includes(on) ? on : "contiguous");
	for (const l of document.querySelectorAll("[data-policy] [data-for]")) l.hidden = !l.dataset.for.split(" ").includes(on);
	document.querySelectorAll("[data-testid=several-remove]").forEach((b) => b.click());
	if (on === "several") document.querySelector("[data-testid=several-add]").click();
	document.querySelectorAll("details[name=menu]").forEach((d) => (d.open = false));
	return true;
}`

// TestEveryNumberOfTheForm: whatever stands in a field is sent as it is, 0 included, or
// refused at the field with its range; nothing is replaced. KVSTEP_ALL=1 tries every
// field with every value, otherwise each value meets some fields.
func TestEveryNumberOfTheForm(t *testing.T) {
	p := open(t, "/?lang=en")
	p.listen()
	sent, refused := 0, 0
	for i, f := range fields {
		_ = eval[bool](p, fmt.Sprintf(`(%s)(%q)`, prepare, f.on))
		ends := eval[[]string](p, fmt.Sprintf(`((f) => [f.min, f.max])(document.querySelector("[data-testid='%s']"))`, f.testid))
		least, _ := strconv.ParseFloat(ends[0], 64)
		most, _ := strconv.ParseFloat(ends[1], 64)
		values := []string{"", "0", ends[0], ends[1], strconv.FormatFloat(least-1, 'f', -1, 64), strconv.FormatFloat(most*1.01+1, 'f', -1, 64),
			"9223372036854775807", "1e400", "NaN", "0.92"}
		for j, v := range values {
			if (i+j)%4 != 0 && os.Getenv("KVSTEP_ALL") == "" {
				continue
			}
			_ = eval[bool](p, fmt.Sprintf(`(%s)(%q)`, prepare, f.on))
			held := p.hold(f.testid, v)
			p.js(`window.sent = []; document.querySelector("#problem-close").click(); window.shown = window.kvstepFrame().meta.seq`)
			p.submit("#recipe")
			message := eval[string](p, `window.sent.findLast((x) => JSON.parse(x).cmd === "run") ?? ""`)
			x, err := strconv.ParseFloat(held, 64)
			whole := strings.HasPrefix(eval[string](p, fmt.Sprintf(`document.querySelector("[data-testid='%s']").step`, f.testid)), "1")
			good := err == nil && x >= least && x <= most && (!whole || x == math.Trunc(x))
			if !good {
				refused++
				if message != "" {
					t.Errorf("%s = %q: %s was sent", f.path, v, message)
				} else if says := p.refused(f.testid); !strings.Contains(strings.ReplaceAll(says, ",", ""), ends[1]) {
					t.Errorf("%s = %q: refused with %q", f.path, v, says)
				}
				p.hold(f.testid, ends[0])
				continue
			}
			sent++
			p.until(`window.kvstepFrame().meta.seq !== window.shown || !document.getElementById("problem").hidden`) // the answer fills the form in
			got := eval[string](p, fmt.Sprintf(`(() => { let x = JSON.parse(%q || "{}").recipe; for (const k of %q.split(".")) x = x?.[k]; return String(x) })()`, message, f.path))
			if y, err := strconv.ParseFloat(got, 64); err != nil || x != y || f.path == "sampler.seed" && got != held {
				t.Errorf("%s = %q is sent as %s", f.path, held, got)
			}
		}
	}
	if t.Logf("%d sent as they are, %d refused", sent, refused); sent < 10 || refused < 20 {
		t.Errorf("%d sent, %d refused: nothing was tried", sent, refused)
	}
}

// hold puts a value into a field as far as the browser lets it stand there.
func (p *page) hold(testid, value string) (held string) {
	p.t.Helper()
	p.set(testid, value)
	return eval[string](p, fmt.Sprintf(`document.querySelector("[data-testid='%s']").value`, testid))
}
