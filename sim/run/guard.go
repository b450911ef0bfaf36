package run

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"

	"kvstep/sim"
)

// Same tells whether the bytes that a model is read from are still those that were
// opened: nil, or Problem "model.changed" with File. Where files can change it is given
// from outside, with the model.
type Same func() error

// same asks the model.
func (m *Loaded) same() error {
	if m.Same == nil {
		return nil
	}
	return m.Same()
}

// faultsPanic has the memory of a mapped file that is no longer there panic on this
// goroutine instead of ending the process, until it is called off.
func faultsPanic() (off func()) {
	was := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(was) }
}

// guarded calls f, which reads weights. That they cannot be read any more is a Problem:
// "model.changed" where the file says so, else "model.fault". Other panics go on. What
// else went wrong may be for the same reason: then that one is told.
func guarded(same Same, f func() error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			if err != nil && same != nil && !sim.Short(err) && !errors.Is(err, context.Canceled) {
				err = cmp.Or(same(), err)
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
		if same != nil {
			err = same()
		}
		if err == nil {
			err = sim.NewProblem("model.fault").Because(fault)
		}
	}()
	return f()
}

// same asks all models of the run.
func (e *engine) same() error {
	err := e.m.same()
	if err == nil && e.drafter != nil {
		err = e.drafter.from.same()
	}
	return err
}

func (e *engine) guarded(f func() error) error { return guarded(e.same, f) }
