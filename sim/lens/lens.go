// Package lens says what can be seen at a moment of a run. One file is one lens: it
// derives a value and tensors from the recorded steps, and knows nothing of how they
// travel. web/wire encodes what All shows.
package lens

// Lens is one thing that can be seen at a moment.
type Lens struct {
	Name  string // the key of its value
	Needs []Need // without which there is nothing to be seen
	Show  func(*Moment) (any, []Tensor)
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
func value[T any](show func(*Moment) T) func(*Moment) (any, []Tensor) {
	return func(m *Moment) (any, []Tensor) { return show(m), nil }
}

// both is a lens with a value and tensors.
func both[T any](show func(*Moment) (T, []Tensor)) func(*Moment) (any, []Tensor) {
	return func(m *Moment) (any, []Tensor) { return show(m) }
}

// tensors is a lens without a value.
func tensors(show func(*Moment) []Tensor) func(*Moment) (any, []Tensor) {
	return func(m *Moment) (any, []Tensor) { return nil, show(m) }
}

func aStep(m *Moment) bool     { return m.Step != nil }
func matrices(m *Moment) bool  { return m.From != nil }
func hasCache(m *Moment) bool  { return m.Step == nil || m.Step.KV != nil }
func hasChoice(m *Moment) bool { return pickedChoice(m) != nil }
func hasBatch(m *Moment) bool  { return m.Recipe.Batch != nil }
func hasBeams(m *Moment) bool  { return m.Recipe.Sampler.Kind == "beam" }
func hasDraft(m *Moment) bool  { return m.Recipe.Draft != "" }
func noOp(m *Moment) bool      { return m.View.Op == "" }
func isOneText(m *Moment) bool { return m.isSingle() || m.Recipe.Draft != "" }
func isWaiting(m *Moment) bool { return m.Step == nil && len(m.Waiting) > 0 }
func hasBreaks(m *Moment) bool { return len(m.Breaks) > 0 }
func hasMarks(m *Moment) bool  { return len(m.Marks) > 0 }
func hasEffect(m *Moment) bool { return showEffect(m) != nil }
func isReal(m *Moment) bool    { return showReal(m) != nil }
func hasForks(m *Moment) bool  { return len(m.Branches) >= 2 || m.Gone != nil }
func open(panel string) Need   { return func(m *Moment) bool { return m.View.shows(panel) } }

// All is every lens, in the order in which their tensors are written.
var All = []Lens{
	{Name: "run", Show: value(showRun)},
	{Name: "step", Show: value(showStep)},
	{Name: "tokens", Show: value(showTokens)},
	{Name: "text", Show: value(func(m *Moment) string { return m.Text })},
	{Name: "pick", Show: value(showPick)},
	{Name: "ledger", Show: value(showLedger)},
	{Name: "top", Show: value(ShowTop)},
	{Name: "choice", Needs: []Need{hasChoice}, Show: value(showChoice)},
	{Name: "waiting", Needs: []Need{isWaiting}, Show: value(func(m *Moment) Tokens { return m.Labelled(waitingPrompt(m)) })},
	{Name: "marks", Needs: []Need{hasMarks}, Show: value(func(m *Moment) []int { return m.Marks })},
	{Name: "breaks", Needs: []Need{hasBreaks}, Show: value(showBreaks)},
	{Name: "peers", Needs: []Need{(*Moment).several}, Show: value(showPeers)},
	{Name: "schedule", Needs: []Need{hasBatch}, Show: value(showSchedule)},
	{Name: "pick_step", Needs: []Need{matrices}, Show: value(showPickStep)},
	{Name: "cell", Show: value(showCell)},
	{Name: "attention", Needs: []Need{matrices, noOp}, Bare: true, Show: tensors(showAttention)},
	{Name: "op", Needs: []Need{matrices}, Show: both(ShowOp)},
	{Name: "explain", Needs: []Need{matrices}, Show: both(ShowExplain)},
	{Name: "kv", Show: both(showKV)},
	{Name: "use", Needs: []Need{hasCache}, Show: both(showUse)},
	{Name: "effect", Needs: []Need{hasEffect}, Show: value(showEffect)},
	{Name: "branches", Needs: []Need{hasForks}, Crowds: true, Show: value(showBranches)},
	{Name: "speculation", Needs: []Need{hasDraft}, Show: value(showSpeculation)},
	{Name: "letters", Needs: []Need{open("formulas"), aStep, isOneText}, Show: value(func(m *Moment) map[string]map[string]Integer { return onlyOwn(lettersOf(m)) })},
	{Name: "sums", Needs: []Need{open("formulas"), aStep, (*Moment).closed}, Show: value(func(m *Moment) map[string]map[string]Integer { return showSums(m, lettersOf(m)) })},
	{Name: "modelled", Needs: []Need{open("formulas"), aStep}, Show: value(showModelled)},
	{Name: "real", Needs: []Need{isReal}, Show: value(showReal)},
	{Name: "history", Needs: []Need{open("history")}, Show: both(func(m *Moment) (HistoryInfo, []Tensor) { return showHistory(m) })},
	{Name: "heads", Needs: []Need{open("heads")}, Show: both(showHeads)},
	{Name: "rows", Needs: []Need{open("rows")}, Bare: true, Show: tensors(showRows)},
	{Name: "passes", Needs: []Need{open("schedule")}, Bare: true, Show: tensors(showPasses)},
	{Name: "beams", Needs: []Need{hasBeams}, Show: both(showBeams)},
}
