package web

import (
	"net/http/httptest"
	"testing"

	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// TestWeights: a weight matrix is the model's own, and nothing else is served.
func TestWeights(t *testing.T) {
	models := library.New()
	m, err := models.Get("story")
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"?model=story&layer=2&op=w_gate": 200, "?layer=0&op=w_head": 200, "?layer=5&op=w_q": 404, "?layer=-1&op=w_q": 404,
		"?layer=0&op=Q": 404, "?layer=0&op=cos": 404, "?layer=0": 404, "?layer=x&op=w_q": 404, "?model=none&layer=0&op=w_q": 404,
	} {
		answer := httptest.NewRecorder()
		weights(models)(answer, httptest.NewRequest("GET", "/weights"+query, nil))
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", query, answer.Code, want)
		}
		if query != "?model=story&layer=2&op=w_gate" {
			continue
		}
		f, err := checkpoint.ReadSafetensors(answer.Body.Bytes())
		if err != nil || len(f.Tensors) != 1 {
			t.Fatal(err)
		}
		gate, x := m.Model.Weights.Layers[2].Gate, f.Tensors[0]
		cols := x.Shape[1]
		for i := range x.Shape[0] * cols {
			h := uint16(x.Data[2*i]) | uint16(x.Data[2*i+1])<<8
			if h != mat.F16(gate.At(i/cols, i%cols)) {
				t.Fatalf("[%d %d] is %v", i/cols, i%cols, mat.F32(h))
			}
		}
	}
}
