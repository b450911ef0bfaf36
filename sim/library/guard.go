package library

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"

	"kvstep/sim"
)

// FaultsPanic lets the memory of a mapped file that is no longer there panic on this
// goroutine instead of ending the process, until it is called off.
func FaultsPanic() (off func()) {
	was := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(was) }
}

// Guarded calls f, which reads weights. That they cannot be read any more is a Problem:
// "model.changed" where check says so (it may be nil), else "model.fault". Other panics go on. What
// else went wrong may be for the same reason: then that one is told.
func Guarded(check func() error, f func() error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			if err != nil && check != nil && !sim.Short(err) && !errors.Is(err, context.Canceled) {
				err = cmp.Or(check(), err)
			}
			return
		}
		// What the runtime panics with where memory that should be there is not.
		fault, ok := value.(interface {
			error
			Addr() uintptr
		})
		if !ok {
			panic(value)
		}
		if check != nil {
			err = check()
		}
		if err == nil {
			err = sim.NewProblem("model.fault").Because(fault)
		}
	}()
	return f()
}
