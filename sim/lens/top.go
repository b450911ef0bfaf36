package lens

import (
	"kvstep/sim"
)

// topLens is the ten likeliest tokens of a head step, highest first; else null.
var topLens = Lens{Name: "top", Of: OfRun, Null: true, Show: value(showTop)}

// Candidate is one of the ten likeliest tokens.
type Candidate struct {
	ID     int     `json:"id"`
	Label  string  `json:"label"`
	Logit  float32 `json:"logit"`
	Prob   float32 `json:"prob"` // the plain softmax
	Kept   bool    `json:"kept"` // the filters left it possible
	Chosen bool    `json:"chosen"`
}

// showTop returns nil at any other step.
func showTop(m *Moment) []Candidate {
	if m.Step == nil || m.Step.Part != sim.HeadPart {
		return nil
	}
	likeliest := m.Step.Top()
	top := make([]Candidate, len(likeliest))
	for i, c := range likeliest {
		label := m.Label(c.ID)
		top[i] = Candidate{c.ID, label, c.Logit, c.Prob, c.Kept, c.ID == m.Step.Token}
	}
	return top
}
