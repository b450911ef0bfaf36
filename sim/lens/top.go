package lens

import (
	"kvstep/sim"
)

type candidate struct {
	ID     int     `json:"id"`
	Label  string  `json:"label"`
	Logit  float32 `json:"logit"`
	Prob   float32 `json:"prob"`
	Kept   bool    `json:"kept"`
	Chosen bool    `json:"chosen"`
}

func ShowTop(m *Moment) []candidate {
	if m.Step == nil || m.Step.Part != sim.HeadPart {
		return nil
	}
	likeliest := m.Step.Top()
	top := make([]candidate, len(likeliest))
	for i, c := range likeliest {
		label := m.Label(c.ID)
		top[i] = candidate{c.ID, label, c.Logit, c.Prob, c.Kept, c.ID == m.Step.Token}
	}
	return top
}
