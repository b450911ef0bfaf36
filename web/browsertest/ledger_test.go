package browsertest

import (
	"fmt"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
)

const everything = "formulas,heads,history,rows"

// TestPanelScreenshots writes pictures of the page with every panel open, when
// asked where to.
func TestPanelScreenshots(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KVSTEP_SCREENSHOTS")
	if dir == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS to a folder to write pictures there")
	}
	base := serve(t)
	for _, c := range []struct {
		name, link, theme string
		width             int64
	}{
		{"open-1440-light-en", "/lab?step=45&lang=en&show=" + everything, "light", 1440},
		{"open-1440-dark-zh", "/lab?step=45&lang=zh&show=history-total," + everything, "dark", 1440},
		{"open-1440-prefill", "/lab?step=3&lang=en&show=rows-again,history-time," + everything, "projector", 1440},
		{"open-390-light-en", "/lab?step=45&lang=en&show=history-kv," + everything, "light", 390},
		{"open-390-long", "/lab?step=45&lang=zh&new=480&show=rows-read,history-read," + everything, "light", 390},
		{"open-1440-light-prefill", "/lab?step=6&lang=en&show=rows-again," + everything, "light", 1440},
	} {
		p := openOn(t, base, c.link)
		p.until(`window.kvstepFrame()?.meta.step && !window.kvstepFrame().meta.run.running`)
		p.theme(c.theme)
		p.js(`for (const b of document.querySelectorAll("[data-opens=scores], [data-opens=kv_bytes], [data-opens=weight_bytes], [data-opens=modelled]")) b.click(); document.querySelector(".letters").open = true`)
		p.do(chromedp.EmulateViewport(c.width, 900), chromedp.Sleep(500*1e6))
		png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, e := range p.errors {
			t.Error(fmt.Sprint(c.name, ": ", e))
		}
	}
}

const leaf = "Mia has three apples."

// written reads every worked formula on the page as an expression, with what
// it is said to give.
const written = `(() => {
	const hidden = (el) => el.closest("[hidden]") !== null;
	const digits = (el) => el.textContent.replace(/[^\d]/g, "");
	const expression = (node) => {
		if (node.hasAttribute("hidden")) return "";
		const inner = () => [...node.children].map(expression).join("");
		switch (node.localName) {
			case "mn": return digits(node);
			case "mo": return { "⋅": "*", "+": "+", "−": "-", "(": "(", ")": ")", "=": "=" }[node.textContent] ?? "?";
			case "mfrac": return "((" + expression(node.children[0]) + ")/" + expression(node.children[1]) + ")";
			case "mi": case "mtext": case "msub": return "name";
			default: return inner();
		}
	};
	const rows = [];
	for (const math of document.querySelectorAll("tr.formula .worked math")) {
		const row = math.closest("tr.formula");
		const lane = math.closest("[data-lane]").dataset.lane;
		if (hidden(math) || math.closest("[data-modelled]") || math.hasAttribute("data-general")) continue;
		let text = expression(math);
		const result = math.closest("p").querySelector("[data-result]");
		if (math.hasAttribute("data-worked")) text += "=" + digits(result);
		rows.push({ Counter: row.id.replace("formula-", ""), Lane: lane, Text: text, Main: math.hasAttribute("data-worked") });
	}
	return rows;
})()`

// TestFormulasOnThePage opens every counter's formula in three kinds of step,
// with all switches and in both languages, works out the arithmetic that is on
// the screen, and wants the counters of the run.
func TestFormulasOnThePage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	all := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 4})
	perPass := stepsPerPass(t)
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	worked := 0
	for i, n := range []int{1, 2*perPass + 2, 2*perPass - 1} { // a layer of prefill, one of decode, the head of decode
		lang := []string{"en", "zh", "en"}[i]
		p := openOn(t, base, fmt.Sprintf("/lab?lang=%s&new=4&prompt=%s&step=%d&show=formulas", lang, strings.ReplaceAll(leaf, " ", "+"), n))
		p.at(n)
		p.until(`document.getElementById("counters").open && window.kvstepFrame().meta.letters`)
		p.js(`for (const b of document.querySelectorAll("[data-opens]")) b.click()`)
		for _, sw := range []cost.Switches{
			{Unit: "flop", Pairs: "allowed", Logits: "last"}, {Unit: "mac", Pairs: "allowed", Logits: "all"},
			{Unit: "mac", Pairs: "dense", Logits: "last"}, {Unit: "flop", Pairs: "dense", Logits: "all"},
		} {
			p.count(sw)
			found := map[string]bool{}
			for _, row := range eval[[]struct {
				Counter, Lane, Text string
				Main                bool
			}](p, written) {
				text := strings.TrimPrefix(row.Text, "name=") // a line such as P = ..
				left, right, ok := strings.Cut(text, "=")
				if !ok || left == "" { // the lane that keeps nothing: = 0
					continue
				}
				value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, left)
				if err != nil {
					t.Fatalf("step %d %s: %q: %v", n, row.Counter, row.Text, err)
				}
				if value.Value.ExactString() != right {
					t.Errorf("step %d, %s of %s by %+v: the page says %s, which is %s", n, row.Counter, row.Lane, sw, row.Text, value.Value)
				}
				if !row.Main {
					continue
				}
				lane := map[string]sim.Lane{"cached": sim.Cached, "uncached": sim.Uncached}[row.Lane]
				counter, total := strings.CutPrefix(row.Counter, "total-")
				step, sofar := cost.Of(m.Model.Config).At(all[0].Rows, n, sw)
				want := cost.Counter(step[lane], counter)
				if total {
					want = cost.Counter(sofar[lane], counter)
				}
				if right != strconv.FormatInt(want, 10) {
					t.Errorf("step %d, %s of %s by %+v: %s on the page, counted %d", n, row.Counter, row.Lane, sw, right, want)
				}
				found[row.Counter] = true
				worked++
			}
			if want := map[bool]int{true: 11 + 12, false: 5 + 12}[all[n].Part == sim.LayerPart]; len(found) != want {
				t.Errorf("step %d: formulas of %v, want %d", n, found, want)
			}
		}
		p.checkLeast(t, all[:n+1])
		if i == 1 {
			p.axe("formulas open")
		}
		p.clean()
	}
	if worked < 400 {
		t.Errorf("only %d formulas were worked out", worked)
	}
}

// checkLeast compares the modelled time with the steps' own FLOPs and bytes.
// The last switches set count every pair and every row's logits.
func (p *page) checkLeast(t *testing.T, steps []sim.Step) {
	t.Helper()
	h, err := cost.HardwarePreset("Classroom PC")
	if err != nil {
		t.Fatal(err)
	}
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	sw := cost.Switches{Unit: "flop", Pairs: "dense", Logits: "all"}
	if device := eval[string](p, `document.querySelector("[data-least-device]").textContent`); device != h.Name {
		t.Errorf("modelled for %q", device)
	}
	for lane, name := range []string{"cached", "uncached"} {
		var last, sum float64
		for _, s := range steps {
			last = h.Least(cost.Of(m.Model.Config).Step(sim.Lane(lane), s.Layer, s.Rows, s.Cached, sw), h.Peaks["fp32"]).Seconds
			sum += last
		}
		got := eval[[]string](p, fmt.Sprintf(`import("/static/js/format.js").then(({ si }) => [
			si(%g, "s"), document.querySelector('[data-numbers="step"] [data-cell="modelled.%[3]s"]').textContent,
			document.querySelector('[data-modelled] [data-lane="%[3]s"] [data-least="seconds"]').textContent,
			si(%[2]g, "s"), document.querySelector('[data-numbers="total"] [data-cell="modelled.%[3]s"]').textContent])`, last, sum, name))
		if got[1] != got[0] || got[2] != got[0] || got[4] != got[3] {
			t.Errorf("step %d %s: modelled %q", steps[len(steps)-1].N, name, got)
		}
	}
}

// count sets the ledger's switches and waits for the recount.
func (p *page) count(sw cost.Switches) {
	p.t.Helper()
	for name, value := range map[string]string{"unit": sw.Unit, "pairs": sw.Pairs, "logits": sw.Logits} {
		p.js(fmt.Sprintf(`document.querySelector('input[name="count-%s"][value="%s"]').click()`, name, value))
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.ledger.count.%s === %q`, name, value))
	}
	p.painted()
}

// TestSwitchesOnThePage: they recount at once, run nothing, and are in the link.
func TestSwitchesOnThePage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=4&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=8")
	p.at(8)
	recorded := eval[int](p, `window.kvstepFrame().meta.run.recorded`)
	sw := cost.Switches{Unit: "mac", Pairs: "dense", Logits: "all", Scope: "matmul"}
	want := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 4, Pairs: "dense", Logits: "all"})
	p.count(sw)
	check := func(p *page) {
		t.Helper()
		for lane, name := range []string{"cached", "uncached"} {
			for span, c := range map[string]sim.Counters{"step": want[8].Lanes[lane], "total": want[8].Totals[lane]} {
				if got := p.value(fmt.Sprintf(`[data-span="%s"] [data-flops="%s"]`, span, name)); got != strconv.FormatInt(c.Flops.Total()/2, 10) {
					t.Errorf("%s of %s: %s MAC, want %d", span, name, got, c.Flops.Total()/2)
				}
			}
		}
		if s := p.text("flops-step-cached"); !strings.HasSuffix(s, "MAC") {
			t.Errorf("the unit is missing: %q", s)
		}
	}
	check(p)
	if now := eval[int](p, `window.kvstepFrame().meta.run.recorded`); now != recorded {
		t.Errorf("recounting ran %d steps", now-recorded)
	}
	time.Sleep(400 * time.Millisecond) // the address follows at a distance
	link := eval[string](p, `location.search`)
	for _, part := range []string{"unit=mac", "pairs=dense", "logits=all"} {
		if !strings.Contains(link, part) {
			t.Errorf("%s is not in %s", part, link)
		}
	}
	again := openOn(t, base, "/lab"+link)
	again.at(8)
	check(again)
	again.click("lang-zh")
	again.until(`document.documentElement.lang === "zh-Hans"`)
	check(again)
	p.count(cost.Switches{Unit: "flop", Pairs: "allowed", Logits: "last"})
	p.compare(&steps(t, sim.Recipe{Prompt: leaf, MaxNew: 4})[8])
	p.clean()
	again.clean()
}

// TestHistoryOnThePage: the chart's table is the run; a point leads to its pass.
func TestHistoryOnThePage(t *testing.T) {
	t.Parallel()
	link := "/lab?lang=en&new=6&prompt=" + strings.ReplaceAll(leaf, " ", "+") + "&step=14"
	p := open(t, link+"&show=")
	p.at(14)
	if eval[bool](p, `"history" in window.kvstepFrame().meta || document.getElementById("history").open`) {
		t.Error("the history is sent though its panel is closed")
	}
	p.do(chromedp.Navigate(strings.Split(eval[string](p, `location.href`), "?")[0] + strings.TrimPrefix(link, "/lab")))
	p.at(14) // who asks for nothing has it open
	p.until(`window.kvstepFrame().meta.history && document.getElementById("history").open`)
	p.js(`document.querySelector("#history > summary").click()`)
	p.until(`!window.kvstepFrame().meta.history && new URLSearchParams(location.search).get("show") === ""`)
	p.do(chromedp.Reload())
	p.at(14)
	p.until(`window.kvstepFrame() && !document.getElementById("history").open`) // it stays as it was left
	p.js(`document.querySelector("#history > summary").click()`)
	p.until(`window.kvstepFrame().meta.history`)
	p.js(`document.querySelector("[data-testid=history-table]").open = true`)
	p.painted()
	all := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 6})
	perPass := stepsPerPass(t)
	type table [][]string
	read := func() table {
		p.painted()
		return eval[table](p, `[...document.querySelectorAll("[data-testid=history-table] tbody tr")].map((tr) => [...tr.cells].map((c) => c.textContent.replaceAll(",", "")))`)
	}
	value := map[string]func(c sim.Counters) int64{
		"flops": func(c sim.Counters) int64 { return c.Flops.Total() },
		"kv":    func(c sim.Counters) int64 { return c.KVBytes },
		"read":  func(c sim.Counters) int64 { return c.KVReadBytes + c.WeightBytes },
	}
	for _, metric := range []string{"flops", "kv", "read"} {
		for _, sum := range []string{"total", "each"} {
			if metric == "kv" && sum == "total" { // a level: its passes do not add up
				continue
			}
			p.js(fmt.Sprintf(`document.querySelector('input[name="history-metric"][value="%s"]').click()`, metric))
			p.until(fmt.Sprintf(`window.kvstepFrame().meta.history.metric === %q`, metric))
			p.painted() // where the metric is a level, summing up is off
			p.js(fmt.Sprintf(`document.querySelector('input[name="history-sum"][value="%s"]').click()`, sum))
			p.until(fmt.Sprintf(`window.kvstepFrame().meta.history.metric === %q && window.kvstepFrame().meta.pick.show.includes("history-total") === %v`, metric, sum == "total"))
			rows := read()
			if off := eval[bool](p, `document.querySelector("[data-testid=history-sum]").disabled`); off != (metric == "kv") {
				t.Errorf("%s: summing up is off: %v", metric, off)
			}
			if len(rows) != 6 {
				t.Fatalf("%s: %d passes", metric, len(rows))
			}
			for pass, row := range rows {
				paid := row[1:3] // cached, uncached
				for lane := range 2 {
					var want int64
					for n := 0; n < len(all) && all[n].Pass <= pass; n++ {
						if c := all[n].Lanes[lane]; metric == "kv" {
							want = value[metric](c)
						} else if sum == "total" || all[n].Pass == pass {
							want += value[metric](c)
						}
					}
					if ahead := row[3+lane]; ahead != strconv.FormatInt(want, 10) {
						t.Errorf("%s %s, pass %d lane %d: the formulas say %s, the whole run pays %d", metric, sum, pass, lane, ahead, want)
					}
					if done := (pass+1)*perPass-1 <= 14; done && paid[lane] != strconv.FormatInt(want, 10) {
						t.Errorf("%s %s, pass %d lane %d: %s on the page, paid %d", metric, sum, pass, lane, paid[lane], want)
					} else if later := pass > all[14].Pass; later && paid[lane] != "" {
						t.Errorf("%s, pass %d is said to be paid: %v", metric, pass, row)
					}
				}
			}
		}
	}
	p.js(`document.querySelector('input[name="history-metric"][value="time"]').click()`)
	p.until(`window.kvstepFrame().meta.history.metric === "time"`)
	// No formula tells a time: the curve is a model of what was measured, and says so.
	if rows := read(); len(rows[0]) != 5 {
		t.Errorf("measured and modelled, of two lanes: %v", rows[0])
	}
	if bad := eval[string](p, `(() => {
		const { meta, tensors } = window.kvstepFrame();
		const { fit, points } = meta.history;
		const how = document.querySelector("#history [data-how]").innerText;
		if (!how.includes("least squares") || how.split("FLOP/s").length !== 3 || fit.cached.steps + fit.cached.left !== 15) return how;
		if (!document.querySelector("#history [data-key=modelled]").checkVisibility() || document.querySelector("#history [data-key=ahead]").checkVisibility()) return "legend";
		const prefill = tensors.history_ahead.data[0];
		return prefill > 0 && tensors.history_ahead.data.length === 2 * points ? "" : String(prefill);
	})()`); bad != "" {
		t.Errorf("time ahead: %s", bad)
	}
	// The keyboard, then a press: each leads to the end of a pass.
	p.focus(`[data-testid="history-chart"]`)
	p.press(kb.ArrowLeft)
	p.until(`document.querySelector("[data-testid=history-readout]").textContent.startsWith("decode pass 1 ")`)
	p.press(kb.Enter)
	p.at(2*perPass - 1)
	at := eval[struct{ X, Y float64 }](p, `(async () => {
		const { chart } = await import("/static/js/panel/history/chart.js");
		const { axisRoom } = await import("/static/js/panel/history/curves.js");
		const { series } = await import("/static/js/panel/history/series.js");
		const canvas = document.querySelector("[data-testid=history-chart]");
		canvas.scrollIntoView({ block: "center" });
		const rows = series(window.kvstepFrame());
		const most = Math.max(...rows.flatMap((r) => [...r.values]));
		const font = canvas.getContext("2d").font;
		const box = canvas.getBoundingClientRect();
		const c = chart({ width: canvas.clientWidth, height: 230, points: window.kvstepFrame().meta.history.points, first: window.kvstepFrame().meta.history.first, most, axis: axisRoom(canvas, font, most, "s") });
		return { X: box.left + c.x(4), Y: box.top + 60 };
	})()`)
	p.do(chromedp.MouseClickXY(at.X, at.Y))
	p.at(5*perPass - 1)
	time.Sleep(400 * time.Millisecond)
	if link := eval[string](p, `location.search`); !strings.Contains(link, "history-time") {
		t.Errorf("the open panel is not in the link %s", link)
	}
	p.click("lang-zh")
	p.until(`document.querySelector("[data-testid=history-chart]").getAttribute("aria-label").includes("次前向的时间")`)
	// Step by step, in the middle of a pass: what each step of both lanes paid.
	p.click("do-back")
	p.at(5*perPass - 2)
	for _, choice := range []string{"history-metric][value=flops", "history-sum][value=step"} {
		p.js(fmt.Sprintf(`document.querySelector("input[name=%s]").click()`, choice))
	}
	p.until(`window.kvstepFrame().meta.history.by === "step" && window.kvstepFrame().meta.history.metric === "flops"`)
	rows := read()
	if len(rows) != len(all) {
		t.Errorf("%d steps in the table, the run has %d", len(rows), len(all))
	}
	for n, row := range rows {
		for lane := range 2 {
			want := strconv.FormatInt(all[n].Lanes[lane].Flops.Total(), 10)
			if row[3+lane] != want || n <= 5*perPass-2 && row[1+lane] != want || n > 5*perPass-2 && row[1+lane] != "" {
				t.Errorf("step %d lane %d: %v, want %s", n, lane, row, want)
			}
		}
	}
	p.js(`document.getElementById("history").open = false`)
	p.until(`!window.kvstepFrame().meta.history`)
	p.clean()
}

// TestAllHeadsOnThePage: the numbers are the model's; press or keys pick a head.
func TestAllHeadsOnThePage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=6&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=10")
	p.at(10)
	if eval[bool](p, `"heads" in window.kvstepFrame().tensors`) {
		t.Error("all heads are sent though their panel is closed")
	}
	p.js(`document.getElementById("all-heads").open = true`)
	p.until(`window.kvstepFrame().meta.heads && document.querySelectorAll("#all-heads td button").length`)
	p.painted()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	all := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 6})
	c, perPass := m.Model.Config, stepsPerPass(t)
	check := func(n int, words func(h model.Hint) []string) {
		t.Helper()
		p.painted()
		labels := eval[map[string][]string](p, `Object.fromEntries([...document.querySelectorAll("#all-heads td button")].map((b) => [b.dataset.layer + "." + b.dataset.head, [b.querySelector(".spoken").textContent, b.querySelector(".hint").textContent]]))`)
		if len(labels) != c.Layers*c.Heads {
			t.Fatalf("%d heads", len(labels))
		}
		ran := 0
		for l := range c.Layers {
			s := all[n/perPass*perPass+l]
			for h := range c.Heads {
				label := labels[fmt.Sprintf("%d.%d", l, h)]
				if s.N > n {
					if strings.Contains(label[0], ".") {
						t.Errorf("layer %d has not run at step %d: %q", l, n, label)
					}
					continue
				}
				ran++
				hint := model.Hints(m.Model.Attention(&s, h).Probs, s.Cached, s.Tokens)
				for _, want := range words(hint) {
					if !strings.Contains(label[0], want) {
						t.Errorf("layer %d head %d: %q, want %q in it", l, h, label[0], want)
					}
				}
				most := max(hint.Previous, hint.First, hint.Self, hint.Copies)
				if has := strings.Contains(label[1], fmt.Sprintf("%.2f", most)); has != (most >= 0.5) && most < 0.995 {
					t.Errorf("layer %d head %d: dominant %.2f, shown %q", l, h, most, label[1])
				}
			}
		}
		if ran == 0 {
			t.Error("no head was compared")
		}
	}
	english := func(h model.Hint) []string {
		w := []string{fmt.Sprintf("entropy %.2f bits", h.Entropy)}
		for _, x := range []struct {
			name  string
			share float32
		}{{"previous", h.Previous}, {"first", h.First}, {"itself", h.Self}, {"copies", h.Copies}} {
			if x.share >= 0 {
				w = append(w, fmt.Sprintf("%s %.2f", x.name, x.share))
			}
		}
		return w
	}
	check(10, english)
	p.js(`document.querySelector('#all-heads button[data-layer="2"][data-head="3"]').click()`)
	p.until(`window.kvstepFrame().meta.pick.layer === 2 && window.kvstepFrame().meta.pick.head === 3`)
	p.js(`document.querySelector('#all-heads button[data-layer="2"][data-head="3"]').focus()`)
	p.press(kb.ArrowUp)
	p.press(kb.ArrowLeft)
	p.press(kb.Enter)
	p.until(`window.kvstepFrame().meta.pick.layer === 3 && window.kvstepFrame().meta.pick.head === 2 && document.querySelector('#all-heads button[aria-pressed="true"]').dataset.layer === "3"`)
	if n := eval[int](p, `document.querySelectorAll('#all-heads button[tabindex="0"]').length`); n != 1 {
		t.Errorf("%d tab stops in the grid", n)
	}
	p.js(`document.activeElement.blur()`)
	p.press(kb.ArrowRight) // the head of this pass: now every layer has run
	p.at(11)
	p.click("lang-zh")
	p.until(`document.querySelector("[data-testid=heads-picked]").textContent.startsWith("层 3")`)
	check(11, func(h model.Hint) []string { return []string{fmt.Sprintf("熵 %.2f 比特", h.Entropy)} })
	p.axe("all heads")
	p.clean()
}

// TestHeadsOfAGroupOnThePage: in a model with grouped-query attention the heads
// that read the same keys and values stand under one heading.
func TestHeadsOfAGroupOnThePage(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	c := modeltest.Config(r)
	c.Layers, c.Heads, c.KVHeads = 3, 6, 2
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	p := openOn(t, serveModels(t, library.New(&library.Loaded{Name: "random", Model: m})), "/lab?lang=en&model=random&tokens=1,2,3,4&new=3&step=6&show=heads,rows,rows-read")
	p.at(6)
	p.until(`document.querySelectorAll("#all-heads td button").length === 18`)
	groups := eval[[]string](p, `[...document.querySelectorAll("#all-heads th[scope=colgroup]")].map((th) => th.textContent + " " + th.colSpan)`)
	if fmt.Sprint(groups) != "[K/V head 0 3 K/V head 1 3]" {
		t.Errorf("groups %q", groups)
	}
	p.js(`document.querySelector('#all-heads button[data-layer="1"][data-head="4"]').click()`)
	p.until(`window.kvstepFrame().meta.pick.kv_head === 1 && window.kvstepFrame().meta.pick.layer === 1`)
	// The picker, the stage and the cache say who shares the K/V head that is looked at.
	p.until(`document.querySelector("#pickers [data-heads] option:checked").parentElement.label === "K/V head 1"`)
	if groups := eval[string](p, `[...document.querySelectorAll("#pickers optgroup")].map((g) => [...g.children].map((o) => o.text).concat(g.label).join(" ")).join("; ")`); groups != "0 1 2 K/V head 0; 3 4 5 K/V head 1" {
		t.Errorf("the picker's groups: %q", groups)
	}
	p.until(`document.querySelector("[data-note=cached] .does").innerText.includes("3, 4")`)
	p.until(`document.querySelector("#cache [data-stage]").innerText.includes("K/V head 1 of layer 1. Each row serves 3 query heads.")`)
	p.js(`document.querySelector("[data-look=k]").click()`)
	p.until(`document.querySelector("#inside figcaption") && [...document.querySelectorAll("#inside figcaption")].some((c) => c.innerText.includes("K/V head 1 of heads 3, 4, 5"))`)
	p.js(`document.querySelector("[data-look='']").click()`)
	if dir := os.Getenv("KVSTEP_SCREENSHOTS"); dir != "" {
		png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "open-gqa.png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.clean()
}

// TestOneLaneOnThePage: panels that have nothing to show say so, or show the
// lane that ran.
func TestOneLaneOnThePage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for _, lanes := range []string{"cached", "uncached"} {
		p := openOn(t, base, "/lab?lang=en&lanes="+lanes+"&new=4&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=8&show=rows-again,"+everything)
		p.at(8)
		p.js(`for (const d of document.querySelectorAll("details")) d.open = true; for (const b of document.querySelectorAll("[data-opens]")) b.click()`)
		p.until(`window.kvstepFrame().meta.history && document.querySelector("[data-testid=history-readout]").textContent`)
		shown := eval[string](p, `[...document.querySelectorAll("#formula-qkv [data-part=layer] .worked")].filter((e) => !e.hidden).map((e) => e.dataset.lane).join()`)
		if shown != lanes {
			t.Errorf("%s: formulas worked out for %q", lanes, shown)
		}
		heads := p.text("heads-picked")
		if has := strings.Contains(heads, "entropy"); has != (lanes == "cached") {
			t.Errorf("%s: heads say %q", lanes, heads)
		}
		if s := p.text("lamp"); s != "one lane, nothing to compare" {
			t.Errorf("%s: the lamp says %q", lanes, s)
		}
		if s := p.text("sentence"); strings.Contains(s, "recomputed") != (lanes == "uncached") || strings.Contains(s, "added to the cache") != (lanes == "cached") {
			t.Errorf("%s: the sentence says %q", lanes, s)
		}
		p.js(`document.querySelector("#transport [data-do=restart]").click()`)
		p.at(-1)
		p.painted()
		if s := p.text("heads-picked"); !strings.Contains(s, "Nothing has run") {
			t.Errorf("before the first step, heads say %q", s)
		}
		p.clean()
	}
}

// TestARunWithoutACache: its own lane is drawn, alone, on the stage and inside the layer.
func TestARunWithoutACache(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for _, c := range []struct{ lang, query, sentence string }{
		{"en", "&op=probs", "2 of them recomputed"},
		{"zh", "&op=scores&trail=8.scores.0.0.1", "2 行是重算"},
	} {
		p := openOn(t, base, "/lab?lang="+c.lang+"&lanes=uncached&new=4&tokens=0,300&step=8")
		p.at(8)
		lanes := eval[[]string](p, `[...new Set([...document.querySelectorAll("#stage .plate")].filter((e) => e.checkVisibility()).map((e) => e.dataset.lane))]`)
		if len(lanes) != 1 || lanes[0] != "uncached" || !eval[bool](p, `document.getElementById("cacheless").hidden`) {
			t.Errorf("%s: the picture has the lanes %q", c.lang, lanes)
		}
		p.do(chromedp.Navigate(base + "/lab?lang=" + c.lang + "&lanes=uncached&new=4&tokens=0,300&step=8" + c.query))
		p.at(8)
		p.until(`document.getElementById("cacheless").hidden && document.querySelector("#inside:not([hidden]) [data-field]:not([hidden])")`)
		if s := p.text("sentence"); !strings.Contains(s, c.sentence) {
			t.Errorf("%s: the sentence says %q", c.lang, s)
		}
		p.axe("without a cache, " + c.lang)
		p.clean()
	}
}

// TestALongRunWithoutACache: a pass that is too long to recompute for a picture is not drawn; the page says so, and
// both lanes are a press away, at the same step.
func TestALongRunWithoutACache(t *testing.T) {
	t.Parallel()
	p := open(t, "/?lang=zh&lanes=uncached&new=4&step=8&tokens="+strings.TrimSuffix(strings.Repeat("300,", 262), ","))
	p.at(8)
	p.until(`document.getElementById("cacheless").checkVisibility()`)
	p.axe("a long run without a cache")
	p.click("both-lanes")
	p.until(`document.getElementById("cacheless").hidden && kvstepFrame().meta.run.recipe.lanes === "both"`)
	p.at(8)
	if n := eval[int](p, `[...document.querySelectorAll("#stage .plate[data-lane=cached]")].filter((e) => e.checkVisibility()).length`); n < 5 {
		t.Errorf("%d matrices of the lane with the cache", n)
	}
	p.clean()
}

// TestProvenanceOnThePage: every row of the cache says where it comes from.
func TestProvenanceOnThePage(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=6&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=20")
	p.at(20)
	if eval[bool](p, `"rows" in window.kvstepFrame().tensors`) {
		t.Error("the rows are sent though no one looks at them")
	}
	says := func() string { p.painted(); return p.text("cache-readout") }
	all := steps(t, sim.Recipe{Prompt: leaf, MaxNew: 6})
	s := all[20] // pass 3, layer 2
	reads := func(layer, position int) (written, n int) {
		for _, x := range all[:21] {
			if x.Layer == layer && position >= x.Cached && position < x.Cached+x.Rows {
				written = x.Pass
			} else if x.Layer == layer && position < x.Cached {
				n++
			}
		}
		return written, n
	}
	labels := eval[[][]any](p, `window.kvstepFrame().meta.tokens`)
	p.focus(`[data-testid="cache-picture"]`)
	p.press(kb.Home)
	p.until(`window.kvstepFrame().tensors.rows`)
	for i, want := range []string{"K, layer 2, K/V head 0", "K, layer 2, K/V head 1"} {
		for position := range 3 {
			written, n := reads(2, position)
			line := fmt.Sprintf("%s, token %d “%s”: written in prefill; read %d times since; the lane without a cache recomputed it %d times.", want, position, labels[position][1], n, n)
			if got := says(); written != 0 || !strings.HasPrefix(got, line) {
				t.Errorf("the row says %q, want %q", got, line)
			}
			p.press(kb.ArrowRight)
		}
		p.press(kb.Home)
		if i == 0 {
			p.press(kb.ArrowDown)
		}
	}
	p.press(kb.End)
	written, n := reads(2, s.Cached)
	if got := says(); !strings.Contains(got, fmt.Sprintf("written in decode pass %d; read %d times since", written, n)) || n != 0 {
		t.Errorf("the newest row says %q", got)
	}
	p.press(kb.ArrowRight)
	if got := says(); !strings.HasPrefix(got, "V, layer 2, K/V head 1, token 0 ") {
		t.Errorf("right of K's last row: %q", got)
	}
	// It goes on counting while the run steps on.
	_, before := reads(2, 0)
	p.js(`document.activeElement.blur()`)
	p.click("do-token")
	p.click("do-token")
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=cache-readout]").textContent.includes("read %d times since")`, before+1)) // more than one by now
	p.js(`document.querySelector("[data-testid=timeline]").focus()`)

	// As a table, in Chinese: a layer's rows with the same counts.
	p.js(`document.querySelector("[data-testid=cache-table]").open = true`)
	p.click("lang-zh")
	p.until(`document.querySelectorAll("[data-testid=cache-table] tbody tr").length`)
	at := eval[int](p, `window.kvstepFrame().meta.step.n`)
	p.js(`const s = document.querySelector("[data-testid=cache-table] select"); s.value = "1"; s.dispatchEvent(new Event("change"))`)
	p.painted()
	rows := eval[[][]string](p, `[...document.querySelectorAll("[data-testid=cache-table] tbody tr")].map((tr) => [...tr.cells].map((c) => c.textContent))`)
	if len(rows) != all[at].KV.Len(1) {
		t.Errorf("%d rows, the cache holds %d", len(rows), all[at].KV.Len(1))
	}
	for position, row := range rows {
		var count int
		for _, x := range all[:at+1] {
			if x.Layer == 1 && position < x.Cached {
				count++
			}
		}
		if row[0] != strconv.Itoa(position) || row[3] != strconv.Itoa(count) || row[4] != strconv.Itoa(count) {
			t.Errorf("row %d: %v, want %d reads", position, row, count)
		}
	}
	// The picture by reads and by recomputations; the link keeps the choice.
	for _, view := range []string{"read", "again"} {
		p.js(fmt.Sprintf(`document.querySelector('input[name="cache-view"][value="%s"]').click()`, view))
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.show.includes("rows-%s")`, view))
		_, most := 0, all[at].Pass
		p.until(fmt.Sprintf(`document.querySelector("#cache [data-key]").textContent.includes("%d 次")`, most))
	}
	p.axe("provenance")
	p.clean()

	// A long run on a narrow screen: nothing is cut off.
	q := openOn(t, base, "/lab?lang=en&new=480&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=20")
	q.at(20)
	q.do(chromedp.EmulateViewport(390, 844), chromedp.Sleep(300*time.Millisecond))
	over := eval[float64](q, `(async () => {
		const { plan } = await import("/static/js/panel/cache/plan.js");
		const canvas = document.querySelector("[data-testid=cache-picture]");
		const { run, kv } = window.kvstepFrame().meta;
		const p = plan({ width: canvas.clientWidth, layers: run.config.layers, heads: run.config.kv_heads, capacity: kv.capacity });
		return Math.max(p.x(0), p.x(1)) + p.mark * kv.capacity - canvas.clientWidth;
	})()`)
	if over > 0 {
		t.Errorf("the strips are cut off by %v pixels", over)
	}
	if eval[bool](q, `document.documentElement.scrollWidth > 391`) {
		t.Error("the page scrolls sideways")
	}
	q.clean()
}

// TestARowOfTheCacheIsPressed: a press on a row, or Enter, looks at its layer and its K/V head, and opens
// where its numbers come from; so it does for a layer that this pass has not come to.
func TestARowOfTheCacheIsPressed(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&model=story-gqa&step=14") // pass 2, layer 2
	p.at(14)
	row := func(side, layer, head, position int) {
		t.Helper()
		at := eval[struct{ X, Y float64 }](p, fmt.Sprintf(`(async () => {
			const { plan } = await import("/static/js/panel/cache/plan.js");
			const canvas = document.querySelector("[data-testid=cache-picture]");
			canvas.scrollIntoView({ block: "center" });
			const { run, kv } = window.kvstepFrame().meta;
			const l = plan({ width: canvas.clientWidth, layers: run.config.layers, heads: run.config.kv_heads, capacity: kv.capacity });
			const box = canvas.getBoundingClientRect();
			return { X: box.left + l.x(%[1]d) + (%[4]d + 0.5) * l.mark, Y: box.top + l.y(%[1]d, %[2]d) + (%[3]d + 0.5) * l.strip };
		})()`, side, layer, head, position))
		p.do(chromedp.MouseClickXY(at.X, at.Y))
	}
	perHead := eval[int](p, `kvstepFrame().meta.run.config.heads / kvstepFrame().meta.run.config.kv_heads`)
	for _, x := range []struct{ side, layer, head, position, step int }{{0, 1, 1, 3, 13}, {1, 2, 0, 16, 14}, {0, 4, 1, 5, 10}} {
		row(x.side, x.layer, x.head, x.position)
		p.until(fmt.Sprintf(`(({explain: e, pick}) => e && e.op === "KV"[%d] && e.row === %d && e.step === %d && e.head === %d && pick.layer === %d && pick.kv_head === %d)(kvstepFrame().meta)`,
			x.side, x.position, x.step, x.head*perHead, x.layer, x.head))
		p.until(inSight + `(document.querySelector("#explain h2"))`)
		if !eval[bool](p, `document.getElementById("problem").hidden`) {
			t.Errorf("%+v: %s", x, p.text("problem"))
		}
	}
	p.focus(`[data-testid="cache-picture"]`)
	p.press(kb.ArrowRight)
	p.press(kb.Enter)
	p.until(`kvstepFrame().meta.explain?.row === 6 && document.activeElement === document.querySelector("#explain h2")`)
	p.clean()
}

// TestPanelsAreAccessible runs axe with every panel and formula open.
func TestPanelsAreAccessible(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=6&prompt="+strings.ReplaceAll(leaf, " ", "+")+"&step=11&show="+everything)
	p.at(11)
	p.until(`window.kvstepFrame().meta.heads`)
	p.js(`for (const d of document.querySelectorAll("details")) d.open = true; for (const b of document.querySelectorAll("[data-opens]")) b.click()`)
	// One look at each theme and width; TestAccessibleEverywhere has all of both.
	for _, c := range []struct {
		width       int64
		theme, lang string
	}{{1440, "light", "en"}, {768, "dark", "zh"}, {360, "projector", "en"}} {
		p.do(chromedp.EmulateViewport(c.width, 900), chromedp.Sleep(300*time.Millisecond))
		p.theme(c.theme)
		p.click("lang-" + c.lang)
		time.Sleep(200 * time.Millisecond)
		p.axe(fmt.Sprintf("%s %d px", c.theme, c.width))
		if eval[bool](p, fmt.Sprintf(`document.documentElement.scrollWidth > %d`, c.width+1)) {
			t.Errorf("the page scrolls sideways at %d px: %s", c.width, eval[string](p, fmt.Sprintf(`[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > %d && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className + "#" + e.id).slice(0, 6).join(", ")`, c.width+1)))
		}
	}
	p.clean()
}

// paintTimes steps n times and returns for each the milliseconds of script in the
// longest of the animation frames that painted it.
const paintTimes = `(async () => {
	const native = window.requestAnimationFrame.bind(window);
	const times = [];
	window.requestAnimationFrame = (f) => native((now) => {
		const start = performance.now();
		f(now);
		times.push(performance.now() - start);
	});
	const slider = document.querySelector("[data-testid=timeline]");
	const steps = [];
	for (let i = 0; i < %d; i++) {
		const before = slider.getAttribute("aria-valuenow");
		times.length = 0;
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
		const start = performance.now();
		while ((slider.getAttribute("aria-valuenow") === before || !window.kvstepPainted()) && performance.now() - start < 5000) await new Promise((done) => setTimeout(done, 1));
		steps.push(Math.max(...times));
		await new Promise((done) => setTimeout(done, 10));
	}
	return steps;
})()`

// BenchmarkPaint is the longest script of an animation frame that paints a step, over
// the first 60 steps of the default run, with no panel open and with all.
func BenchmarkPaint(b *testing.B) {
	base := serve(b)
	for name, show := range map[string]string{"none": "", "all": "&show=" + everything} {
		b.Run("open="+name, func(b *testing.B) {
			var times []float64
			for b.Loop() {
				p := openOn(b, base, "/lab?lang=en"+show)
				p.until(`window.kvstepFrame()`)
				times = append(times, eval[[]float64](p, fmt.Sprintf(paintTimes, 60))...)
			}
			b.ReportMetric(quantile(times, 0.5), "ms/paint-p50")
			b.ReportMetric(quantile(times, 0.95), "ms/paint-p95")
			b.ReportMetric(quantile(times, 1), "ms/paint-max")
		})
	}
}
