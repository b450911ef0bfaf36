package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
)

// TestLoadingOnThePage: a model that takes long to open, picked in the menu, has a bar
// with its bytes; the run on screen steps on meanwhile, and the new one follows. One
// that cannot be opened leaves a message and the run.
func TestLoadingOnThePage(t *testing.T) {
	t.Parallel()
	lib := library.New()
	files, err := checkpoint.Folder("story-draft")
	if err != nil {
		t.Fatal(err)
	}
	hear := make(chan int64) // bytes of 40 MB; -1 opens the model, -2 fails
	for _, name := range []string{"someone/big", "someone/broken"} {
		lib.Add(library.Source{
			Name:   name,
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(files) },
			Open: func(heard checkpoint.Progress) (*library.Loaded, error) {
				for done := range hear {
					switch done {
					case -1:
						return library.OpenFolder(name, files, nil)
					case -2:
						return nil, sim.NewProblem("checkpoint.duplicate", "File", "model.safetensors", "Tensor", "wte.weight")
					}
					heard(done, 40e6)
				}
				return nil, sim.NewProblem("checkpoint.duplicate", "File", "", "Tensor", "")
			},
		})
	}
	t.Cleanup(func() { close(hear) }) // what is still being opened ends
	base := serveModels(t, lib)
	p := openOn(t, base, "/lab?lang=en&model=story&new=3&step=1")
	p.at(1)
	run := func(model string) {
		p.js(`((f) => { f.elements.namedItem("model").value = "` + model + `"; f.elements.namedItem("prompt").value = "Sam"; f.requestSubmit(); })(document.getElementById("recipe"))`)
	}
	const bar = `document.querySelector('[data-testid="loading"] [role="progressbar"]')`
	run("someone/big")
	hear <- 10e6
	p.until(`!document.getElementById("loading").hidden && ` + bar + `.getAttribute("aria-valuenow") === "25"`)
	if size := p.text("loading-size"); size != "10.0 MB of 40.0 MB (25.0 %)" {
		t.Errorf("size %q", size)
	}
	p.click("do-layer") // of the run on screen
	p.at(2)
	p.js(`document.querySelector('[data-lang-set="zh"]').click()`)
	hear <- 30e6
	p.until(bar + `.getAttribute("aria-valuenow") === "75" && document.getElementById("loading").textContent.includes("正在载入“someone/big”")`)
	if width := eval[float64](p, bar+`.firstElementChild.getBoundingClientRect().width / `+bar+`.clientWidth`); width < 0.74 || width > 0.76 {
		t.Errorf("the bar is filled to %v", width)
	}
	hear <- -1
	p.until(`document.getElementById("loading").hidden && window.kvstepFrame().meta.run.model === "someone/big"`)

	run("someone/broken")
	hear <- 5e6
	p.until(`!document.getElementById("loading").hidden`)
	hear <- -2
	p.until(`document.getElementById("loading").hidden && document.getElementById("problem").textContent.includes("wte.weight")`)
	if model := eval[string](p, `window.kvstepFrame().meta.run.model`); model != "someone/big" {
		t.Errorf("a run of %s", model)
	}
	// A link to a model that is not open yet: the page is there before it is.
	p.do(chromedp.Navigate(base + "/lab?lang=en&model=someone%2Fbroken&prompt=Sam&new=2"))
	hear <- 20e6
	p.until(bar + `?.getAttribute("aria-valuenow") === "50" && document.querySelector('[data-testid="sentence"]').textContent.startsWith("The run begins")`)
	hear <- -1
	p.until(`document.getElementById("loading").hidden && window.kvstepFrame()?.meta.run.model === "someone/broken"`)
	p.clean()
}
