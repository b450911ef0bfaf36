package lesson

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"kvstep/sim"
)

// Place is where something stands in a lesson's files, lines and columns from 1.
type Place struct {
	File string
	Line int
	Col  int
}

func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Fault is one thing that is wrong with a lesson, and where. Its Problem is a message
// of the catalogue, so that it is told in the reader's language.
type Fault struct {
	Place
	*sim.Problem
}

func (f *Fault) Error() string { return f.Place.String() + ": " + f.Problem.Error() }

// Unwrap returns the problem.
func (f *Fault) Unwrap() error { return f.Problem }

// faultAt makes one; id is without "problem.".
func faultAt(at Place, id string, pairs ...any) *Fault {
	return &Fault{at, sim.NewProblem(id, pairs...)}
}

// faults collects what is wrong, so that a check tells all of it at once.
type faults []*Fault

// maxFaults is how many are told: whoever has more sees the rest when these are mended.
const maxFaults = 100

func (fs *faults) add(at Place, id string, pairs ...any) {
	if len(*fs) < maxFaults {
		*fs = append(*fs, faultAt(at, id, pairs...))
	}
}

// because adds an error; one that is no fault is told by its own words.
func (fs *faults) because(at Place, err error) {
	var f *Fault
	var p *sim.Problem
	switch {
	case err == nil || len(*fs) >= maxFaults:
	case errors.As(err, &f):
		*fs = append(*fs, f)
	case errors.As(err, &p):
		*fs = append(*fs, &Fault{at, p})
	default:
		fs.add(at, "lesson.wrong", "Why", err.Error())
	}
}

// sorted returns them by file, line and column; what is found again in another language or at another beat, once.
func (fs faults) sorted() []*Fault {
	slices.SortStableFunc(fs, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.CompactFunc(fs, func(a, b *Fault) bool {
		return a.Place == b.Place && a.ID == b.ID && reflect.DeepEqual(a.Args, b.Args)
	})
}
