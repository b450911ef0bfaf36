package lens

import (
	"kvstep/sim"
)

// stepLens is the step at the cursor; null before the first.
var stepLens = Lens{Name: "step", Of: OfRun, Null: true, Show: value(showStep)}

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
	// First is where in this pass the lanes differed first, in the order of layers and ops; left out where they have not.
	First *DifferInfo `json:"first,omitempty"`
	// Compared is in how many tokens of the sequence the lanes were compared, where the uncached
	// lane waits by now (recipe.lanes): it is counted, and identical says nothing of this step.
	Compared        *int    `json:"compared,omitempty"`
	Differed        bool    `json:"differed,omitempty"` // and some op of them differed
	RunFinishReason *string `json:"done"`               // why the run ends with this step
}

func showStep(m *Moment) *StepInfo {
	s := m.Step
	if s == nil {
		return nil
	}
	info := &StepInfo{s.N, s.Pass, s.Phase, s.Part, nil, s.Rows, s.Cached, 0, s.Identical, s.Differs, firstDiffer(m), nil, false, orNull(s.RunFinishReason)}
	if s.Waits() {
		info.Compared, info.Differed = &s.Compared, s.Differed
	}
	if s.Part == sim.LayerPart {
		info.Layer = &s.Layer
		info.Masked = s.Rows * (s.Rows - 1) / 2 // of each row the later ones
	}
	return info
}
