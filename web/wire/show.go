package wire

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// panels are the names that Pick.Show may hold: what a viewer has open, and
// how. Data for a panel travels only to a viewer who has it open.
var panels = []string{
	"beams",                                                                                  // beams: every beam that has lived
	"choice",                                                                                 // choice: the ten likeliest tokens after every filter, and the cumulative line
	"formulas",                                                                               // letters: the values of the formulas' letters
	"heads",                                                                                  // heads: every head's attention
	"history", "history-kv", "history-read", "history-time", "history-step", "history-total", // the chart of the run; of what; summed up
	"schedule",                                      // schedule: every pass of a batch
	"rows", "rows-read", "rows-again", "rows-error", // provenance of the cache's rows; the picture as a heat of reads, of recomputations or of errors
}

// shows tells whether the viewer has a panel open.
func (p Pick) shows(panel string) bool { return slices.Contains(p.Show, panel) }

// check refuses what no page sends.
func (p Pick) check() (field, have string) {
	for i, name := range p.Show {
		if !slices.Contains(panels, name) || slices.Contains(p.Show[:i], name) {
			return "show", name
		}
	}
	for _, f := range []struct{ name, have, a, b string }{
		{"unit", p.Unit, "flop", "mac"}, {"pairs", p.Pairs, "allowed", "dense"}, {"logits", p.Logits, "last", "all"},
	} {
		if f.have != "" && f.have != f.a && f.have != f.b {
			return f.name, f.have
		}
	}
	if p.Cell != nil && len(p.Cell.Op) > maxOp {
		return "cell", p.Cell.Op
	}
	if _, _, _, _, ok := realSize(p.Real); p.Real != "" && !ok {
		return "real", p.Real
	}
	return "", ""
}

// switches are what this viewer counts by: their own choice, else the recipe's.
func (l Link) switches() cost.Switches {
	sw := recipeSwitches(l.Recipe)
	if l.Pick.Unit != "" {
		sw.Unit = l.Pick.Unit
	}
	if l.Pick.Pairs != "" {
		sw.Pairs = l.Pick.Pairs
	}
	if l.Pick.Logits != "" {
		sw.Logits = l.Pick.Logits
	}
	return sw
}

// recipeSwitches are what the run itself counted by.
func recipeSwitches(r sim.Recipe) cost.Switches {
	return cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"}
}
