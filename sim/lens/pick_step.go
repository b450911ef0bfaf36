package lens

import (
	"kvstep/sim"
)

// pickStepLens is the step that the matrices come from.
var pickStepLens = Lens{Name: "pick_step", Of: OfHead, Needs: []Need{matrices}, Show: value(showPickStep)}

// PickStepInfo is the step that the matrices come from. tokens[0 .. cached+rows) are its
// keys and the last rows of them its queries. The last of these rows may be a draft's
// proposals, which tokens has only as long as they stay: they are speculation.proposed,
// or, of a pass before the cursor's, proposed here.
type PickStepInfo struct {
	Rows     int       `json:"rows"`
	Cached   int       `json:"cached"`
	Pass     int       `json:"pass"`
	Phase    sim.Phase `json:"phase"`
	Proposed Tokens    `json:"proposed,omitempty"`
}

func showPickStep(m *Moment) PickStepInfo {
	s := m.From
	info := PickStepInfo{Rows: s.Rows, Cached: s.Cached, Pass: s.Pass, Phase: s.Phase}
	if s.Speculation != nil && s.Pass != m.Step.Pass {
		info.Proposed = m.Labelled(s.Speculation.Proposed)
	}
	return info
}
