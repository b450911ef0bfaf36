package browsertest

import (
	"fmt"
	"slices"
	"testing"
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
			if (performance.now() - start > 5000) throw new Error("no frame after " + before);
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
