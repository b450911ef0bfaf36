package page

import (
	"context"
	"io"

	"kvstep/sim"

	"github.com/a-h/templ"
)

// Panel is one of the page's panels: a folder of static/js/panel paints it.
type Panel struct {
	ID string // of its element and of its folder
	In string // the place where it stands: the page's, or one that another panel has for others
	On on     // who has it
	// Show is its element; nil: a title, the message ID.title, and a line that its module fills.
	Show func(HomeData) templ.Component
	// Asks is the name under which a viewer has it open (lens.Panels), where it has data of
	// its own; Of tells which runs have such data, nil for all.
	Asks string
	Of   func(sim.Recipe) bool
	// Brings is the message of its name where a presentation can bring it up, with a digit by its place
	// among those that it can.
	Brings string
	// Later panels come in a script of their own, when the first step can be pressed: nobody needs them before.
	Later bool
}

// on is who has a panel: a page that a server serves, a handout, a printed lesson, which has pictures of some and
// those that these read.
type on int

const (
	onServer on = 1 << iota
	recorded
	printed
	both       = onServer | recorded
	everywhere = both | printed
)

// Printed reports whether a printed lesson has the panel.
func (p Panel) Printed() bool { return p.On&printed != 0 }

// Offline reports whether a handout has the panel.
func (p Panel) Offline() bool { return p.On&recorded != 0 }

// Panels returns all there are, in the order in which they are painted: what a person
// follows before what can wait for another frame. In each place they stand in the same
// order. `make generate` writes static/js/panel/panels.js from it.
func Panels() []Panel {
	return []Panel{
		{ID: "chrome", In: "head", On: both, Show: header},
		{ID: "present", In: "notices", On: both, Show: present},
		{ID: "held", In: "notices", On: onServer, Show: held},
		{ID: "transport", In: "bar", On: both, Show: transport},
		{ID: "lessons", In: "tools", On: onServer, Show: lessons, Later: true},
		{ID: "lesson", In: "rail", On: onServer, Show: lesson, Later: true},
		{ID: "sentence", In: "rail", On: everywhere, Show: sentence},
		{ID: "bars", In: "rail", On: both, Show: bars},
		{ID: "sequence-picker", In: "stage-head", On: onServer, Show: sequencePicker},
		{ID: "pickers", In: "stage-head", On: everywhere, Show: pickers},
		{ID: "waiting", In: "stage-field", On: everywhere, Show: waiting},
		{ID: "speculation", In: "wide", On: both, Show: speculation},
		{ID: "timeline", In: "transport", On: both, Show: timeline},
		{ID: "stage", In: "picture", On: everywhere, Show: stage},
		{ID: "ops", In: "stage", On: everywhere, Show: ops},
		{ID: "cacheless", In: "stage", On: everywhere, Show: cacheless},
		{ID: "inside", In: "stage", On: everywhere, Show: inside},
		{ID: "explain", In: "rail", On: both, Show: why},
		{ID: "cache", In: "narrow", On: both, Show: cache, Asks: "rows", Brings: "cache.title"},
		{ID: "scope", In: "wide", On: recorded, Show: scope},
		{ID: "table", In: "legend", On: both, Show: table, Asks: "table"},
		{ID: "recipe", In: "run", On: onServer, Show: recipe},
		{ID: "loading", In: "run", On: onServer, Show: loading},
		{ID: "breaks", In: "transport-aside", On: onServer, Show: breakpoints},
		{ID: "memory", In: "cache", On: both, Show: memory},
		{ID: "out-of-memory", In: "top", On: both, Show: outOfMemory, Later: true},
		{ID: "schedule", In: "top", On: everywhere, Show: schedule, Asks: "schedule",
			Of: func(r sim.Recipe) bool { return r.Batch != nil }},
		{ID: "schedule-compare", In: "schedule", On: onServer, Show: scheduleCompare, Later: true},
		{ID: "beams", In: "top", On: everywhere, Show: beams, Asks: "beams",
			Of: func(r sim.Recipe) bool { return r.Sampler.Kind == "beam" }},
		{ID: "batch-cache", In: "narrow", On: both, Show: batchCache},
		{ID: "tokens", In: "rail", On: both, Show: tokens},
		{ID: "branches", In: "wide", On: onServer, Show: branches, Later: true},
		{ID: "all-heads", In: "wide", On: everywhere, Show: allHeads, Asks: "heads", Brings: "heads.title"},
		{ID: "sampling", In: "wide", On: everywhere, Show: sampling, Asks: "choice", Brings: "choice.panel"},
		{ID: "ledger", In: "wide", On: both, Show: ledger, Brings: "ledger.title"},
		{ID: "lanes", In: "counting", On: onServer, Show: lanesOfRun},
		{ID: "history", In: "ledger", On: everywhere, Show: history, Asks: "history"},
		{ID: "counters", In: "ledger", On: both, Show: counters, Asks: "formulas"},
		{ID: "details", In: "narrow", On: both},
		{ID: "take", In: "transport-aside", On: both, Show: take, Later: true},
		{ID: "real", In: "ledger-end", On: onServer | printed, Show: realSize, Later: true},
		{ID: "variants", In: "wide", On: onServer, Show: variants, Later: true},
		{ID: "answers", In: "head", On: onServer, Show: answers, Later: true},
		{ID: "card", In: "head", On: both, Show: card},
		{ID: "to-plots", In: "transport-aside", On: onServer, Show: toPlots, Later: true},
	}
}

// Served returns the modules of the panels that a handout does not have (files of package static).
func Served() (files []string) {
	for _, p := range Panels() {
		if !p.Offline() {
			files = append(files, "js/panel/"+p.ID+"/index.js")
		}
	}
	return files
}

// Asked returns the names under which a handout's panels have data of their own open, in
// a run of the recipe.
func Asked(r sim.Recipe) (names []string) {
	for _, p := range Panels() {
		if p.Offline() && p.Asks != "" && (p.Of == nil || p.Of(r)) {
			names = append(names, p.Asks)
		}
	}
	return names
}

// place shows the panels that stand in a place, one after the other.
func (d HomeData) place(name string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, p := range Panels() {
			if p.In != name || p.On&d.on() == 0 {
				continue
			}
			if err := p.element(d).Render(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// element is what a page has of a panel.
func (p Panel) element(d HomeData) templ.Component {
	if p.Show == nil {
		return plainPanel(d, p.ID)
	}
	return p.Show(d)
}

// on reports which kind of page this is.
func (d HomeData) on() on {
	switch {
	case d.Recorded:
		return recorded
	case d.Printed:
		return printed
	}
	return onServer
}
