// Package wall keeps a panic where it happens. What serves one person (a room, a
// viewer's frame, a file to take away, a measurement, the opening of a model) runs
// inside a wall: if it panics, that one is told, the log has the stack once, and
// everything else goes on. It is the net; what falls into it is a fault to be mended.
package wall

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"kvstep/sim"
)

// Try calls f. A panic in it comes back as Problem "panic" with Where (the kind of work
// that failed, such as "room" or "export"), Recipe (the link that repeats it, as a query
// string; "" where there is none) and the panic's value as cause, and is logged with its
// stack.
func Try(where, recipe string, f func() error) error {
	return Around(where, func() string { return recipe }, f)
}

// Around calls f like Try, for work that is done often: the recipe is only written when f has
// panicked. A mapped file that has become shorter under us panics too, inside a wall:
// Problem "model.fault".
func Around(where string, recipe func() string, f func() error) (err error) {
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
		link := quietly(recipe)
		slog.Error("panic", "where", where, "recipe", link, "value", cause.Error(), "stack", string(debug.Stack()))
		if _, ok := value.(interface{ Addr() uintptr }); ok { // memory that is not there
			err = sim.NewProblem("model.fault").Because(cause)
			return
		}
		err = sim.NewProblem("panic", "Where", where, "Recipe", link).Because(cause)
	}()
	return f()
}

// quietly returns the recipe, or "" where what has panicked cannot be written down either.
func quietly(recipe func() string) (link string) {
	defer func() { _ = recover() }()
	return recipe()
}

// Fell reports whether an error is what became of a panic.
func Fell(err error) bool {
	var p *sim.Problem
	return errors.As(err, &p) && p.ID == "panic"
}
