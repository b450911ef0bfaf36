package browsertest

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
)

// foreign has, beside the embedded models, one of a models folder for each family, and
// tells which of these were opened.
func foreign(names ...string) (lib *library.Library, opened map[string]bool) {
	const folder = "../../sim/run/testdata/families/"
	lib, opened = library.New(), map[string]bool{}
	for _, name := range names {
		files := os.DirFS(folder + name)
		lib.Add(library.Source{
			Name:   "someone/" + name,
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(files) },
			Open: func(heard checkpoint.Progress) (*library.Loaded, error) {
				opened[name] = true
				return library.OpenFolder("someone/"+name, files, heard)
			},
		})
	}
	return lib, opened
}

// TestForeignModelsOnThePage: models of a models folder are in the menu, are opened
// when they are chosen, and step as the embedded ones do.
func TestForeignModelsOnThePage(t *testing.T) {
	t.Parallel()
	lib, opened := foreign("gpt2", "qwen3")
	p := openOn(t, serveModels(t, lib), "/lab?lang=en&model=someone%2Fgpt2&tokens=3,17,0,39&new=3&step=3")
	p.at(3)
	if options := eval[int](p, `[...document.querySelectorAll("select option")].filter((o) => o.value.startsWith("someone/")).length`); options < 2 {
		t.Errorf("%d of the two models are in the menu", options)
	}
	if got := eval[string](p, `window.kvstepFrame().meta.run.recipe.model`); got != "someone/gpt2" {
		t.Errorf("the frame is of %q", got)
	}
	if opened["qwen3"] {
		t.Error("a model that nobody chose is open")
	}
	// Ops are called by what this model does.
	chip := func(op string) string {
		return eval[string](p, fmt.Sprintf(`((c) => c.hidden ? "" : c.textContent)(document.querySelector('[data-testid="op-%s"]'))`, op))
	}
	check := func(want map[string]string) {
		t.Helper()
		for op, name := range want {
			if got := chip(op); got != name {
				t.Errorf("the chip of %s says %q, want %q", op, got, name)
			}
		}
	}
	check(map[string]string{"act": "GELU", "gate": "", "Q": "= q", "qn": ""})
	p.js(`document.querySelector('[data-testid="op-norm1"]').click()`)
	p.until(`document.querySelector('[data-testid="op-say"]').textContent.includes("LayerNorm")`)
	p.js(`document.querySelector('[data-lang-set="zh"]').click()`)
	p.until(`document.querySelector('[data-testid="op-say"]').textContent.includes("LayerNorm：")`)
	check(map[string]string{"act": "GELU", "gate": "", "Q": "= q"})
	p.js(`((s) => { s.value = "story"; s.dispatchEvent(new Event("change", { bubbles: true })); s.form.requestSubmit(); })(document.querySelector("#recipe [name=model]"))`)
	p.until(`document.querySelector('[data-testid="op-act"]').textContent === "silu × up"`)
	check(map[string]string{"act": "silu × up", "gate": "gate", "Q": "RoPE q", "qn": ""})
	p.clean()
}

// BenchmarkKeyToPaintOf is KeyToPaint of any Hugging Face folder, which KVSTEP_BENCH_MODEL
// names: the first 40 steps after a short prompt.
func BenchmarkKeyToPaintOf(b *testing.B) {
	folder := os.Getenv("KVSTEP_BENCH_MODEL")
	if folder == "" {
		skip(b, "KVSTEP_BENCH_MODEL names no folder")
	}
	m, err := library.OpenFolder("given", os.DirFS(folder), nil)
	if err != nil {
		b.Fatal(err)
	}
	base := serveModels(b, library.New(m))
	var times []float64
	for b.Loop() {
		p := openOn(b, base, "/lab?lang=en&model=given&new=16&prompt=The+cat+sat+on+the+mat+and+looked+at")
		times = append(times, p.keyToPaint(40).Stage...)
	}
	b.ReportMetric(quantile(times, 0.5), "ms/key-p50")
	b.ReportMetric(quantile(times, 0.95), "ms/key-p95")
	b.ReportMetric(slices.Max(times), "ms/key-max")
}
