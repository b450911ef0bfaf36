package hub

import (
	"errors"
	"io/fs"

	"kvstep/sim"
)

// unwritten returns why a file could not be written.
func unwritten(file string, err error) error {
	switch {
	case fullDisk(err):
		return sim.NewProblem("hub.full", "File", file).Because(err)
	case forbidden(err):
		return sim.NewProblem("hub.closed", "File", file).Because(err)
	}
	return sim.NewProblem("hub.write", "File", file, "Why", why(err)).Because(err)
}

// unlocked returns why the lock of a model's folder could not be had.
func unlocked(place string, err error) error {
	if fullDisk(err) || forbidden(err) {
		return unwritten(place, err)
	}
	return sim.NewProblem("hub.lock", "File", lockOf(place), "Why", why(err)).Because(err)
}

// why returns the system's words for an error, without the path, which is told anyway.
func why(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return innermost(err)
}
