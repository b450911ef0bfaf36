package lens

import (
	"kvstep/sim"
	"kvstep/sim/model"
)

// stepLens is the step at the cursor; null before the first.
var stepLens = Lens{Name: "step", Null: true, Show: value(showStep)}

// StepInfo is the step at the cursor, as kvstep trace tells it.
type StepInfo struct {
	N         int       `json:"n"`
	Pass      int       `json:"pass"`
	Phase     sim.Phase `json:"phase"`
	Part      sim.Part  `json:"part"`
	Layer     *int      `json:"layer"`     // null for the head
	Rows      int       `json:"rows"`      // new rows of the cached lane
	Cached    int       `json:"cached"`    // tokens that were in its cache before
	Masked    int       `json:"masked"`    // pairs that the mask of this step forbids
	Identical bool      `json:"identical"` // the lanes agree bit for bit
	Differs   string    `json:"differs"`   // the first op in which they do not
	// Compared is in how many tokens of the sequence the lanes were compared, where the uncached
	// lane waits by now (recipe.lanes): it is counted, and identical says nothing of this step.
	Compared        *int    `json:"compared,omitempty"`
	RunFinishReason *string `json:"done"` // why the run ends with this step
}

func showStep(m *Moment) *StepInfo {
	s := m.Step
	if s == nil {
		return nil
	}
	info := &StepInfo{s.N, s.Pass, s.Phase, s.Part, nil, s.Rows, s.Cached, 0, s.Identical, s.Differs, nil, orNull(s.RunFinishReason)}
	if s.Waits() {
		info.Compared = &s.Compared
	}
	if s.Part == sim.LayerPart {
		info.Layer = &s.Layer
		info.Masked = masked(s)
	}
	return info
}

// masked counts the pairs of a step that the mask forbids.
func masked(s *sim.Step) (n int) {
	for i := range s.Rows {
		for j := range s.Cached + s.Rows {
			if model.Masked(s.Cached, i, j) {
				n++
			}
		}
	}
	return n
}
