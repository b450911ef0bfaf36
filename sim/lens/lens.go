// Package lens says what can be seen at a moment of a run. One file is one lens: it
// derives a value and tensors from the recorded steps, and knows nothing of how they
// travel. web/wire encodes what All shows.
package lens

import "kvstep/sim/checkpoint"

// Lens is one thing that can be seen at a moment.
type Lens struct {
	Name  string // the key of its value
	Needs []Need // without which there is nothing to be seen
	Show  func(*Moment) (any, []checkpoint.Tensor)
	// Bare tells that the lens has tensors only, and no value.
	Bare bool
	// Crowds tells that what the lens says takes room from the picture of all heads.
	Crowds bool
}

// Need reports whether a moment has something that a lens cannot do without.
type Need func(*Moment) bool

// Seen reports whether a moment has what the lens needs.
func (l *Lens) Seen(m *Moment) bool {
	for _, met := range l.Needs {
		if !met(m) {
			return false
		}
	}
	return true
}

// value is a lens without tensors.
func value[T any](show func(*Moment) T) func(*Moment) (any, []checkpoint.Tensor) {
	return func(m *Moment) (any, []checkpoint.Tensor) { return show(m), nil }
}

// both is a lens with a value and tensors.
func both[T any](show func(*Moment) (T, []checkpoint.Tensor)) func(*Moment) (any, []checkpoint.Tensor) {
	return func(m *Moment) (any, []checkpoint.Tensor) { return show(m) }
}

// tensors is a lens without a value.
func tensors(show func(*Moment) []checkpoint.Tensor) func(*Moment) (any, []checkpoint.Tensor) {
	return func(m *Moment) (any, []checkpoint.Tensor) { return nil, show(m) }
}

func aStep(m *Moment) bool     { return m.Step != nil }
func matrices(m *Moment) bool  { return m.From != nil }
func hasCache(m *Moment) bool  { return m.Step == nil || m.Step.KV != nil }
func hasChoice(m *Moment) bool { return m.picked() != nil }
func hasBatch(m *Moment) bool  { return m.Recipe.Batch != nil }
func hasBeams(m *Moment) bool  { return m.Recipe.Sampler.Kind == "beam" }
func hasDraft(m *Moment) bool  { return m.Recipe.Draft != "" }
func noOp(m *Moment) bool      { return m.View.Op == "" }
func isSingle(m *Moment) bool  { return m.plain() || m.Recipe.Draft != "" }
func isWaiting(m *Moment) bool { return m.Step == nil && len(m.Waiting) > 0 }
func hasBreaks(m *Moment) bool { return len(m.Breaks) > 0 }
func hasMarks(m *Moment) bool  { return len(m.Marks) > 0 }
func hasEffect(m *Moment) bool { return m.effect() != nil }
func isReal(m *Moment) bool    { return m.real() != nil }
func hasForks(m *Moment) bool  { return len(m.Branches) >= 2 || m.Gone != nil }
func open(panel string) Need   { return func(m *Moment) bool { return m.View.shows(panel) } }

// All is every lens, in the order in which their tensors are written.
var All = []Lens{
	{Name: "run", Show: value((*Moment).runInfo)},
	{Name: "step", Show: value((*Moment).stepInfo)},
	{Name: "tokens", Show: value((*Moment).tokens)},
	{Name: "text", Show: value(func(m *Moment) string { return m.Text })},
	{Name: "pick", Show: value((*Moment).pickInfo)},
	{Name: "ledger", Show: value((*Moment).ledger)},
	{Name: "top", Show: value((*Moment).top)},
	{Name: "choice", Needs: []Need{hasChoice}, Show: value((*Moment).choice)},
	{Name: "waiting", Needs: []Need{isWaiting}, Show: value(func(m *Moment) [][2]any { return m.labelled(m.asked()) })},
	{Name: "marks", Needs: []Need{hasMarks}, Show: value(func(m *Moment) []int { return m.Marks })},
	{Name: "breaks", Needs: []Need{hasBreaks}, Show: value((*Moment).breaks)},
	{Name: "peers", Needs: []Need{(*Moment).several}, Show: value((*Moment).peers)},
	{Name: "schedule", Needs: []Need{hasBatch}, Show: value((*Moment).schedule)},
	{Name: "pick_step", Needs: []Need{matrices}, Show: value((*Moment).passInfo)},
	{Name: "cell", Show: value((*Moment).cell)},
	{Name: "attention", Needs: []Need{matrices, noOp}, Bare: true, Show: tensors((*Moment).attention)},
	{Name: "op", Needs: []Need{matrices}, Show: both((*Moment).op)},
	{Name: "explain", Needs: []Need{matrices}, Show: both((*Moment).explanation)},
	{Name: "kv", Show: both((*Moment).cache)},
	{Name: "use", Needs: []Need{hasCache}, Show: both((*Moment).use)},
	{Name: "effect", Needs: []Need{hasEffect}, Show: value((*Moment).effect)},
	{Name: "branches", Needs: []Need{hasForks}, Crowds: true, Show: value((*Moment).branches)},
	{Name: "speculation", Needs: []Need{hasDraft}, Show: value((*Moment).speculation)},
	{Name: "letters", Needs: []Need{open("formulas"), aStep, isSingle}, Show: value(func(m *Moment) map[string]map[string]Integer { return onlyOwn(m.letters()) })},
	{Name: "sums", Needs: []Need{open("formulas"), aStep, (*Moment).closed}, Show: value(func(m *Moment) map[string]map[string]Integer { return m.sums(m.letters()) })},
	{Name: "modelled", Needs: []Need{open("formulas"), aStep}, Show: value((*Moment).modelled)},
	{Name: "real", Needs: []Need{isReal}, Show: value((*Moment).real)},
	{Name: "history", Needs: []Need{open("history")}, Show: both(func(m *Moment) (HistoryInfo, []checkpoint.Tensor) { return m.history() })},
	{Name: "heads", Needs: []Need{open("heads")}, Show: both((*Moment).heads)},
	{Name: "rows", Needs: []Need{open("rows")}, Bare: true, Show: tensors((*Moment).provenance)},
	{Name: "passes", Needs: []Need{open("schedule")}, Bare: true, Show: tensors((*Moment).scheduled)},
	{Name: "beams", Needs: []Need{hasBeams}, Show: both((*Moment).beams)},
}
