package lens

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// EffectInfo is what the policy did to the latest logits, up to the cursor.
type EffectInfo struct {
	Pass     int     `json:"pass"`
	MaxDelta float32 `json:"max_delta"`
	KL       float64 `json:"kl"`
	Token    int     `json:"token"` // the same choice from the exact logits
	Label    string  `json:"label"`
	Chosen   int     `json:"chosen"`  // what the sampler chose from those of the policy
	Changed  *int    `json:"changed"` // number of the first choice of the run that differs, from 0
}

func showEffect(m *Moment) *EffectInfo {
	if m.Step == nil || kv.TraitsOf(m.Recipe.Cache).Exact {
		return nil
	}
	var s *sim.Step // the latest of its head steps that chose
	for at := (m.Step.N+1)/m.perPass()*m.perPass() - 1; at >= 0 && (s == nil || s.Effect == nil); at -= m.perPass() {
		s = m.own(at)
	}
	if s == nil || s.Effect == nil {
		return nil
	}
	e := s.Effect
	info := &EffectInfo{s.Pass, e.MaxDelta, e.KL, e.Token, m.Label(e.Token), s.Token, e.Changed}
	if c := s.Choice(); c != nil { // a person may have chosen another
		info.Chosen = c.Token
	}
	return info
}
