package web

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
)

// TestThePageDoesNotWait: the page of a link to a model that is not open yet comes at
// once; the model is opened for the run, not for the page.
func TestThePageDoesNotWait(t *testing.T) {
	models := library.New()
	models.Add(library.Source{
		Name: "someone/big",
		Config: func() (sim.Config, error) {
			return sim.Config{Family: "llama", Dim: 8, Layers: 2, Heads: 2, KVHeads: 2, HeadDim: 4, FFN: 8, Vocab: 8, Context: 8}, nil
		},
		Open: func(checkpoint.Progress) (*library.Loaded, error) {
			t.Error("the page opens the model")
			return nil, errors.New("no")
		},
	})
	w := httptest.NewRecorder()
	home(models, Lessons(), "test")(w, httptest.NewRequest("GET", "/lab?lang=en&model=someone%2Fbig&prompt=Hello", nil))
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	for _, want := range []string{`<option value="someone/big" data-context="8" data-dim="4" data-lanes="both" data-new="4" selected`, `>Hello</textarea>`, `role="progressbar"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
