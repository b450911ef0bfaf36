package browsertest

import (
	"os"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/run"
)

// TestForeignModelsOnThePage: models of a models folder are in the menu, are opened
// when they are chosen, and step as the embedded ones do.
func TestForeignModelsOnThePage(t *testing.T) {
	const folder = "../../sim/run/testdata/families/"
	library := run.NewLibrary()
	opened := map[string]bool{}
	for _, name := range []string{"gpt2", "qwen3"} {
		files := os.DirFS(folder + name)
		library.Add(run.Source{
			Name:   "someone/" + name,
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(files) },
			Open: func() (*run.Loaded, error) {
				opened[name] = true
				return run.OpenFolder("someone/"+name, files, nil)
			},
		})
	}
	p := openOn(t, serveModels(t, library), "/?lang=en&model=someone%2Fgpt2&tokens=3,17,0,39&new=3&step=3")
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
	p.clean()
}
