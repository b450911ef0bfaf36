// Package lens says what can be seen at a moment of a run. One file is one lens: it
// derives a value and tensors from the recorded steps, and knows nothing of how they
// travel. web/wire encodes what All shows; docs/protocol.md and static/js/wire/frame.d.ts
// are written from the same list.
package lens

import "reflect"

// All is every lens, in the order in which their tensors are written.
var All = []Lens{
	runLens, stepLens, tokensLens, textLens, waitingLens,
	pickLens, pickStepLens, cellLens,
	ledgerLens, lettersLens, sumsLens, modelledLens, realLens,
	topLens, choiceLens, speculationLens, effectLens,
	peersLens, scheduleLens,
	branchesLens, breaksLens, marksLens,
	attentionLens, withoutLens, opLens, explainLens,
	kvLens, useLens,
	historyLens, headsLens, rowsLens, passesLens, beamsLens,
}

// Lens is one thing that can be seen at a moment.
type Lens struct {
	Name    string // the key of its value
	Needs   []Need // without which it is not there
	Show    Show
	Of      Reach  // how much of a view it tells apart
	Null    bool   // its value may be null; of others nil is left out
	Tensors []Spec // that it may have
	// Crowds tells that its value takes room from the picture of all heads, which comes later.
	Crowds bool
}

// Spec describes a tensor for whoever reads it.
type Spec struct {
	Name  string
	DType string
	Shape string // m new rows of the picked step, T positions after it, hd head_dim, L layers, H heads, G K/V heads
	Words string
}

// Show derives what a lens shows.
type Show struct {
	At    func(*Moment) (any, []Tensor)
	Value reflect.Type // of the value; nil: there are tensors only
}

// value is a lens without tensors.
func value[T any](show func(*Moment) T) Show {
	return Show{func(m *Moment) (any, []Tensor) { return show(m), nil }, reflect.TypeFor[T]()}
}

// both is a lens with a value and tensors.
func both[T any](show func(*Moment) (T, []Tensor)) Show {
	return Show{func(m *Moment) (any, []Tensor) { return show(m) }, reflect.TypeFor[T]()}
}

// bare returns a lens of tensors only.
func bare(show func(*Moment) []Tensor) Show {
	return Show{func(m *Moment) (any, []Tensor) { return nil, show(m) }, nil}
}

// Seen reports whether a moment has what the lens needs.
func (l *Lens) Seen(m *Moment) bool {
	for _, n := range l.Needs {
		if !n.Met(m) {
			return false
		}
	}
	return true
}
