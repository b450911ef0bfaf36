package wire

import (
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/run/runtest"
)

// TestLogitsOfAGuess: where a proposal is rejected, the logits are explained by the row that
// gave them, which is not the last.
func TestLogitsOfAGuess(t *testing.T) {
	l, err := ParseLink("?prompt=Once+upon+a+time&draft=story-draft&propose=6&sampler=sample&seed=3&new=24")
	if err != nil {
		t.Fatal(err)
	}
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := runtest.Play(m, l.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	r := explain.Run{Model: m.Model, Step: func(n int) *sim.Step { return &steps[n] }}
	early := 0
	for i := range steps {
		s := &steps[i]
		if s.Output == nil {
			continue
		}
		ref := explain.Ref{Step: s.N, Op: "logits", Col: s.Top()[0].ID}
		e, ok := r.Cell(ref)
		if !ok || !e.Exact || float32(e.Value) != s.Logits()[ref.Col] {
			t.Errorf("step %d: %+v", s.N, e)
			continue
		}
		if e.Reads[0].Row < s.Rows-1 {
			early++
		}
		if at := r.Coords(ref); at.RowPos != s.Cached+e.Reads[0].Row {
			t.Errorf("step %d: position %d, row %d", s.N, at.RowPos, e.Reads[0].Row)
		}
	}
	if early == 0 {
		t.Error("no proposal was rejected")
	}
}
