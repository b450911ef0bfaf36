package lens

import (
	"kvstep/sim"
	"kvstep/sim/sample"
)

// ChoiceInfo says how the token of a head step was chosen. What the table and
// the line need, options and the stages' probabilities, travels only to a
// viewer who has the panel open, in float32 digits: half the bytes.
type ChoiceInfo struct {
	Token   int          `json:"token"` // the sampler's; a person may have chosen another
	Label   string       `json:"label"`
	Prob    float64      `json:"prob"` // of the token in the last stage but greedy's
	Random  float64      `json:"random"`
	From    float64      `json:"from"` // the token's stretch of the cumulative line
	To      float64      `json:"to"`
	Forced  bool         `json:"forced"`
	Stages  []StageInfo  `json:"stages"`
	Options []OptionInfo `json:"options,omitempty"`
}

type StageInfo struct {
	Filter   string    `json:"filter"`
	Say      string    `json:"say,omitempty"`    // message choice.say.ID of what changed probabilities and dropped nothing, or all but one
	Scores   bool      `json:"scores,omitempty"` // it changed what tokens are ranked by: options have the logit before and after
	Possible int       `json:"possible"`
	Kept     float64   `json:"kept"`
	Probs    []float32 `json:"probs,omitempty"`
}

type OptionInfo struct {
	ID    int      `json:"id"`
	Label string   `json:"label"`
	From  float32  `json:"from"`
	To    float32  `json:"to"`
	Logit [2]Score `json:"logit,omitzero"` // before and after the penalty, where that changed it
}

// pickedChoice is how the sampler chose in the moment's step, nil where it did not.
func pickedChoice(m *Moment) *sim.Choice {
	if m.Step == nil {
		return nil
	}
	return m.Step.Choice()
}

func showChoice(m *Moment) *ChoiceInfo {
	c, open := pickedChoice(m), m.View.shows("choice")
	if c == nil {
		return nil
	}
	info := &ChoiceInfo{Token: c.Token, Random: c.Random, Forced: c.Token != m.Step.Token}
	last := c.Stages[len(c.Stages)-1]
	if last.Filter == sim.StageGreedy {
		last = c.Stages[len(c.Stages)-2]
	}
	for _, s := range c.Stages {
		stage := stageInfo(s, m.Recipe.Sampler)
		for _, p := range s.Probs {
			if open {
				stage.Probs = append(stage.Probs, float32(p))
			}
		}
		info.Stages = append(info.Stages, stage)
	}
	for i, o := range c.Options {
		label := m.Label(o.ID)
		if o.ID == c.Token {
			info.Label, info.Prob, info.From, info.To = label, last.Probs[i], o.From, o.To
		}
		if open {
			option := OptionInfo{ID: o.ID, Label: label, From: float32(o.From), To: float32(o.To)}
			if o.Score != float64(o.Logit) {
				option.Logit = [2]Score{Score(o.Logit), Score(o.Score)}
			}
			info.Options = append(info.Options, option)
		}
	}
	return info
}

// stageInfo is a stage without its probabilities, under a sampler.
func stageInfo(s sim.Stage, sampler sim.Sampler) StageInfo {
	info := StageInfo{Filter: s.Filter, Possible: s.Possible, Kept: s.Kept}
	if f := sample.Find(s.Filter); f != nil && f.Rescore != nil {
		info.Say, info.Scores = f.Say(f.In(&sampler).Get()), f.ChangesScores()
	} else if s.Filter == sim.StageGreedy {
		info.Say = s.Filter
	}
	return info
}
