package browsertest

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim/recipe"
)

// formField is a number of the run's form: where it stands in the recipe that is sent, and
// what makes it count.
type formField struct{ testid, path, on string }

var fields = append(settingFields(), []formField{
	{"new", "max_new", ""}, {"propose", "propose", "draft"},
	{"policy-block", "cache.block", "paged"}, {"policy-window", "cache.window", "sinks"}, {"policy-sinks", "cache.sinks", "sinks"}, {"policy-heavy", "cache.heavy", "h2o"},
	{"several-slots", "batch.slots", "several"}, {"several-chunk", "batch.chunk", "several"},
	{"several-arrive", "batch.requests.0.arrive", "several"}, {"several-new", "batch.requests.0.max_new", "several"},
}...)

// settingFields are those of the sampler, which the form has by the list of the schema.
func settingFields() (list []formField) {
	for i := range recipe.Fields {
		if f := &recipe.Fields[i]; f.OfSampler() && f.Number != nil {
			list = append(list, formField{"set-" + f.Key, f.Path, f.Sampler})
		}
	}
	return list
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
	t.Parallel()
	p := open(t, "/lab?lang=en")
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
