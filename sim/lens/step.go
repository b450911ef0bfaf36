package lens

import (
	"kvstep/sim"
	"kvstep/sim/model"
)

type StepInfo struct {
	N         int       `json:"n"`
	Pass      int       `json:"pass"`
	Phase     sim.Phase `json:"phase"`
	Part      sim.Part  `json:"part"`
	Layer     *int      `json:"layer"`
	Rows      int       `json:"rows"`
	Cached    int       `json:"cached"`
	Masked    int       `json:"masked"`
	Identical bool      `json:"identical"`
	Differs   string    `json:"differs"`
	Done      *string   `json:"done"`
}

func showStep(m *Moment) *StepInfo {
	s := m.Step
	if s == nil {
		return nil
	}
	info := &StepInfo{s.N, s.Pass, s.Phase, s.Part, nil, s.Rows, s.Cached, 0, s.Identical, s.Differs, orNull(s.RunFinishReason)}
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
