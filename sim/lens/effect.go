package lens

import (
	"kvstep/sim"
)

// effectLens is what the policy did to the latest choice up to the cursor.
var effectLens = Lens{Name: "effect", Of: OfRun, Needs: []Need{anEffect}, Show: value(showEffect)}

// EffectInfo is what the policy did to the latest logits, up to the cursor.
type EffectInfo struct {
	Pass     int     `json:"pass"`
	MaxDelta float32 `json:"max_delta"` // largest difference of a logit
	KL       float64 `json:"kl"`        // of the next-token distribution from the exact one, in nats
	Token    int     `json:"token"`     // the same choice from the exact logits
	Label    string  `json:"label"`     // of that token
	Changed  *int    `json:"changed"`   // number of the first choice of the run that differs, from 0
}

func showEffect(m *Moment) *EffectInfo {
	s := lastEffect(m)
	e := s.Effect
	return &EffectInfo{s.Pass, e.MaxDelta, e.KL, e.Token, m.Label(e.Token), e.Changed}
}

// lastEffect returns the latest head step of the sequence that chose under an effect, nil: none.
func lastEffect(m *Moment) *sim.Step {
	if m.Step.Effect != nil {
		return m.Step
	}
	pass := running(m.kept(), effectKey{m.Step.Seq}, m.Step.Pass, func(pass, before int) int {
		_, head := m.stepsOf(pass)
		if s := m.stepOfPick(head); s != nil && s.Effect != nil {
			return pass + 1
		}
		return before
	})
	if pass == 0 {
		return nil
	}
	_, head := m.stepsOf(pass - 1)
	return m.At(head)
}

// effectKey names, for each pass, how many passes there were up to a sequence's latest choice under an effect.
type effectKey struct{ seq int }
