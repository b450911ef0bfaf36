package lens

import (
	"kvstep/sim"
	"kvstep/sim/sample"
)

// topLens is the ten likeliest tokens of a head step, highest first; else null.
var topLens = Lens{Name: "top", Of: OfRun, Null: true, Show: value(showTop)}

// Candidate is one of the ten likeliest tokens.
type Candidate struct {
	ID     int     `json:"id"`
	Label  string  `json:"label"`
	Logit  float32 `json:"logit"`
	Prob   float32 `json:"prob"`            // the plain softmax
	Drawn  Score   `json:"drawn,omitempty"` // in the distribution that the token was chosen from, where filters made that another one
	Kept   bool    `json:"kept"`            // the filters left it possible
	Chosen bool    `json:"chosen"`
}

// showTop returns nil at any other step.
func showTop(m *Moment) []Candidate {
	if m.Step == nil || m.Step.Part != sim.HeadPart {
		return nil
	}
	likeliest := m.Step.Top()
	top := make([]Candidate, len(likeliest))
	filters := sample.Changes(m.Recipe.Sampler)
	for i, c := range likeliest {
		label := m.Label(c.ID)
		top[i] = Candidate{ID: c.ID, Label: label, Logit: c.Logit, Prob: c.Prob, Kept: c.Kept, Chosen: c.ID == m.Step.Token}
		if filters {
			top[i].Drawn = Score(c.Drawn)
		}
	}
	return top
}
