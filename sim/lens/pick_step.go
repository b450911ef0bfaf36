package lens

import (
	"kvstep/sim"
)

type PassInfo struct {
	Rows   int       `json:"rows"`
	Cached int       `json:"cached"`
	Pass   int       `json:"pass"`
	Phase  sim.Phase `json:"phase"`
	// Proposed are the last rows of a pass before the cursor's, where a draft
	// proposed them; speculation tells those of the cursor's.
	Proposed Tokens `json:"proposed,omitempty"`
}

func showPickStep(m *Moment) PassInfo {
	s := m.From
	info := PassInfo{Rows: s.Rows, Cached: s.Cached, Pass: s.Pass, Phase: s.Phase}
	if s.Speculation != nil && s.Pass != m.Step.Pass {
		info.Proposed = m.Labelled(s.Speculation.Proposed)
	}
	return info
}
