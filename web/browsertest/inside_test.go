package browsertest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

const insidePrompt = "Sam gave a green book to Rosa. Rosa gave the book to Leo."

// engine is the same run as the page's, to compare with.
func engine(t testing.TB, r sim.Recipe) (*explain.Run, []sim.Step) {
	t.Helper()
	m, err := library.New().Get(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	all := steps(t, r)
	return &explain.Run{Model: m.Model, Step: func(n int) *sim.Step {
		if n < 0 || n >= len(all) {
			return nil
		}
		return &all[n]
	}}, all
}

// shownTerm is one row of the panel's table, as it is written there.
type shownTerm struct{ A, B, Product, Lane string }

// shown is what the explanation panel says.
type shown struct {
	Value, Say, What string
	Exact            bool
	Terms            []shownTerm
	Sum              string
	Calc             [][]string // numbers of each operation, the result last
	Refs             []string
}

const readPanel = `(() => {
	const why = document.getElementById("explain");
	const cells = (tr) => [...tr.querySelectorAll("td")].map((td) => td.textContent.trim());
	return {
		Value: why.querySelector("[data-value]").textContent, Say: why.querySelector("[data-say]").textContent,
		What: why.querySelector("[data-what]").textContent, Exact: !why.querySelector("[data-exact]").hidden,
		Terms: [...why.querySelectorAll(".terms tbody tr")].map(cells).filter((c) => c.length === 4).map(([A, B, Product, Lane]) => ({ A, B, Product, Lane })),
		Sum: why.querySelector(".terms tfoot td")?.textContent ?? "",
		Calc: [...why.querySelectorAll(".calc tbody tr")].map((tr) => cells(tr).join(" ").match(/-?[0-9][0-9.]*(e-?[0-9]+)?/g) ?? []),
		Refs: [...why.querySelectorAll("[data-ref]")].map((b) => b.dataset.ref),
	};
})()`

func modelOf(t testing.TB) *model.Model {
	t.Helper()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	return m.Model
}

func number(t testing.TB, text string) float32 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 32)
	if err != nil {
		t.Fatalf("the page shows %q where a number should be", text)
	}
	return float32(x)
}

// asked waits until the panel explains ref and gives what it says.
func (p *page) asked(ref explain.Ref) shown {
	p.t.Helper()
	p.until(fmt.Sprintf(`(() => { const e = window.kvstepFrame().meta.explain; return e && e.step === %d && e.op === %q && e.head === %d && e.row === %d && e.col === %d && (e.lane ?? "") === %q && !document.getElementById("explain").hidden })()`,
		ref.Step, ref.Op, ref.Head, ref.Row, ref.Col, ref.Lane))
	time.Sleep(60 * time.Millisecond) // painted with the next animation frame
	return eval[shown](p, readPanel)
}

// TestClickAScore: in both languages, the score of one token to another is taken
// apart; what is written in the panel, read back, makes the engine's number.
func TestClickAScore(t *testing.T) {
	t.Parallel()
	r, all := engine(t, sim.Recipe{Prompt: insidePrompt, MaxNew: 8})
	const key = 5
	at, wide := 3*stepsPerPass(t)+3, r.Model.Config.HeadDim // layer 3 of the third decode pass
	want := r.Model.Attention(&all[at], 0).Scores.At(0, key)
	for lang, says := range map[string][]string{"en": {fmt.Sprintf("divided by √%d", wide), "it comes from the cache, written in prefill · layer 3"}, "zh": {fmt.Sprintf("除以 √%d", wide), "它来自缓存，写入于预填充 · 层 3"}} {
		p := open(t, fmt.Sprintf("/lab?lang=%s&new=8&step=%d&prompt=%s", lang, at, strings.ReplaceAll(insidePrompt, " ", "+")))
		p.at(at)
		p.clickCell("scores", 0, key)
		ref := explain.Ref{Step: at, Op: "scores", Col: key}
		s := p.asked(ref)
		if number(t, s.Value) != want || !s.Exact {
			t.Errorf("%s: the panel says %s, the engine %v", lang, s.Value, want)
		}
		for _, part := range says {
			if !strings.Contains(s.Say, part) {
				t.Errorf("%s: %q does not say %q", lang, s.Say, part)
			}
		}
		if len(s.Terms) >= wide {
			t.Errorf("%s: a long sum is shown whole at once", lang)
		}
		p.click("why-more")
		p.until(`document.querySelectorAll("#explain .terms tbody tr").length > ` + strconv.Itoa(wide))
		s = eval[shown](p, readPanel)
		p.checkScore(s, wide, want)
		// Every operand is a cell of Q or K, and can be asked.
		if n := len(s.Refs); n != 2*wide {
			t.Errorf("%s: %d operands can be asked, want %d", lang, n, 2*wide)
		}
		p.js(fmt.Sprintf(`document.getElementById("explain").querySelector("[data-ref^='%d.K.0.5.7']").click()`, at))
		k := p.asked(explain.Ref{Step: at, Op: "K", Row: key, Col: 7})
		if number(t, k.Value) != all[at].KV.Keys(3, 0).At(key, 7) {
			t.Errorf("%s: key %s", lang, k.Value)
		}
		if !strings.Contains(k.Say, map[string]string{"en": "prefill", "zh": "预填充"}[lang]) {
			t.Errorf("%s: %q does not say who wrote the key", lang, k.Say)
		}
		p.js(`scrollTo(0, 0)`)
		p.axe("explained, " + lang)
		p.clean()
	}
}

// checkScore does what the panel shows: the products, 16 lanes, the tree, the scale.
func (p *page) checkScore(s shown, wide int, want float32) {
	p.t.Helper()
	if len(s.Terms) != wide {
		p.t.Fatalf("%d terms", len(s.Terms))
	}
	var lanes [16]float32
	for i, term := range s.Terms {
		product := float32(number(p.t, term.A) * number(p.t, term.B))
		lanes[i%16] += product
		if number(p.t, term.Product) != product || number(p.t, term.Lane) != lanes[i%16] {
			p.t.Errorf("term %d: %+v, but the product is %v, the lane %v", i, term, product, lanes[i%16])
		}
	}
	for half := 8; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	if number(p.t, s.Sum) != lanes[0] {
		p.t.Errorf("sum %s, want %v", s.Sum, lanes[0])
	}
	last := s.Calc[len(s.Calc)-1]
	a, b, result := number(p.t, last[0]), number(p.t, last[1]), number(p.t, last[2])
	if math.Float32bits(float32(a*b)) != math.Float32bits(want) || math.Float32bits(result) != math.Float32bits(want) {
		p.t.Errorf("%v: not the engine's %v", last, want)
	}
}

// clickCell presses the middle of a cell of the overview.
func (p *page) clickCell(op string, row, col int) {
	p.t.Helper()
	at := eval[struct{ X, Y float64 }](p, fmt.Sprintf(`(() => {
		const canvas = [...document.querySelectorAll('.plate[data-op="%[1]s"][data-lane="cached"] canvas, #inside .plate[data-plate="%[1]s"] canvas')].find((c) => c.checkVisibility());
		canvas.scrollIntoView({ block: "center" });
		const box = canvas.getBoundingClientRect();
		const shape = window.kvstepFrame().tensors["%[1]s"].shape;
		return { X: box.left + (%[3]d + 0.5) * box.width / shape[1], Y: box.top + (%[2]d + 0.5) * box.height / shape[0] };
	})()`, op, row, col))
	p.do(chromedp.MouseClickXY(at.X, at.Y))
}

// TestWalkInsideWithOneKey: one key leads through every op of a layer and on into
// the next, another one back; what is drawn is the engine's.
func TestWalkInsideWithOneKey(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=3&prompt=Mia+has+three+apples.")
	_, all := engine(t, sim.Recipe{Prompt: "Mia has three apples.", MaxNew: 3})
	layers := stepsPerPass(t) - 1
	var walk []string
	for _, op := range ops(t) {
		if op.Part == sim.LayerPart {
			walk = append(walk, op.ID)
		}
	}
	on := func(step int, op string) {
		t.Helper()
		p.until(fmt.Sprintf(`(() => { const m = window.kvstepFrame().meta; return m.pick.op === %q && m.pick.from === %d })()`, op, step))
		p.until(fmt.Sprintf(`document.querySelector("#ops [aria-current]")?.dataset.look === %q && !document.getElementById("inside").hidden`, op))
	}
	for n := range 2 {
		for _, op := range walk {
			p.press(".")
			on(n, op)
			if s := eval[string](p, `document.querySelector("[data-testid=op-say]").textContent`); strings.Contains(s, "ops.") || len(s) < 30 {
				t.Errorf("%s: %q", op, s)
			}
		}
	}
	p.press(".")
	on(2, "x")
	p.press(",")
	on(1, "next")
	p.press(",")
	on(1, "down")
	if got, want := p.shape("down"), [2]int{all[1].Rows, all[1].Out.NumCols()}; got != want {
		t.Errorf("down is %v, want %v", got, want)
	}
	// The same numbers as a table.
	p.js(`document.getElementById("table").open = true`)
	p.until(`document.querySelectorAll("#table tbody tr").length > 0`)
	want, _ := (&explain.Run{Model: modelOf(t), Step: func(n int) *sim.Step { return &all[n] }}).Value(explain.Ref{Step: 1, Op: "down", Row: 1, Col: 2})
	if got := eval[float64](p, `Number(document.querySelectorAll("#table tbody tr")[1].querySelectorAll("td")[2].textContent)`); math.Abs(got-float64(want)) > 1e-2*math.Abs(float64(want)) {
		t.Errorf("in the table down[1, 2] is %v, want %v", got, want)
	}
	// Decode is the same picture, one row high.
	p.press("e")
	p.until(`window.kvstepFrame().meta.run.ended && !window.kvstepFrame().meta.run.running`)
	p.js(`document.querySelector("[data-testid=op-dots]").click()`)
	on(3*(layers+1)-2, "dots")
	last := all[3*(layers+1)-2]
	if got, want := p.shape("dots"), [2]int{1, last.Cached + 1}; got != want {
		t.Errorf("decode: dots are %v, want %v", got, want)
	}
	p.press("o")
	p.until(`document.getElementById("inside").hidden && !document.getElementById("stage").hidden`)
	p.clean()
}

// TestWeightsAreAskedForAgain: where the server is short of memory, the page says that a matrix did not come,
// and draws it as soon as it does.
func TestWeightsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=3&step=0")
	p.at(0)
	p.js(`window.asked = 0; const get = window.fetch; window.fetch = (url, ...rest) => String(url).startsWith("/weights") && !window.asked++ ? Promise.resolve(new Response('{"problem":"memory.total","args":{"Want":9,"Held":1,"Allowed":2}}', {status: 503})) : get(url, ...rest)`)
	p.js(`document.querySelector("[data-testid=op-q]").click()`)
	lacks := `document.querySelector("[data-testid=op-lacks]")`
	p.until(lacks + `.textContent.includes("kvstep is short of memory: this needs 9 MB more")`)
	if !eval[bool](p, `!`+lacks+`.hidden && document.querySelector('#inside [data-plate="w_q"]').classList.contains("waiting")`) {
		t.Error("the matrix is there, or nothing is said")
	}
	p.axe("weights refused")
	p.until(lacks + `.hidden && !document.querySelector('#inside [data-plate="w_q"]').classList.contains("waiting")`)
	if n := eval[int](p, `window.asked`); n != 2 {
		t.Errorf("asked %d times", n)
	}
	p.clean()
}

func (p *page) shape(op string) [2]int {
	p.t.Helper()
	return eval[[2]int](p, fmt.Sprintf(`window.kvstepFrame().tensors["op.%s"].shape`, op))
}

// TestExplainWithTheKeyboard: without a mouse, from a cell to the operand that the
// cache kept, to the step that stored it, and back; the link leads there again.
func TestExplainWithTheKeyboard(t *testing.T) {
	t.Parallel()
	base := serve(t)
	r, all := engine(t, sim.Recipe{Prompt: insidePrompt, MaxNew: 8})
	at := 3*stepsPerPass(t) + 3
	p := openOn(t, base, fmt.Sprintf("/lab?lang=en&new=8&step=%d&op=dots&prompt=%s", at, strings.ReplaceAll(insidePrompt, " ", "+")))
	p.at(at)
	p.until(`!document.getElementById("inside").hidden`)
	p.focus(`#inside [data-plate="dots"] canvas`)
	for range 5 {
		p.press(kb.ArrowRight)
	}
	p.press(kb.Enter)
	s := p.asked(explain.Ref{Step: at, Op: "dots", Col: 5})
	if want, _ := r.Value(explain.Ref{Step: at, Op: "dots", Col: 5}); number(t, s.Value) != want {
		t.Errorf("q.k is %s, want %v", s.Value, want)
	}
	p.until(`document.activeElement.id === "why-title"`) // the answer has the focus
	focused := `document.activeElement.dataset.ref`
	for range 20 { // by Tab to the first operand of the key
		p.press(kb.Tab)
		if strings.HasPrefix(eval[string](p, focused+` ?? ""`), fmt.Sprintf("%d.K.", at)) {
			break
		}
	}
	p.press(kb.Enter)
	p.asked(explain.Ref{Step: at, Op: "K", Row: 5, Col: 0})
	for range 20 {
		p.press(kb.Tab)
		if strings.HasPrefix(eval[string](p, focused+` ?? ""`), "3.k_rope.") { // layer 3 of prefill
			break
		}
	}
	p.press(kb.Enter)
	stored := explain.Ref{Step: 3, Op: "k_rope", Row: 5}
	s = p.asked(stored)
	if number(t, s.Value) != all[3].KV.Keys(3, 0).At(5, 0) {
		t.Errorf("the key as it was stored is %s, want %v", s.Value, all[3].KV.Keys(3, 0).At(5, 0))
	}
	p.at(at) // asking moves no cursor

	// The link reproduces the way.
	time.Sleep(400 * time.Millisecond)
	q := openOn(t, base, "/lab"+eval[string](p, `location.search`))
	if again := q.asked(stored); again.Value != s.Value || again.What != s.What {
		t.Errorf("the link leads to %q %s", again.What, again.Value)
	}
	if n := eval[int](q, `document.querySelectorAll("[data-testid=crumbs] li").length`); n != 3 {
		t.Errorf("%d crumbs after the link, want 3", n)
	}

	// Escape goes back one step of the way; the button goes to the step itself.
	p.press(kb.Escape)
	p.asked(explain.Ref{Step: at, Op: "K", Row: 5, Col: 0})
	p.press(kb.Escape)
	p.asked(explain.Ref{Step: at, Op: "dots", Col: 5})
	p.press(kb.Escape) // the last one closes the panel, and the cell has the focus again
	p.until(`document.getElementById("explain").hidden && document.activeElement.closest("[data-plate]")?.dataset.plate === "dots"`)
	q.js(`document.querySelector("[data-testid=why-go]").click()`)
	q.at(3)
	q.asked(stored)
	q.until(`window.kvstepFrame().meta.pick.op === "k_rope" && window.kvstepFrame().meta.pick.from === 3`)
	p.clean()
	q.clean()
}

// TestTheOtherLaneCanBeAsked: from a cell of any op, those after the last layer too, one press leads to the same cell
// of the lane without a cache, down to its own rows, and back.
func TestTheOtherLaneCanBeAsked(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"contiguous", "window:8:0"} {
		want := under(t, policy, 0)
		n := 3*stepsPerPass(t) - 1 // the head of decode pass 2
		s := &want[n]
		p := open(t, policyPath("en", policy, n, "")+"&op=logits&trail="+fmt.Sprintf("%d.logits.0.0.7", n))
		p.at(n)
		p.asked(explain.Ref{Step: n, Op: "logits", Col: 7})
		p.click("why-other")
		got := p.asked(explain.Ref{Step: n, Op: "logits", Col: 7, Lane: explain.Uncached})
		if same := number(t, got.Value) == s.Logits()[7]; same != !s.Differed || !got.Exact {
			t.Errorf("%s: the logit is %s in the lane without a cache, %v with it; the lanes differ: %v", policy, got.Value, s.Logits()[7], s.Differed)
		}
		// The probabilities of that lane are made of its own logits, and so is what it chooses.
		exact := s.Choice().Token
		if s.Effect != nil {
			exact = s.Effect.Token
		}
		q := open(t, policyPath("en", policy, n, "")+"&op=chances&trail="+fmt.Sprintf("%d.chances.0.0.%d.uncached", n, exact))
		q.at(n)
		likeliest := explain.Ref{Step: n, Op: "chances", Col: exact, Lane: explain.Uncached}
		if says := q.asked(likeliest); !says.Exact || !strings.Contains(q.text("why-say"), "Greedy") {
			t.Errorf("%s: of the token that it would choose it says %q", policy, q.text("why-say"))
		}
		q.click("why-other")
		likeliest.Lane = ""
		if got, want := q.asked(likeliest), chances(s.Logits())[exact]; number(t, got.Value) != want {
			t.Errorf("%s: with the cache its probability is %s, want %v", policy, got.Value, want)
		}
		q.axe("a probability")
		q.clean()
		row := len(s.Tokens) - 1
		p.js(fmt.Sprintf(`document.querySelector("#explain [data-ref='%d.norm3.0.%d.5.uncached']").click()`, n, row))
		norm := explain.Ref{Step: n, Op: "norm3", Row: row, Col: 5, Lane: explain.Uncached}
		if says := p.asked(norm); !says.Exact {
			t.Errorf("%s: %+v", policy, says)
		}
		p.click("why-other")
		norm.Row, norm.Lane = 0, ""
		p.asked(norm)
		p.clean()
	}
}

// chances are the probabilities of logits.
func chances(logits []float32) []float32 {
	x := make([]float32, len(logits))
	mat.Softmax(x, logits, nil)
	return x
}

// TestInsideWithoutACache: a run of the lane without a cache alone shows each op of a layer and of the head, with a row
// for every token, and its cells are asked like all others.
func TestInsideWithoutACache(t *testing.T) {
	t.Parallel()
	want := under(t, "contiguous", 0)
	n := 3*stepsPerPass(t) - 1 // the head of decode pass 2
	p := open(t, policyPath("en", "contiguous", n, "")+"&lanes=uncached&op=logits")
	p.at(n)
	p.until(`document.getElementById("cacheless").hidden && !document.querySelector("#inside [data-field]").hidden`)
	p.focus(`#inside [data-plate="logits"] canvas`)
	p.press(kb.ArrowRight)
	p.press(kb.Enter)
	got := p.asked(explain.Ref{Step: n, Op: "logits", Col: 1, Lane: explain.Uncached})
	if number(t, got.Value) != want[n].Logits()[1] || !got.Exact {
		t.Errorf("the logit is %s, want %v", got.Value, want[n].Logits()[1])
	}
	if eval[bool](p, `document.querySelector("[data-testid=why-other]").checkVisibility()`) {
		t.Error("a lane that did not run is offered")
	}
	for _, op := range ops(t) {
		if op.Constant() {
			continue
		}
		p.js(fmt.Sprintf(`document.querySelector('#ops [data-look="%s"]').click()`, op.ID))
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.op?.id === %q`, op.ID))
		if says := p.text("op-say"); strings.Contains(says, "appended") || strings.Contains(says, "in the cache") {
			t.Errorf("%s: %q", op.ID, says)
		}
	}
	p.clean()
}

// ops are those of the model that the page starts with.
func ops(t testing.TB) []*explain.Op {
	t.Helper()
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	return explain.OpsOf(m.Model)
}

// TestEveryOpIsAccessible: each op in its own view, explained, in both languages
// and at 360 px.
func TestEveryOpIsAccessible(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&step=8&prompt=Mia+has+three+apples.")
	p.at(8)
	for i, op := range ops(t) {
		if op.Part != sim.LayerPart {
			continue
		}
		p.js(fmt.Sprintf(`document.querySelector("[data-testid=op-%s]").click()`, op.ID))
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.op === %q`, op.ID))
		p.until(fmt.Sprintf(`document.querySelector('#inside [data-plate="%s"]:not([hidden]) canvas')`, op.ID))
		p.js(fmt.Sprintf(`document.querySelector('#inside [data-plate="%s"] canvas').focus()`, op.ID))
		p.press(kb.Enter)
		p.until(fmt.Sprintf(`window.kvstepFrame().meta.explain?.op === %q`, op.ID))
		if i%4 == 0 {
			p.js(`scrollTo(0, 0)`)
			p.axe(op.ID)
		}
	}
	p.theme("dark")
	p.click("lang-zh")
	p.js(`document.querySelector("[data-testid=why-order]").open = true`)
	p.do(chromedp.EmulateViewport(360, 800), chromedp.Sleep(300*time.Millisecond))
	p.js(`scrollTo(0, 0)`)
	p.axe("360 px, explained")
	// On a phone the panel stands below the stage: pressing a cell leads to it.
	p.js(`document.querySelector("[data-testid=why-close]").click()`)
	p.until(`document.getElementById("explain").hidden`)
	p.js(`const c = document.querySelector("#inside .plate:not([hidden]) canvas"); c.scrollIntoView({ block: "end" }); c.click()`)
	p.until(`!document.getElementById("explain").hidden && document.getElementById("explain").getBoundingClientRect().top < innerHeight - 60`)
	if eval[bool](p, `document.documentElement.scrollWidth > 361`) {
		t.Errorf("the page scrolls sideways at 360 px: %s", eval[string](p, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className + "#" + e.id).slice(0, 6).join(", ")`))
	}
	p.clean()
}

// opToPaint presses the key of the next op n times and returns the milliseconds
// of each until all of it was painted, and those of script in each frame that painted.
const opToPaint = `(async () => {
	const scripts = [], waits = [];
	const raf = window.requestAnimationFrame;
	window.requestAnimationFrame = (f) => raf((t) => { const s = performance.now(); f(t); scripts.push(performance.now() - s); });
	const now = () => document.querySelector("#ops [aria-current]")?.dataset.look + window.kvstepFrame().meta.pick.from;
	for (let i = 0; i < %d; i++) {
		const before = now(), start = performance.now();
		document.dispatchEvent(new KeyboardEvent("keydown", { key: ".", bubbles: true }));
		while (now() === before || !window.kvstepPainted()) {
			await new Promise((done) => raf(() => done()));
			if (performance.now() - start > 5000) throw new Error("no op after " + before);
		}
		waits.push(performance.now() - start);
	}
	window.requestAnimationFrame = raf;
	return { Waits: waits, Scripts: scripts };
})()`

// BenchmarkOpToPaint walks two layers of prefill op by op.
func BenchmarkOpToPaint(b *testing.B) {
	base := serve(b)
	var waits, scripts []float64
	for b.Loop() {
		p := openOn(b, base, "/lab?lang=en&step=1&op=x")
		p.until(`document.querySelector("#ops [aria-current]")`)
		r := eval[struct{ Waits, Scripts []float64 }](p, fmt.Sprintf(opToPaint, 45))
		waits, scripts = append(waits, r.Waits...), append(scripts, r.Scripts...)
	}
	b.ReportMetric(quantile(waits, 0.5), "ms/op-p50")
	b.ReportMetric(quantile(waits, 0.95), "ms/op-p95")
	b.ReportMetric(quantile(scripts, 0.5), "ms/script-p50")
	b.ReportMetric(quantile(scripts, 0.95), "ms/script-p95")
	b.ReportMetric(slices.Max(scripts), "ms/script-max")
}

// TestInsideScreenshots writes pictures of ops and explanations to look at.
func TestInsideScreenshots(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("KVSTEP_SCREENSHOTS")
	if dir == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS to a folder to write pictures there")
	}
	base := serve(t)
	for name, q := range map[string]string{
		"scores": "step=21&cell=scores.0.5&trail=21.scores.0.0.5",
		"dots":   "step=2&op=dots&trail=2.dots.0.9.4",
		"q":      "step=2&op=q&trail=2.q.0.9.4",
		"down":   "step=21&op=down&trail=21.down.0.0.40",
		"probs":  "step=2&op=probs&trail=2.probs.0.9.4",
		"norm":   "step=2&op=norm1&trail=2.norm1.0.9.4",
		"rope":   "step=2&op=Q&trail=2.Q.0.9.4",
		"K":      "step=21&op=K&trail=21.dots.0.0.5~21.K.0.5.3",
		"out":    "step=21&op=out&trail=21.out.0.0.5",
		"attn":   "step=2&op=attn&head=2&trail=2.attn.2.3.70",
		"act":    "step=2&op=act&trail=2.act.0.9.4",
		"logits": "step=23&op=logits&trail=23.logits.0.0.500",
		"mask":   "step=2&op=mask",
		"hand":   "model=paper&new=6&step=2&trail=2.out.0.0.1",
		"paper":  "model=paper&new=6&step=0&op=probs&trail=0.probs.0.2.1",
		"embed":  "step=0&op=x&trail=0.x.0.3.4~0.embed.0.300.4",
	} {
		for _, variant := range [][3]any{{"en", "light", 1440}, {"zh", "dark", 1440}, {"zh", "light", 390}} {
			if len(os.Getenv("KVSTEP_SHOT")) > 0 && os.Getenv("KVSTEP_SHOT") != name {
				continue
			}
			if variant[0] == "zh" && name != "scores" && name != "q" && name != "probs" {
				continue
			}
			p := openOn(t, base, fmt.Sprintf("/lab?lang=%s&%s", variant[0], q))
			p.until(`window.kvstepFrame()?.meta.step`)
			p.theme(variant[1].(string))
			p.do(chromedp.EmulateViewport(int64(variant[2].(int)), 900))
			p.js(`window.dispatchEvent(new Event("resize"))`)
			p.do(chromedp.Sleep(600 * 1e6))
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			file := fmt.Sprintf("inside-%s-%s-%s-%d.png", name, variant[0], variant[1], variant[2])
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
				t.Fatal(err)
			}
			p.clean()
		}
	}
}
