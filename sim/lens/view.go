package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/explain"
)

const (
	// MaxTrail is how many operands a viewer may have followed.
	MaxTrail = 64
	// MaxName is the longest name of a lesson or a beat, MaxAnswers the longest text of all answers of one.
	MaxName    = 40
	MaxAnswers = 4 << 10
	// MaxOp is the longest name of a tensor that a cell is of.
	MaxOp = 32
)

// View is what one viewer looks at.
type View struct {
	Layer *int  `json:"layer"`         // nil follows the cursor
	Head  int   `json:"head"`          // query head
	Seq   int   `json:"seq,omitempty"` // sequence, in a run of several
	Cell  *Cell `json:"cell"`          // the cell whose exact value is shown

	Op string `json:"op"` // the op that is looked at (sim/explain); "" is the attention of one head
	// Trail is what the viewer asks to have explained: a cell, then the operand
	// of it that was followed, and so on. The last one is explained.
	Trail []explain.Ref `json:"trail"`

	Show []string `json:"show,omitempty"` // open panels that need data of their own, see panels
	// What the ledger counts, whatever the trace counted; "" is as the recipe says.
	Unit   string `json:"unit,omitempty"`   // "flop" or "mac"
	Pairs  string `json:"pairs,omitempty"`  // "allowed" or "dense"
	Logits string `json:"logits,omitempty"` // "last" or "all"
	Real   string `json:"real,omitempty"`   // "model@device": the same run at real size

	// A lesson that the viewer is in, its beat, and what they have answered so far: "beat~answer", joined by ";".
	Lesson  string `json:"lesson,omitempty"`
	Beat    string `json:"beat,omitempty"`
	Answers string `json:"answers,omitempty"`

	Compare int `json:"compare,omitempty"` // another branch of the room, 0 for none; no link has it
}

// Cell is one element of one of the frame's tensors.
type Cell struct {
	Op   string       `json:"op"`
	Row  int          `json:"row"`
	Col  int          `json:"col"`
	Lane explain.Lane `json:"lane,omitempty"` // left out: the cached lane
}

// IsOp reports whether a viewer may look at an op of that name; "" is none.
func IsOp(id string) bool {
	op := explain.Find(id)
	return id == "" || op != nil && !op.Constant()
}

// Panels are the names that View.Show may hold: what a viewer has open, and
// how. Data for a panel travels only to a viewer who has it open.
var Panels = []string{
	"beams",                                                                                  // beams: every beam that has lived
	"choice",                                                                                 // choice: the ten likeliest tokens after every filter, and the cumulative line
	"formulas",                                                                               // letters: the values of the formulas' letters
	"heads",                                                                                  // heads: every head's attention
	"history", "history-kv", "history-read", "history-time", "history-step", "history-total", // the chart of the run; of what; summed up
	"roofline",                                      // modelled: the least time of a step, without the formulas
	"schedule",                                      // schedule: every pass of a batch
	"table",                                         // every digit of the matrices that else travel as pictures
	"rows", "rows-read", "rows-again", "rows-error", // provenance of the cache's rows; the picture as a heat of reads, of recomputations or of errors
}

// shows reports whether the viewer has a panel open.
func (p View) shows(panel string) bool { return slices.Contains(p.Show, panel) }

// Check refuses what no page sends: it names the field, and what it has.
func (p View) Check() (field, have string) {
	for i, name := range p.Show {
		if !slices.Contains(Panels, name) || slices.Contains(p.Show[:i], name) {
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
	for _, f := range []struct {
		name, have string
		most       int
	}{{"lesson", p.Lesson, MaxName}, {"beat", p.Beat, MaxName}, {"answers", p.Answers, MaxAnswers}} {
		if len(f.have) > f.most {
			return f.name, f.have
		}
	}
	if p.Cell != nil && len(p.Cell.Op) > MaxOp {
		return "cell", p.Cell.Op
	}
	if p.Cell != nil && !p.Cell.Lane.Known() {
		return "cell", string(p.Cell.Lane)
	}
	if _, _, _, _, ok := realSize(p.Real); p.Real != "" && !ok {
		return "real", p.Real
	}
	return "", ""
}

// Switches returns what this viewer counts by: their own choice, else the recipe's.
func (p View) Switches(r sim.Recipe) cost.Switches {
	sw := recipeSwitches(r)
	if p.Unit != "" {
		sw.Unit = p.Unit
	}
	if p.Pairs != "" {
		sw.Pairs = p.Pairs
	}
	if p.Logits != "" {
		sw.Logits = p.Logits
	}
	return sw
}

// recipeSwitches returns what the run itself counted by.
func recipeSwitches(r sim.Recipe) cost.Switches {
	return cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"}
}
