package export

import (
	"context"
	"runtime"
)

// hands make the files: one fewer than there are processors, so that one is left for
// sockets and presses. (With all of them taken, Go looks at its sockets every 10 ms only.)
// More files than hands are made by turns, a step or a record at a time.
type hands chan struct{}

func newHands(n int) hands { return make(hands, n) }

var workers = newHands(max(1, runtime.GOMAXPROCS(0)-1))

// take waits for a hand, or until ctx ends.
func (h hands) take(ctx context.Context) error {
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

func (h hands) give() { <-h }

// turn is a file's hold of a hand.
type turn struct {
	hands hands
	holds bool
}

// begin waits for a hand.
func (t *turn) begin(ctx context.Context) error {
	err := t.hands.take(ctx)
	t.holds = err == nil
	return err
}

// pass lets the file that waits longest have the hand, and waits for one again. Who holds
// none takes none.
func (t *turn) pass(ctx context.Context) error {
	if !t.holds {
		return ctx.Err()
	}
	t.end()
	return t.begin(ctx)
}

// end gives the hand back, if there is one.
func (t *turn) end() {
	if t.holds {
		t.holds = false
		t.hands.give()
	}
}
