package export

import (
	"context"
	"runtime"
)

// workerPool limits how many files are worked on at a time: to one fewer than there are
// processors, which leaves one for sockets and presses. (With all of them taken, Go looks at
// its sockets every 10 ms only.) More files take turns, a step or a record at a time.
type workerPool chan struct{}

func newWorkerPool(n int) workerPool { return make(workerPool, n) }

var workers = newWorkerPool(max(1, runtime.GOMAXPROCS(0)-1))

// take waits for a worker, or until ctx ends.
func (h workerPool) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h workerPool) give() { <-h }

// turn says whether a file has a worker.
type turn struct {
	pool    workerPool
	holding bool
}

// begin waits for a worker.
func (t *turn) begin(ctx context.Context) error {
	err := t.pool.take(ctx)
	t.holding = err == nil
	return err
}

// pass hands the worker to the file that waits longest, and waits for one again. It does
// nothing for a file without one.
func (t *turn) pass(ctx context.Context) error {
	if !t.holding {
		return ctx.Err()
	}
	t.end()
	return t.begin(ctx)
}

// end gives the worker back, if there is one.
func (t *turn) end() {
	if t.holding {
		t.holding = false
		t.pool.give()
	}
}
