package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/web"
	"kvstep/web/limits"
)

// value is the raw number behind one cell of the ledger.
func (p *page) value(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`document.querySelector(%q).dataset.value`, selector))
}

// steps runs a recipe as kvstep trace does.
func steps(t testing.TB, r sim.Recipe) []sim.Step {
	t.Helper()
	m, err := library.New().Get(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	var all []sim.Step
	for s, err := range run.Steps(context.Background(), m, recipe.Complete(r), func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// compare checks every number on the page against the step of the trace.
func (p *page) compare(s *sim.Step) {
	p.t.Helper()
	p.at(s.N)
	for lane, name := range []string{"cached", "uncached"} {
		for span, c := range map[string]sim.Counters{"step": s.Lanes[lane], "total": s.Totals[lane]} {
			for key, want := range map[string]int64{
				"flops.qkv": c.Flops.QKV, "flops.scores": c.Flops.Scores, "flops.av": c.Flops.AV, "flops.out": c.Flops.Out,
				"flops.mlp": c.Flops.MLP, "flops.head": c.Flops.Head, "kv_bytes": c.KVBytes, "kv_read_bytes": c.KVReadBytes,
				"kv_write_bytes": c.KVWriteBytes, "weight_bytes": c.WeightBytes,
			} {
				selector := fmt.Sprintf(`[data-numbers="%s"] [data-cell="%s.%s"]`, span, key, name)
				if got := p.value(selector); got != strconv.FormatInt(want, 10) {
					p.t.Errorf("step %d: %s of %s (%s) is %s on the page, %d in the trace", s.N, key, name, span, got, want)
				}
			}
			if got := p.value(fmt.Sprintf(`[data-span="%s"] [data-flops="%s"]`, span, name)); got != strconv.FormatInt(c.Flops.Total(), 10) {
				p.t.Errorf("step %d: headline FLOPs %s, want %d", s.N, got, c.Flops.Total())
			}
		}
	}
	if got := p.value(`[data-testid="kv-bytes"]`); got != strconv.FormatInt(s.KV.Bytes(), 10) {
		p.t.Errorf("step %d: %s KV bytes, want %d", s.N, got, s.KV.Bytes())
	}
	if s.Part != sim.HeadPart {
		return
	}
	type candidate struct {
		ID     string
		Prob   string
		Chosen bool
	}
	top := eval[[]candidate](p, `[...document.querySelectorAll("[data-testid=top] li")].map((li) => ({ID: li.dataset.id, Prob: li.dataset.prob, Chosen: li.className.includes("chosen")}))`)
	if len(top) != len(s.Top()) {
		p.t.Fatalf("step %d: %d candidates, want %d", s.N, len(top), len(s.Top()))
	}
	for i, c := range s.Top() {
		prob, _ := strconv.ParseFloat(top[i].Prob, 32)
		if top[i].ID != strconv.Itoa(c.ID) || float32(prob) != c.Prob || top[i].Chosen != (c.ID == s.Token) {
			p.t.Errorf("step %d: candidate %d is %+v, want %+v", s.N, i, top[i], c)
		}
	}
}

func TestAStudentsWalk(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	perPass := stepsPerPass(t)

	// An empty prompt is refused, and nothing is lost.
	p.fill("prompt", "")
	p.click("run")
	p.until(`!document.getElementById("problem").hidden`)
	if s := p.text("problem"); !strings.Contains(s, "prompt is empty") {
		t.Errorf("problem %q", s)
	}
	p.js(`document.getElementById("problem-close").click()`)

	// Their own prompt, eight new tokens.
	const prompt = "Anna has a green kite. Ben has a red drum. Who has the drum?"
	p.fill("prompt", prompt)
	p.fill("new", "8")
	p.click("run")
	want := steps(t, sim.Recipe{Prompt: prompt, MaxNew: 8})
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=timeline]").getAttribute("aria-valuemax") === "%d"`, 8*perPass-1))
	p.at(-1)

	// Through prefill, layer by layer.
	for n := range perPass {
		p.click("do-layer")
		p.compare(&want[n])
	}
	if s := p.text("sentence"); !strings.Contains(s, "the same with the KV cache and without") {
		t.Errorf("after prefill: %q", s)
	}
	// Five tokens of decode.
	last := min(len(want)-1, 6*perPass-1)
	for n := 2*perPass - 1; n <= last; n += perPass {
		p.click("do-token")
		p.compare(&want[n])
	}
	if s := p.text("lamp"); !strings.Contains(s, "identical") {
		t.Errorf("lamp %q", s)
	}
	made := ""
	for _, s := range want[:last+1] {
		made += s.Text
	}
	if s := p.text("text"); !strings.Contains(s, strings.TrimSpace(made)) {
		t.Errorf("text %q, want %q in it", s, made)
	}
	// Back, by layer and by token; then scrub with the keyboard and the mouse.
	p.click("do-back")
	p.compare(&want[last-1])
	p.click("do-back-token")
	p.compare(&want[last-perPass])
	p.focus(`[data-testid="timeline"]`)
	p.press(kb.ArrowLeft)
	p.compare(&want[last-perPass-1])
	p.js(`document.activeElement.blur()`)
	p.press(kb.ArrowRight)
	p.compare(&want[last-perPass])
	p.scrub(2)
	p.compare(&want[2])

	// Another layer and head: the exact number of a cell is the engine's own.
	p.checkCell(t, 1, 3)

	// In Chinese, at the same step.
	p.click("lang-zh")
	p.until(`document.documentElement.lang === "zh-Hans"`)
	p.compare(&want[2])
	if s := p.text("sentence"); !strings.Contains(s, "预填充，层 2") {
		t.Errorf("in Chinese: %q", s)
	}
	p.clean()
}

// stepsPerPass is the number of layers and the head.
func stepsPerPass(t testing.TB) int {
	t.Helper()
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	return m.Model.Config.Layers + 1
}

// scrub presses the timeline at the middle of step n's box.
func (p *page) scrub(n int) {
	p.t.Helper()
	at := eval[struct{ X, Y float64 }](p, fmt.Sprintf(`(async () => {
		const { place } = await import("/static/js/panel/timeline/map.js");
		const canvas = document.querySelector("[data-testid=timeline] canvas");
		const box = canvas.getBoundingClientRect();
		const b = place(canvas.clientWidth, window.kvstepFrame().meta).box(%d);
		return { X: box.left + b.x + b.w / 2, Y: box.top + b.y + b.h / 2 };
	})()`, n))
	p.do(chromedp.MouseClickXY(at.X, at.Y))
}

// checkCell picks a layer, a head and a cell with the keyboard and compares the
// readout with the engine.
func (p *page) checkCell(t *testing.T, layer, head int) {
	t.Helper()
	p.choose("layers", strconv.Itoa(layer))
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.layer === %d`, layer))
	p.choose("heads", strconv.Itoa(head))
	p.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.head === %d`, head))
	p.focus(`[data-op="probs"][data-lane="cached"] canvas`)
	for range 3 {
		p.press(kb.ArrowDown)
	}
	p.press(kb.ArrowRight)
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	var picked sim.Step
	for _, candidate := range steps(t, sim.Recipe{Prompt: "Anna has a green kite. Ben has a red drum. Who has the drum?", MaxNew: 1}) {
		if candidate.Layer == layer {
			picked = candidate
		}
	}
	want := strconv.FormatFloat(float64(m.Model.Attention(&picked, head).Probs.At(3, 1)), 'g', -1, 32)
	// The rough value of the frame comes first, then the exact one.
	p.until(fmt.Sprintf(`document.getElementById("readout-value").dataset.exact === "true" && document.getElementById("readout-value").textContent === %q`, want))
}

func TestPromptsThatDoNotFit(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh")
	p.js(`document.querySelector("[data-testid=prompt]").value = "Tom has a ball. ".repeat(200)`)
	p.click("run")
	p.until(`!document.getElementById("problem").hidden`)
	if s := p.text("problem"); !strings.Contains(s, "481") { // 512 - 32 + 1
		t.Errorf("a long prompt: %q", s)
	}
	kept := eval[string](p, `document.querySelector("[data-testid=prompt]").value`)
	if !strings.HasPrefix(kept, "Tom has") {
		t.Errorf("what was typed is gone: %.40q", kept)
	}
	p.clean()
}

func TestLinksLeadToTheSameMoment(t *testing.T) {
	t.Parallel()
	base := serve(t)
	p := openOn(t, base, "/lab?lang=en&new=6&prompt=Mia+has+three+apples.&step=9&layer=1&head=2&cell=probs.0.1")
	p.at(9)
	p.until(`document.getElementById("readout-value").dataset.exact === "true"`)
	time.Sleep(400 * time.Millisecond) // the address follows at a distance
	type seen struct{ Link, Value, Sentence string }
	const moment = `({Link: location.search, Value: document.getElementById("readout-value").textContent, Sentence: document.querySelector("[data-testid=sentence]").textContent})`
	first := eval[seen](p, moment)
	q := openOn(t, base, "/lab"+first.Link)
	q.at(9)
	q.until(`document.getElementById("readout-value").dataset.exact === "true"`)
	time.Sleep(400 * time.Millisecond)
	second := eval[seen](q, moment)
	if first != second {
		t.Errorf("the link leads elsewhere:\n%+v\n%+v", first, second)
	}
	p.clean()
}

func TestKeysAlone(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.")
	perPass := stepsPerPass(t)
	for n := range 3 {
		p.press(kb.ArrowRight)
		p.at(n)
	}
	p.press("t")
	p.at(perPass - 1)
	p.press(kb.ArrowLeft)
	p.at(perPass - 2)
	p.press("e")
	p.until(`window.kvstepFrame().meta.run.ended !== null && !window.kvstepFrame().meta.run.running`)
	p.press("T")
	p.until(`window.kvstepFrame().meta.step.part === "head" && window.kvstepFrame().meta.step.done === null`)
	p.press("?")
	p.until(`document.getElementById("help").open`)
	p.clean()
}

// TestTheLampGoesRed shows the ledger a frame whose lanes differ, which no run
// makes: the engine's side of this is TestSpoiltCacheIsNoticed in sim/run.
func TestTheLampGoesRed(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=8")
	p.at(8)
	says := eval[string](p, `(async () => {
		const { panel } = await import("/static/js/panel/bars/index.js");
		const { translator } = await import("/static/js/text.js");
		const t = translator(await (await fetch("/text/en.json")).json(), "en");
		const frame = structuredClone(window.kvstepFrame());
		Object.assign(frame.meta.step, { identical: false, differs: "scores" });
		panel.create(document.getElementById("bars"), { act: {} })({ frame, t });
		const lamp = document.querySelector("[data-testid=lamp]");
		return lamp.dataset.state + ": " + lamp.querySelector("[data-equal]").innerText;
	})()`)
	if want := "differs: the lanes differ, first at scores (decode pass 1 · layer 2)"; strings.TrimSpace(says) != want {
		t.Errorf("lamp %q, want %q", says, want)
	}
	p.clean()
}

func TestAnotherTokenForksTheRun(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=5&prompt=Mia+has+three+apples.")
	perPass := stepsPerPass(t)
	p.click("do-token")
	p.at(perPass - 1) // a second press on the way there would lead to the same token
	p.click("do-token")
	p.at(2*perPass - 1)
	id := eval[string](p, `document.querySelectorAll("[data-testid=top] li")[3].dataset.id`)
	p.js(`document.querySelectorAll("[data-testid=top] li")[3].click()`)
	p.until(`document.querySelector("[data-testid=top] li.chosen")?.dataset.id === "` + id + `"`)
	n, err := strconv.Atoi(id)
	if err != nil {
		t.Fatal(err)
	}
	forked := steps(t, sim.Recipe{Prompt: "Mia has three apples.", MaxNew: 5, Forced: []sim.Forced{{Pass: 1, Token: n}}})
	p.compare(&forked[2*perPass-1])
	p.click("do-token")
	p.compare(&forked[3*perPass-1])
	p.clean()
}

func TestPlayAndPause(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.")
	p.click("do-play")
	p.at(3)
	p.click("do-play")
	time.Sleep(1200 * time.Millisecond)
	at := eval[string](p, `document.querySelector("[data-testid=timeline]").getAttribute("aria-valuenow")`)
	if n, _ := strconv.Atoi(at); n > 5 {
		t.Errorf("still playing after pause: step %s", at)
	}
	p.clean()
}

func TestComesBackAfterARestart(t *testing.T) {
	t.Parallel()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		listener := l
		go func() { done <- web.Serve(ctx, listener, library.New(), web.Lessons(), "test", limits.Default()) }()
		return func() { cancel(); <-done }
	}
	stop := start()
	p := openOn(t, "http://"+addr, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=7")
	p.at(7)
	stop()
	p.until(`!document.getElementById("offline").hidden`)
	if l, err = web.Listen(addr); err != nil {
		t.Fatal(err)
	}
	stop = start()
	defer stop()
	p.until(`document.getElementById("offline").hidden`)
	p.at(7)
}

// TestScreenshots writes pictures to look at, when asked where to.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("KVSTEP_SCREENSHOTS")
	if dir == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS to a folder to write pictures there")
	}
	base := serve(t)
	for _, width := range []int64{1440, 390} {
		for _, theme := range []string{"light", "dark"} {
			for _, lang := range []string{"en", "zh"} {
				p := openOn(t, base, "/lab?step=21&lang="+lang)
				p.at(21)
				p.theme(theme)
				p.do(chromedp.EmulateViewport(width, 900), chromedp.Sleep(400*time.Millisecond))
				png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%d-%s-%s.png", width, theme, lang)
				if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestWeight: the page's own files stay light, and none comes from elsewhere.
func TestWeight(t *testing.T) {
	t.Parallel()
	base := serve(t)
	resp, err := http.Get(base + "/lab")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if size := weigh(t); size > 200_000 {
		t.Errorf("JavaScript and CSS are %d bytes gzipped", size)
	}
	for _, bad := range []string{"https://", "http://", "//cdn", "style="} {
		if i := strings.Index(body.String(), bad); i >= 0 {
			t.Errorf("the page has %q: %.80s", bad, body.String()[i:])
		}
	}
}
