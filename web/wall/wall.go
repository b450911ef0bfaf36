// Package wall keeps a panic where it happens. What serves one person (a room, a
// viewer's frame, a file to take away, a measurement, the opening of a model) runs
// inside a wall: if it panics, that one is told, the log has the stack once, and
// everything else goes on. It is the net; what falls into it is a fault to be mended.
package wall

import (
	"fmt"
	"log/slog"
	"runtime/debug"

	"kvstep/sim"
)

// Try calls f. A panic in it comes back as Problem "panic" with Where (the kind of work
// that failed, such as "room" or "export"), Recipe (the link that repeats it, as a query
// string; "" where there is none) and the panic's value as cause, and is logged with its
// stack.
//
// A mapped file that has become shorter under us panics too, inside a wall: Problem
// "model.fault".
func Try(where, recipe string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		cause, ok := value.(error)
		if !ok {
			cause = fmt.Errorf("%v", value)
		}
		slog.Error("panic", "where", where, "recipe", recipe, "value", cause.Error(), "stack", string(debug.Stack()))
		if _, ok := value.(interface{ Addr() uintptr }); ok { // memory that is not there
			err = sim.NewProblem("model.fault").Because(cause)
			return
		}
		err = sim.NewProblem("panic", "Where", where, "Recipe", recipe).Because(cause)
	}()
	return f()
}
