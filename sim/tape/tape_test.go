package tape

import (
	"errors"
	"iter"
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// tenSteps is a hand-made run: two passes of four layers and a head.
func tenSteps(closed *int) Source {
	return func(prefix []sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			defer func() { *closed++ }()
			for n := len(prefix); n < 10; n++ {
				s := sim.Step{N: n, Pass: n / 5, Layer: n % 5, Part: sim.LayerPart, Rows: 1,
					Out: mat.New(1, 8), X: mat.New(1, 4)}
				if n%5 == 4 {
					s = sim.Step{N: n, Pass: n / 5, Layer: -1, Part: sim.HeadPart}
				}
				if n == 9 {
					s.RunFinishReason = sim.FinishMaxNew
				}
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}

func forward(t *testing.T, tp *Tape, n int) {
	t.Helper()
	for range n {
		if ok, err := tp.Forward(); !ok || err != nil {
			t.Fatalf("forward from %d: %v %v", tp.Cursor(), ok, err)
		}
	}
}

func TestForwardBackSeek(t *testing.T) {
	closed := 0
	tp := New(tenSteps(&closed), nil)
	defer tp.Close()
	if tp.Cursor() != -1 || tp.Len() != 0 || tp.Back() {
		t.Fatal("a new tape stands before the first step")
	}
	forward(t, tp, 3)
	if tp.Cursor() != 2 || tp.Step(2).N != 2 {
		t.Fatalf("cursor %d", tp.Cursor())
	}
	if !tp.Back() || tp.Cursor() != 1 || tp.Len() != 3 {
		t.Fatal("back keeps what is recorded")
	}
	if tp.SeekTo(3) || !tp.SeekTo(-1) || !tp.SeekTo(2) {
		t.Fatal("only recorded steps can be sought")
	}
	forward(t, tp, 7)
	if tp.FinishReason() != sim.FinishMaxNew {
		t.Fatalf("ended %q", tp.FinishReason())
	}
	if ok, err := tp.Forward(); ok || err != nil || tp.Cursor() != 9 {
		t.Fatalf("after the end: %v %v", ok, err)
	}
	if tp.SeekTo(0); tp.Step(0).N != 0 {
		t.Fatal("the past is still there")
	}
}

func TestBytesAndBudget(t *testing.T) {
	closed := 0
	tp := New(tenSteps(&closed), sim.NewMemory(nil, "memory.room", 8000))
	defer tp.Close()
	forward(t, tp, 1)
	if want := int64(4 * (2 + 1 + 1 + 4 + 4)); tp.Bytes() != want { // layer 0 keeps X too
		t.Fatalf("%d bytes, want %d", tp.Bytes(), want)
	}
	var p *sim.Problem
	for range 9 {
		ok, err := tp.Forward()
		if errors.As(err, &p) {
			break
		}
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if p == nil || p.ID != "memory.room" {
		t.Fatalf("problem %v", p)
	}
	if at := tp.Cursor(); at != tp.Len()-1 || !tp.Back() || !tp.SeekTo(at) {
		t.Fatal("the budget lost something")
	}
}

func TestErrorLosesNothing(t *testing.T) {
	broken := errors.New("broken")
	tp := New(func([]sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			_ = yield(sim.Step{N: 0}, nil) && yield(sim.Step{}, broken)
		}
	}, nil)
	defer tp.Close()
	forward(t, tp, 1)
	for range 2 {
		if ok, err := tp.Forward(); ok || !errors.Is(err, broken) {
			t.Fatal(ok, err)
		}
	}
	if tp.Cursor() != 0 || tp.Len() != 1 {
		t.Fatal("the recorded step is gone")
	}
}

func TestForkSharesThePastAndLeavesTheParent(t *testing.T) {
	closed := 0
	tp := New(tenSteps(&closed), nil)
	forward(t, tp, 8) // in the middle of pass 1
	var prefix []sim.Step
	f := tp.Fork(func(p []sim.Step) iter.Seq2[sim.Step, error] {
		prefix = p
		return tenSteps(&closed)(p)
	})
	if f.Cursor() != 4 || f.Len() != 5 || len(prefix) != 5 {
		t.Fatalf("fork at %d of %d, prefix %d", f.Cursor(), f.Len(), len(prefix))
	}
	forward(t, f, 5)
	if tp.Len() != 8 || f.Len() != 10 || f.Step(5).N != 5 {
		t.Fatal("fork and parent share a future")
	}
	tp.Close()
	tp.Close()
	f.Close()
	if closed != 2 {
		t.Fatalf("%d of 2 runs ended", closed)
	}
}

func TestEndIsFinal(t *testing.T) {
	closed := 0
	tp := New(tenSteps(&closed), nil)
	forward(t, tp, 2)
	tp.End(sim.FinishStop)
	if ok, err := tp.Forward(); ok || err != nil || tp.FinishReason() != sim.FinishStop || closed != 1 {
		t.Fatalf("%v %v %q, %d closed", ok, err, tp.FinishReason(), closed)
	}
	if !tp.SeekTo(0) {
		t.Fatal("the past is gone")
	}
}

func TestForkBeforeTheFirstStep(t *testing.T) {
	closed := 0
	tp := New(tenSteps(&closed), nil)
	defer tp.Close()
	f := tp.Fork(tenSteps(&closed))
	defer f.Close()
	forward(t, f, 10)
}

// TestStepsMadeAgain: a source that begins before the end of the prefix adds nothing
// until it is there, and returns after each of these steps.
func TestStepsMadeAgain(t *testing.T) {
	from := func(first int) Source {
		return func([]sim.Step) iter.Seq2[sim.Step, error] {
			return func(yield func(sim.Step, error) bool) {
				for n := first; n < 20 && yield(sim.Step{N: n, Pass: n / 5}, nil); n++ {
				}
			}
		}
	}
	a := New(from(0), nil)
	defer a.Close()
	for range 12 {
		_, _ = a.Forward()
	}
	b := a.Fork(from(3)) // shares ten
	defer b.Close()
	for i := 3; i < 10; i++ {
		if moved, err := b.Forward(); !moved || err != nil || b.Len() != 10 || b.Cursor() != 9 {
			t.Fatalf("step %d made again: %v, %v, %d steps, at %d", i, moved, err, b.Len(), b.Cursor())
		}
	}
	if moved, _ := b.Forward(); !moved || b.Len() != 11 || b.Cursor() != 10 || b.Step(10).N != 10 {
		t.Errorf("%d steps, at %d", b.Len(), b.Cursor())
	}
	if more, err := b.Record(); !more || err != nil || b.Len() != 12 || b.Cursor() != 10 {
		t.Errorf("recorded: %v, %v, %d steps, at %d", more, err, b.Len(), b.Cursor())
	}
}
