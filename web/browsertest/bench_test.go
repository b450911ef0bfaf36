package browsertest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/memory"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"kvstep/static"
	"kvstep/web/bundle"
	stylesheets "kvstep/web/page"
)

// keyToPaint presses the step key n times in the page and returns, for each, the
// milliseconds until the frame's step was painted: Stage up to the timeline and the
// stage, which are painted together, and Whole up to the last panel.
const keyToPaint = `(async () => {
	const slider = document.querySelector("[data-testid=timeline]");
	const paint = () => new Promise((done) => requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => done(); c.port2.postMessage(0); }));
	const times = { Stage: [], Whole: [] };
	for (let i = 0; i < %d; i++) {
		const before = slider.getAttribute("aria-valuenow");
		const start = performance.now();
		const until = async (is) => {
			while (!is()) {
				await paint();
				if (performance.now() - start > 20000) throw new Error("no frame after " + before);
			}
			return performance.now() - start;
		};
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
		times.Stage.push(await until(() => slider.getAttribute("aria-valuenow") !== before));
		times.Whole.push(await until(window.kvstepPainted));
	}
	return times;
})()`

// waits are what keyToPaint returns.
type waits struct{ Stage, Whole []float64 }

func (p *page) keyToPaint(n int) waits {
	p.t.Helper()
	return eval[waits](p, fmt.Sprintf(keyToPaint, n))
}

func quantile(x []float64, q float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[min(int(q*float64(len(x))), len(x)-1)]
}

// BenchmarkKeyToPaint is what a person feels: from the key press to the painted
// frame, in headless Chromium, over the first 60 steps of the default run.
func BenchmarkKeyToPaint(b *testing.B) {
	base := serve(b)
	var stage, whole []float64
	for b.Loop() {
		w := openOn(b, base, "/lab?lang=en").keyToPaint(60)
		stage, whole = append(stage, w.Stage...), append(whole, w.Whole...)
	}
	b.ReportMetric(quantile(stage, 0.5), "ms/key-p50")
	b.ReportMetric(quantile(stage, 0.95), "ms/key-p95")
	b.ReportMetric(slices.Max(stage), "ms/key-max")
	b.ReportMetric(quantile(whole, 0.95), "ms/key-whole-p95")
}

// BenchmarkFirstStep is from navigation to the first prefill step on screen,
// the key press included.
func BenchmarkFirstStep(b *testing.B) {
	base := serve(b)
	var times []float64
	for b.Loop() {
		p := openOn(b, base, "/lab?lang=en")
		w := p.keyToPaint(1)
		after := w.Whole[0] - w.Stage[0] // the last panels are not the step
		times = append(times, eval[float64](p, `performance.now()`)-after)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/first-step-p50")
	b.ReportMetric(slices.Max(times), "ms/first-step-max")
}

// BenchmarkFirstMinute measures from the navigation of who has never been here to the first beat of the first minute, on
// screen with its button. The bar is 1 s.
func BenchmarkFirstMinute(b *testing.B) {
	var times []float64
	for b.Loop() {
		base := serve(b) // with storage of its own
		p := newPage(b, base)
		p.before(`(() => {
			const look = () => {
				const go = document.querySelector("#lesson [data-go]");
				const there = document.querySelector("#lesson [data-words]")?.textContent && go?.checkVisibility({visibilityProperty: true});
				there ? requestAnimationFrame(() => (window.begun = performance.now())) : requestAnimationFrame(look);
			};
			look();
		})()`)
		p.do(chromedp.Navigate(base + "/?lang=en"))
		p.until(`window.begun`)
		times = append(times, eval[float64](p, `window.begun`))
	}
	b.ReportMetric(quantile(times, 0.5), "ms/first-beat-p50")
	b.ReportMetric(slices.Max(times), "ms/first-beat-max")
}

// weigh is the size of all JavaScript and CSS that the page loads, each file gzipped.
func weigh(t testing.TB) (size int) {
	t.Helper()
	early, err := fs.ReadFile(static.Files, "js/early.js")
	if err != nil {
		t.Fatal(err)
	}
	script, err := bundle.Script(static.Files, "js/main.js")
	if err != nil {
		t.Fatal(err)
	}
	styles, err := bundle.Styles(static.Files, stylesheets.Stylesheets()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{string(early), script, styles} {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write([]byte(file)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		size += b.Len()
	}
	return size
}

// BenchmarkWeight is what the browser has to load beside the page itself.
func BenchmarkWeight(b *testing.B) {
	size := 0
	for b.Loop() {
		size = weigh(b)
	}
	b.ReportMetric(float64(size), "bytes/js+css-gzipped")
}

// BenchmarkScript is the script of the default run, and of 60 steps after a prompt
// of 256 tokens: the time that the page's thread had a processor, so that what else
// runs on the machine is left out. Of each step, in all frames that paint it, and
// the largest of any one frame.
func BenchmarkScript(b *testing.B) {
	b.Run("default", func(b *testing.B) { benchmarkScript(b, "/lab?lang=en", 70) })
	b.Run("long", func(b *testing.B) { benchmarkScript(b, longPrompt, 60) })
}

// longPrompt is 256 tokens and 32 chosen ones, so that no model ends the run.
var longPrompt = func() string {
	link := "/lab?lang=en&new=32&tokens=" + strings.TrimSuffix(strings.Repeat("300,301,47,305,", 64), ",")
	for pass := range 32 {
		link += fmt.Sprintf("&fork=%d:300", pass)
	}
	return link
}()

func benchmarkScript(b *testing.B, path string, steps int) {
	base := serve(b)
	var times, first, frames []float64
	for b.Loop() {
		p := openOn(b, base, path)
		p.painted()
		perStep, perFrame := script(p.trace(func() {
			for range steps {
				_ = p.keyToPaint(1) // a call each, as a person waits between two keys
			}
		}))
		if len(perStep) != steps {
			b.Fatalf("%d keys in the trace, want %d", len(perStep), steps)
		}
		times, first, frames = append(times, perStep...), append(first, perStep[0]), append(frames, perFrame...)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/step-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/step-p95")
	b.ReportMetric(slices.Max(first), "ms/first-step")
	b.ReportMetric(slices.Max(frames), "ms/frame-max")
	slices.Sort(frames)
	b.Logf("the largest frames: %.1f", frames[max(len(frames)-8, 0):])
}

// BenchmarkSlowed walks with the processor four times as slow: the longest task of the page's
// thread, of which a person notices what takes more than 100 ms, and how many those are.
func BenchmarkSlowed(b *testing.B) {
	b.Run("default", func(b *testing.B) { benchmarkSlowed(b, "/lab?lang=en", 70) })
	b.Run("long", func(b *testing.B) { benchmarkSlowed(b, longPrompt, 60) })
}

func benchmarkSlowed(b *testing.B, path string, steps int) {
	base := serve(b)
	var tasks []float64
	long := 0
	for b.Loop() {
		p := openOn(b, base, path)
		p.painted()
		if _, err := chromedp.Call(p.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
			b.Fatal(err)
		}
		for _, n := range p.trace(func() {
			for range steps {
				_ = p.keyToPaint(1)
			}
		}) {
			if n.Name != "RunTask" {
				continue
			}
			if tasks = append(tasks, n.Long/1000); n.Long > 100_000 {
				long++
			}
		}
	}
	if len(tasks) < steps {
		b.Fatalf("%d tasks in the trace of %d steps", len(tasks), steps)
	}
	slices.Sort(tasks)
	b.ReportMetric(tasks[len(tasks)-1], "ms/task-max")
	b.ReportMetric(float64(long)/float64(b.N), "tasks-over-100ms")
	b.Logf("the longest tasks: %.0f", tasks[max(len(tasks)-8, 0):])
}

// BenchmarkLongPrompt is BenchmarkKeyToPaint with a prompt of 256 tokens, the
// whole run of 32 new ones through; its slowest steps are those of prefill.
func BenchmarkLongPrompt(b *testing.B) {
	base := serve(b)
	perPass := stepsPerPass(b)
	var times, whole, prefill []float64
	for b.Loop() {
		p := openOn(b, base, longPrompt)
		if n := eval[int](p, `window.kvstepFrame().meta.run.prompt_tokens`); n != 256 {
			b.Fatalf("the prompt has %d tokens", n)
		}
		var run []float64
		for range 32 { // short enough for one evaluation each
			w := p.keyToPaint(perPass)
			run, whole = append(run, w.Stage...), append(whole, w.Whole...)
		}
		times, prefill = append(times, run...), append(prefill, run[:perPass]...)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/key-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/key-p95")
	b.ReportMetric(quantile(whole, 0.95), "ms/key-whole-p95")
	b.ReportMetric(quantile(prefill, 0.5), "ms/prefill-p50")
	b.ReportMetric(slices.Max(prefill), "ms/prefill-max")
}

// backAndForth presses the step keys n times: forward, and back when the end is near.
const backAndForth = `(async () => {
	const slider = document.querySelector("[data-testid=timeline]");
	let key = "ArrowRight";
	for (let i = 0; i < %d; i++) {
		const before = Number(slider.getAttribute("aria-valuenow"));
		if (before > 64) key = "ArrowLeft";
		if (before < 5) key = "ArrowRight";
		const start = performance.now();
		document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
		while (Number(slider.getAttribute("aria-valuenow")) === before) {
			await new Promise((done) => requestAnimationFrame(done));
			if (performance.now() - start > 20000) throw new Error("no frame after " + before);
		}
	}
})()`

// BenchmarkMemory walks 2,000 steps back and forth: the heaps of page and server
// and the page's nodes after 400 steps, and after 2,000 more.
func BenchmarkMemory(b *testing.B) {
	base := serve(b)
	for b.Loop() {
		p := openOn(b, base, "/lab?lang=en")
		measure := func() (js, nodes, goHeap float64) {
			if _, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
				b.Fatal(err)
			}
			heap, err := chromedp.Call(p.ctx, cdpruntime.GetHeapUsage, cdp.Empty{})
			if err != nil {
				b.Fatal(err)
			}
			dom, err := chromedp.Call(p.ctx, memory.GetDOMCounters, cdp.Empty{})
			if err != nil {
				b.Fatal(err)
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return heap.UsedSize / 1e6, float64(dom.Nodes), float64(m.HeapAlloc) / 1e6
		}
		walk := func(n int) {
			for ; n > 0; n -= 100 { // short enough for one evaluation each
				_ = eval[any](p, fmt.Sprintf(backAndForth, 100))
			}
		}
		walk(400)
		js1, nodes1, go1 := measure()
		walk(2000)
		js2, nodes2, go2 := measure()
		b.ReportMetric(js1, "MB/js-before")
		b.ReportMetric(js2, "MB/js-after")
		b.ReportMetric(nodes1, "nodes-before")
		b.ReportMetric(nodes2, "nodes-after")
		b.ReportMetric(go1, "MB/go-before")
		b.ReportMetric(go2, "MB/go-after")
	}
}
