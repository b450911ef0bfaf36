package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/recipe"
)

const policyPrompt = "Sam gave a green book to Rosa. Rosa gave the book to Leo."

// under runs the prompt as kvstep trace does under a cache policy.
func under(t testing.TB, policy string, budget int64) []sim.Step {
	t.Helper()
	p, err := kv.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	p.Budget = budget
	return steps(t, sim.Recipe{Prompt: policyPrompt, MaxNew: 24, Cache: p})
}

func policyPath(lang, policy string, step int, more string) string {
	return fmt.Sprintf("/lab?lang=%s&prompt=%s&new=24&cache=%s&step=%d%s", lang, strings.ReplaceAll(policyPrompt, " ", "+"), policy, step, more)
}

// memory waits for the bar to have the numbers of the trace's step: a page that
// has a new frame paints it a moment later.
func (p *page) memory(s *sim.Step) {
	p.t.Helper()
	u := s.KV.Usage()
	for id, want := range map[string]int64{"memory-used": u.Used, "memory-wasted": u.Wasted(), "memory-budget": u.Budget} {
		p.until(fmt.Sprintf(`document.querySelector("[data-testid=%s]").dataset.value === "%d"`, id, want))
	}
}

// choose sets a field of the form and lets it know.
func (p *page) choose(testid, value string) {
	p.t.Helper()
	p.js(fmt.Sprintf(`{ const f = document.querySelector("[data-testid=%s]"); f.value = %q; f.dispatchEvent(new Event("change", {bubbles: true})); }`, testid, value))
}

// TestPolicyForm: New run with another cache starts the same run at the same step,
// only the numbers that matter are there, and every number is the trace's.
func TestPolicyForm(t *testing.T) {
	t.Parallel()
	p := open(t, policyPath("en", "contiguous", 62, ""))
	p.at(62)
	p.js(`document.querySelector("[data-testid=policy] summary").click()`)
	for _, c := range []struct{ field, value, policy, fields string }{
		{"policy-kind", "paged", "paged:4", "block"},
		{"policy-block", "16", "paged:16", "block"},
		{"policy-kind", "window", "window:8:0", "window"},
		{"policy-kind", "sinks", "window:8:2", "window sinks"},
		{"policy-kind", "h2o", "h2o:8:4", "window heavy"},
		{"policy-kind", "int8", "int8:token:0", "axis group"},
		{"policy-axis", "channel", "int8:channel:8", "axis group"},
		{"policy-kind", "int4", "int4:channel:8", "axis group"},
		{"policy-kind", "contiguous", "contiguous", ""},
	} {
		p.choose(c.field, c.value)
		p.submit("#recipe")
		want := under(t, c.policy, 0)
		n := min(62, len(want)-1)
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.use?.policy === %q && window.kvstepFrame().meta.step?.n === %d`, c.policy, n))
		p.memory(&want[n])
		p.compare(&want[n])
		if got := eval[string](p, `[...document.querySelectorAll("[data-testid=policy] [data-for]")].filter((l) => !l.hidden).map((l) => l.querySelector("[name]").name).join(" ")`); got != c.fields {
			t.Errorf("%s shows the fields %q, want %q", c.policy, got, c.fields)
		}
	}
	p.choose("policy-budget", "custom")
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.use?.budget === 128000`)
	p.axe("the form of the cache")
	// A number that makes no sense is refused by name, and the run stays.
	p.choose("policy-kind", "paged")
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.use?.policy === "paged:16"`)
	p.choose("policy-block", "65")
	p.submit("#recipe")
	p.until(`document.querySelector("[data-testid=refusal]")`)
	if s := p.text("refusal"); !strings.Contains(s, "65") || !strings.Contains(s, "64") {
		t.Errorf("refused with %q", s)
	}
	if use := eval[string](p, `window.kvstepFrame().meta.use.policy`); use != "paged:16" {
		t.Errorf("the run went on under %s", use)
	}
	p.clean()
}

// TestBlockTable: which block holds which tokens, what is empty in the last one,
// and the sentence when a block is taken.
func TestBlockTable(t *testing.T) {
	t.Parallel()
	want := under(t, "paged:4", 0)
	for lang, says := range map[string]string{"en": "wasted %d of %d slots, %s bytes", "zh": "%[2]d 个槽位中浪费 %[1]d 个，%[3]s 字节"} {
		p := open(t, policyPath(lang, "paged:4", 6, ""))
		for _, n := range []int{6, 11, 18, 24, 30} {
			p.seek(n)
			s := &want[n]
			p.at(n)
			p.memory(s)
			u := s.KV.Usage()
			type row struct {
				Block, Refs string
				Full, Empty int
			}
			rows := eval[[]row](p, `[...document.querySelectorAll("[data-testid=block-table] tr")].map((r) => ({Block: r.querySelector("td b").textContent, Refs: r.lastChild.textContent, Full: r.querySelectorAll(".slot:not(.empty)").length, Empty: r.querySelectorAll(".slot.empty").length}))`)
			tokens, full, empty := s.Cached+s.Rows, 0, 0
			for i, r := range rows {
				full, empty = full+r.Full, empty+r.Empty
				if r.Block != strconv.Itoa(u.Table[i]) || r.Refs != strconv.Itoa(u.Refs[i]) {
					t.Errorf("step %d: row %d is %+v, the table has block %d, used by %d", n, i, r, u.Table[i], u.Refs[i])
				}
			}
			if len(rows) != len(u.Table) || full != tokens || full+empty != 4*len(u.Table) {
				t.Errorf("step %d: %d rows with %d tokens and %d empty slots; %d tokens in %d blocks", n, len(rows), full, empty, tokens, len(u.Table))
			}
			bytes := eval[string](p, fmt.Sprintf(`(%d).toLocaleString(%q)`, empty*5120, lang))
			if got := p.text("memory-says"); !strings.Contains(got, fmt.Sprintf(says, empty, full+empty, bytes)) {
				t.Errorf("step %d says %q", n, got)
			}
			taken := n > 0 && len(u.Table) > len(want[n-1].KV.Usage().Table)
			if got := p.text("details"); taken != (strings.Contains(got, "allocated") || strings.Contains(got, "分配了块")) {
				t.Errorf("step %d, taken %v: %q", n, taken, got)
			}
		}
		p.axe("a block table in " + lang)
		p.clean()
	}
}

// TestManyBlocksAreReadable: in the largest letters, with more than a hundred blocks, every number stands whole in
// its block, and no label of the block table lies over another.
func TestManyBlocksAreReadable(t *testing.T) {
	p := open(t, "/lab?lang=en&cache=paged:1&new=2&step=5&prompt="+strings.Repeat("Mia+has+three+apples.+", 24))
	p.at(5)
	p.theme("projector")
	for _, lang := range []string{"zh", "en"} {
		p.click("lang-" + lang)
		p.painted()
		if n := eval[int](p, `document.querySelectorAll("#memory .physical .box").length`); n < 100 {
			t.Fatalf("%d blocks", n)
		}
		cut := eval[[]string](p, `[...document.querySelectorAll("#memory .physical .box b")].filter((b) => {
			const [a, box] = [b.getBoundingClientRect(), b.parentElement.getBoundingClientRect()];
			return a.left < box.left || a.right > box.right + 0.5 || a.top < box.top || a.bottom > box.bottom + 0.5;
		}).map((b) => b.textContent)`)
		if len(cut) > 0 {
			t.Errorf("%s: numbers that leave their block: %q", lang, cut)
		}
		over := eval[[]string](p, `[...document.querySelectorAll("#memory .blocks tr")].flatMap((tr) => [...tr.cells].slice(1).filter((c, i) => {
			const r = document.createRange();
			const ends = (x) => (r.selectNodeContents(x), r.getBoundingClientRect());
			return ends(tr.cells[i]).right > ends(c).left;
		}).map((c) => c.textContent))`)
		if len(over) > 0 {
			t.Errorf("%s: labels over their neighbour: %q", lang, over)
		}
	}
	p.clean()
}

// seek goes to a step by a command, as a click on the timeline does.
func (p *page) seek(n int) {
	p.t.Helper()
	p.scrub(n)
	p.at(n)
}

// TestEvictedRows: what is evicted is told when it happens, is hollow in the table,
// and tells why when it is pointed at; the lamp is calm.
func TestEvictedRows(t *testing.T) {
	t.Parallel()
	for _, o := range kv.Offers() {
		policy, traits := kv.Text(o.Start), kv.TraitsOf(o.Start)
		if !traits.Evicts {
			continue
		}
		want := under(t, policy, 0)
		n := 26 // layer 3 of the third decode pass
		s := &want[n]
		p := open(t, policyPath("en", policy, n, ""))
		p.at(n)
		p.compare(s)
		p.memory(s)
		gone := kv.Evictions(s)
		if got := p.text("details"); !strings.Contains(got, fmt.Sprintf("%d keys and values were evicted", 2*len(gone))) || !strings.Contains(got, fmt.Sprintf("token %d “", gone[0][2])) {
			t.Errorf("%s evicted %v: %q", policy, gone, got)
		}
		// The table of the layer's rows: every head's state.
		p.js(`document.querySelector("[data-testid=cache-table]").open = true; const s = document.querySelector("[data-testid=cache-table] select"); s.value = "2"; s.dispatchEvent(new Event("change"))`)
		p.until(`document.querySelectorAll("[data-testid=cache-table] tbody tr").length > 1`)
		cells := eval[[][]string](p, `[...document.querySelectorAll("[data-testid=cache-table] tbody tr")].map((r) => [...r.cells].slice(5, 9).map((c) => c.textContent))`)
		for pos, row := range cells {
			for h, text := range row {
				at := s.KV.EvictedAt(2, h, pos)
				if is := at < s.KV.Len(2); is != strings.HasPrefix(text, "evicted before") || is && text != fmt.Sprintf("evicted before %d", at) {
					t.Errorf("%s: position %d head %d is %q, evicted before %d", policy, pos, h, text, at)
				}
			}
		}
		// With the keyboard to a row that was evicted in this step.
		p.focus(`[data-testid="cache-picture"]`)
		p.press(kb.Home)
		for range gone[0][2] {
			p.press(kb.ArrowRight)
		}
		p.until(fmt.Sprintf(`document.querySelector("[data-testid=cache-readout]").textContent.includes("Evicted before token %d:")`, gone[0][0]))
		reads := s.Pass - 1 - want[0].Pass // every pass since prefill, but for this one
		if gone[0][2] >= want[0].Rows {
			reads -= gone[0][2] - want[0].Rows + 1
		}
		if got := p.text("cache-readout"); !strings.Contains(got, fmt.Sprintf("read %d times since", reads)) || traits.Scored != strings.Contains(got, "least") {
			t.Errorf("%s: %q", policy, got)
		}
		effect := want[23].Effect
		says := p.text("lamp")
		if eval[string](p, `document.querySelector("[data-testid=lamp]").dataset.state`) != "policy" || !strings.Contains(says, "the policy changed this pass: first at scores, layer 0") {
			t.Errorf("%s: the lamp says %q", policy, says)
		}
		says = p.text("effect")
		if first := effect.Changed; first == nil && !strings.Contains(says, "the text is the same") || first != nil && !strings.Contains(says, fmt.Sprintf("other text from generated token %d on", *first)) {
			t.Errorf("%s: the lamp says %q, first changed %v", policy, says, first)
		}
		p.axe(policy)
		p.clean()
	}
}

// TestRowsInCodes: a row's error and scale, and how one number of it is kept.
func TestRowsInCodes(t *testing.T) {
	t.Parallel()
	want := under(t, "int8:token", 0)
	for lang, says := range map[string]string{"en": "It is kept as code %d of 0 to 255", "zh": "它以编码 %d（0 到 255）保存"} {
		p := open(t, policyPath(lang, "int8:token", 26, "&layer=2&op=scores&trail=26.K.0.3.5"))
		p.at(26)
		p.compare(&want[26])
		p.memory(&want[26])
		code, _, _, ok := want[26].KV.Code(2, 0, 3, 5, false)
		p.until(`!document.getElementById("explain").hidden`)
		if got := p.text("why-say"); !ok || !strings.Contains(got, fmt.Sprintf(says, code.Value)) {
			t.Errorf("code %d: %q", code.Value, got)
		}
		p.js(`document.querySelector("[name=cache-view][value=error]").click()`)
		p.until(`kvstepFrame().tensors.cache_error`)
		p.axe("codes in " + lang)
		p.clean()
	}
}

// TestWall: the refusal comes at the predicted token, says what it lacks, and
// each way on goes as far as it is said to.
func TestWall(t *testing.T) {
	t.Parallel()
	const budget = 90000
	want := under(t, "contiguous", budget)
	last := len(want) - 1
	if want[last].RunFinishReason != sim.FinishMemory {
		t.Fatalf("the trace ends with %q", want[last].RunFinishReason)
	}
	fits := len(want[last].Tokens)
	for lang, title := range map[string]string{"en": "Out of memory at position %d", "zh": "在位置 %d 处内存不足"} {
		p := open(t, policyPath(lang, "contiguous", 3, fmt.Sprintf("&budget=%d", budget)))
		p.at(3)
		if got := p.text("memory-full"); !strings.Contains(got, strconv.Itoa(fits)) {
			t.Errorf("predicted: %q, the trace has %d tokens", got, fits)
		}
		p.click("do-end")
		p.at(last)
		p.memory(&want[last])
		p.until(`!document.getElementById("out-of-memory").hidden`)
		if got := eval[string](p, `document.getElementById("wall-title").textContent`); got != fmt.Sprintf(title, fits) {
			t.Errorf("the wall is titled %q", got)
		}
		u := want[last].KV.Usage()
		for _, n := range []int64{5120, u.Allocated, budget} {
			if text := eval[string](p, fmt.Sprintf(`(%d).toLocaleString(%q)`, n, lang)); !strings.Contains(p.text("wall-say"), text) {
				t.Errorf("%s is missing in %q", text, p.text("wall-say"))
			}
		}
		p.axe("the wall in " + lang)
		for _, way := range []string{"window", "int8", "paged", "story-mqa"} {
			p.until(fmt.Sprintf(`document.querySelector('[data-way="%s"]')`, way))
			told := eval[int](p, fmt.Sprintf(`Number(document.querySelector('[data-way="%s"]').dataset.fits)`, way))
			p.js(fmt.Sprintf(`document.querySelector('[data-way="%s"]').click()`, way))
			p.until(`document.getElementById("out-of-memory").hidden || window.kvstepFrame().meta.run.recipe.cache.kind === "paged"`)
			link := eval[string](p, `JSON.stringify(window.kvstepFrame().meta.run.recipe.cache)`)
			var rec sim.Recipe
			rec.Model, rec.Prompt, rec.MaxNew = eval[string](p, `window.kvstepFrame().meta.run.recipe.model`), policyPrompt, 24
			p.policy(&rec, link)
			all := steps(t, rec)
			end := all[len(all)-1]
			if n := len(end.Tokens); n > told || end.RunFinishReason == sim.FinishMemory && n != told {
				t.Errorf("%s goes to token %d (%s), told %d", way, n, end.RunFinishReason, told)
			}
			p.choosePolicy("contiguous", budget)
			if eval[bool](p, `document.getElementById("out-of-memory").hidden`) {
				p.click("do-end")
			}
			p.at(last)
		}
		p.clean()
	}
}

// policy reads the recipe's cache as the page has it.
func (p *page) policy(r *sim.Recipe, text string) {
	p.t.Helper()
	for _, f := range []struct {
		name string
		to   *int
	}{{"block", &r.Cache.Block}, {"window", &r.Cache.Window}, {"sinks", &r.Cache.Sinks}} {
		*f.to = eval[int](p, fmt.Sprintf(`JSON.parse(%q).%s ?? 0`, text, f.name))
	}
	r.Cache.Kind = eval[string](p, fmt.Sprintf(`JSON.parse(%q).kind`, text))
	r.Cache.Budget = int64(eval[int](p, fmt.Sprintf(`JSON.parse(%q).budget ?? 0`, text)))
	*r = recipe.Complete(*r)
}

// choosePolicy goes back to the run that met the wall.
func (p *page) choosePolicy(kind string, budget int) {
	p.t.Helper()
	p.choose("model", "story")
	p.choose("policy-kind", kind)
	p.submit("#recipe")
	p.until(`window.kvstepFrame().meta.run.recipe.model === "story"`)
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.run.recipe.cache.kind === %q && window.kvstepFrame().meta.use.budget === %d`, kind, budget))
	p.until(`!document.getElementById("out-of-memory").hidden || document.querySelector("#transport [data-do=end]").getAttribute("aria-disabled") !== "true"`)
}

// TestHandoutUnderPolicies: a handout tells of the cache what the page does, with
// keys as attention read them; of the wall, but offers no run.
func TestHandoutUnderPolicies(t *testing.T) {
	t.Parallel()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		policy string
		budget int64
		n      int
	}{{"window:8:2", 0, 26}, {"int4:channel:8", 0, 26}, {"paged:4", 90000, 5}} {
		want := under(t, c.policy, c.budget)
		p := open(t, policyPath("en", c.policy, c.n, fmt.Sprintf("&budget=%d", c.budget)))
		p.at(c.n)
		name, data := p.take("html")
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h := openFile(t, file)
		for _, n := range []int{c.n, c.n - 3} {
			for i := c.n; i > n; i-- {
				h.press(kb.ArrowLeft)
			}
			s := &want[n]
			h.at(n)
			h.compare(s)
			h.memory(s)
			if s.Part == sim.LayerPart {
				a := m.Model.Attention(s, 0)
				got := eval[[]float64](h, `[...window.kvstepFrame().tensors.K.data]`)
				for i, v := range got {
					if float32(v) != mat.F32(mat.F16(a.K.At(i/a.K.NumCols(), i%a.K.NumCols()))) {
						t.Fatalf("%s, step %d: K [%d] is %v", c.policy, n, i, v)
					}
				}
			}
		}
		if want[c.n].RunFinishReason == sim.FinishMemory {
			h.press("e")
			h.until(`!document.getElementById("out-of-memory").hidden && getComputedStyle(document.querySelector("#out-of-memory .served")).display === "none"`)
		}
		h.clean()
	}
}
