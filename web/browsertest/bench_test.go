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
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/performance"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"kvstep/static"
)

// keyToPaint presses the step key n times in the page and returns, for each,
// the milliseconds until the frame's step was painted, and the milliseconds of
// script in the frame that painted it.
const keyToPaint = `(async () => {
	const slider = document.querySelector("[data-testid=timeline]");
	const paint = () => new Promise((done) => requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => done(); c.port2.postMessage(0); }));
	const times = [];
	for (let i = 0; i < %d; i++) {
		const before = slider.getAttribute("aria-valuenow");
		const start = performance.now();
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
		while (slider.getAttribute("aria-valuenow") === before) {
			await paint();
			if (performance.now() - start > 20000) throw new Error("no frame after " + before);
		}
		times.push(performance.now() - start);
	}
	return times;
})()`

func quantile(x []float64, q float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[min(int(q*float64(len(x))), len(x)-1)]
}

// BenchmarkKeyToPaint is what a person feels: from the key press to the painted
// frame, in headless Chromium, over the first 60 steps of the default run.
func BenchmarkKeyToPaint(b *testing.B) {
	base := serve(b)
	var times []float64
	for b.Loop() {
		p := openOn(b, base, "/?lang=en")
		times = append(times, eval[[]float64](p, fmt.Sprintf(keyToPaint, 60))...)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/key-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/key-p95")
	b.ReportMetric(slices.Max(times), "ms/key-max")
}

// BenchmarkFirstStep is from navigation to the first prefill step on screen,
// the key press included.
func BenchmarkFirstStep(b *testing.B) {
	base := serve(b)
	var times []float64
	for b.Loop() {
		p := openOn(b, base, "/?lang=en")
		times = append(times, eval[float64](p, fmt.Sprintf(`(async () => { await %s; return performance.now() })()`, fmt.Sprintf(keyToPaint, 1))))
	}
	b.ReportMetric(quantile(times, 0.5), "ms/first-step-p50")
	b.ReportMetric(slices.Max(times), "ms/first-step-max")
}

// weigh is the size of all JavaScript and CSS, each file gzipped as a server
// would send it.
func weigh(t testing.TB) (size int) {
	t.Helper()
	err := fs.WalkDir(static.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".js") && !strings.HasSuffix(path, ".css") {
			return err
		}
		data, err := fs.ReadFile(static.Files, path)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(data); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		size += b.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
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

// BenchmarkScript is the script time of each step of the default run, and of 60
// steps after a prompt of 256 tokens: key
// handler, message and painting together: the time that the page's thread had a
// processor, so that what else runs on the machine is left out.
func BenchmarkScript(b *testing.B) {
	b.Run("default", func(b *testing.B) { benchmarkScript(b, "/?lang=en", 70) })
	b.Run("long", func(b *testing.B) { benchmarkScript(b, longPrompt, 60) })
}

// longPrompt is 256 tokens and 32 chosen ones, so that no model ends the run.
var longPrompt = func() string {
	link := "/?lang=en&new=32&tokens=" + strings.TrimSuffix(strings.Repeat("300,301,47,305,", 64), ",")
	for pass := range 32 {
		link += fmt.Sprintf("&fork=%d:300", pass)
	}
	return link
}()

func benchmarkScript(b *testing.B, path string, steps int) {
	base := serve(b)
	var times []float64
	for b.Loop() {
		p := openOn(b, base, path)
		if _, err := chromedp.Call(p.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
			b.Fatal(err)
		}
		script := func() float64 {
			result, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
			if err != nil {
				b.Fatal(err)
			}
			for _, m := range result.Metrics {
				if m.Name == "ScriptDuration" {
					return 1000 * m.Value
				}
			}
			b.Fatal("no ScriptDuration")
			return 0
		}
		p.js(`window.kvstepStep = async () => { ` + strings.Replace(fmt.Sprintf(keyToPaint, 1), "(async", "return (async", 1) + ` }`)
		for range steps {
			before := script()
			_ = eval[any](p, `window.kvstepStep()`)
			times = append(times, script()-before)
		}
	}
	b.ReportMetric(quantile(times, 0.5), "ms/script-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/script-p95")
	b.ReportMetric(slices.Max(times), "ms/script-max")
	b.Logf("the slowest: %.1f", slices.Sorted(slices.Values(times))[len(times)-8:])
	b.Logf("the first: %.1f", times[:8])
}

// BenchmarkLongPrompt is BenchmarkKeyToPaint with a prompt of 256 tokens, the
// whole run of 32 new ones through; its slowest steps are those of prefill.
func BenchmarkLongPrompt(b *testing.B) {
	base := serve(b)
	perPass := stepsPerPass(b)
	var times, prefill []float64
	for b.Loop() {
		p := openOn(b, base, longPrompt)
		if n := eval[int](p, `window.kvstepFrame().meta.run.prompt_tokens`); n != 256 {
			b.Fatalf("the prompt has %d tokens", n)
		}
		var run []float64
		for range 32 { // short enough for one evaluation each
			run = append(run, eval[[]float64](p, fmt.Sprintf(keyToPaint, perPass))...)
		}
		times, prefill = append(times, run...), append(prefill, run[:perPass]...)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/key-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/key-p95")
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
		p := openOn(b, base, "/?lang=en")
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
