package export

import (
	"context"
	"errors"
	"testing"
	"time"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// TestOneProcessorIsLeft: a file is made with a hand only, whatever is made beside it, and
// gives it back however it ends.
func TestOneProcessorIsLeft(t *testing.T) {
	was := workers
	defer func() { workers = was }()
	workers = newWorkerPool(1)
	models := library.New()
	for _, kind := range []string{"jsonl", "html", "schedules"} {
		q, err := Parse("?prompt=Once&new=2&step=9&schedule=static&req=0:2:cat")
		if err != nil {
			t.Fatal(err)
		}
		workers <- struct{}{} // somebody else has it
		ctx, gone := context.WithCancel(context.Background())
		done := make(chan error)
		go func() {
			_, err := Make(ctx, models, kind, q, "test", limits.Default())
			done <- err
		}()
		select {
		case err := <-done:
			t.Fatalf("%s was made without a hand: %v", kind, err)
		case <-time.After(300 * time.Millisecond): // one with a hand takes 20
		}
		gone()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s without a hand: %v", kind, err)
		}
		<-workers
		if _, err := Make(context.Background(), models, kind, q, "test", limits.Default()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if len(workers) > 0 {
			t.Fatalf("%s has kept its hand", kind)
		}
	}
}

// TestFilesTakeTurns: of two files with one hand each goes on after the other's piece.
func TestFilesTakeTurns(t *testing.T) {
	all := newWorkerPool(1)
	ctx := context.Background()
	a, b := &turn{pool: all}, &turn{pool: all}
	if err := a.begin(ctx); err != nil {
		t.Fatal(err)
	}
	waits, had := make(chan struct{}), make(chan bool, 1)
	go func() {
		close(waits)
		ok := b.begin(ctx) == nil
		b.end()
		had <- ok
	}()
	<-waits
	for {
		if err := a.pass(ctx); err != nil {
			t.Fatal(err)
		}
		select {
		case ok := <-had:
			if a.end(); !ok || len(all) > 0 {
				t.Error("the hand is lost")
			}
			return
		default:
		}
	}
}
