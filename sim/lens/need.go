package lens

import (
	"slices"
	"strings"

	"kvstep/sim/explain"
	"kvstep/sim/kv"
)

// Need is something that a lens cannot do without.
type Need struct {
	Words string // in the end of "there with .."
	Met   func(*Moment) bool
}

// open returns a panel that the viewer has open, or one of several.
func open(panels ...string) Need {
	return Need{"`" + strings.Join(panels, "` or `") + "` open", func(m *Moment) bool {
		return slices.ContainsFunc(panels, m.View.shows)
	}}
}

var (
	aStep   = Need{"a step", func(m *Moment) bool { return m.Step != nil }}
	noStep  = Need{"no step yet", func(m *Moment) bool { return m.Step == nil }}
	aPrompt = Need{"a prompt", func(m *Moment) bool { return len(m.Waiting) > 0 }}

	matrices = Need{"`pick.from` not null", func(m *Moment) bool { return m.From != nil }}
	squares  = Need{"`pick.from` not null, or `without`", func(m *Moment) bool { return m.From != nil || m.inLane(explain.Uncached) != nil }}
	noOp     = Need{"no op picked", func(m *Moment) bool { return m.View.Op == "" }}

	aChoice  = Need{"a choice, at head steps", func(m *Moment) bool { return m.Step != nil && m.Step.Choice() != nil }}
	aCache   = Need{"a cache", func(m *Moment) bool { return m.Step == nil || m.Step.KV != nil }}
	anEffect = Need{"a cache policy that is not exact, from its first choice on", func(m *Moment) bool {
		return m.Step != nil && !kv.TraitsOf(m.Recipe.Cache).Exact && lastEffect(m) != nil
	}}

	severalSequences = Need{"several sequences", (*Moment).several}
	aBatch           = Need{"a batch", func(m *Moment) bool { return m.Recipe.Batch != nil }}
	someBeams        = Need{"a beam search", func(m *Moment) bool { return m.Recipe.Sampler.Kind == "beam" }}
	aDraft           = Need{"a draft", func(m *Moment) bool { return m.Recipe.Draft != "" }}
	oneText          = Need{"one sequence", func(m *Moment) bool { return m.isSingle() || m.Recipe.Draft != "" }}
	closedForm       = Need{"closed forms of the whole run: one sequence, no draft, the prompt in one pass", (*Moment).closed}

	someBranches = Need{"several runs in the room, or one that had to go", func(m *Moment) bool { return len(m.Branches) >= 2 || m.Evicted != nil }}
	someBreaks   = Need{"breakpoints", func(m *Moment) bool { return len(m.Breaks) > 0 }}
	someMarks    = Need{"bookmarks", func(m *Moment) bool { return len(m.Marks) > 0 }}
	realSizeOn   = Need{"`pick.real`", func(m *Moment) bool {
		if m.View.Real == "" {
			return false
		}
		_, _, _, _, ok := realSize(m.View.Real)
		return ok
	}}
)
