package wire

import "kvstep/sim"

// choiceInfo says how the token of a head step was chosen. What the tables and
// the line need, options and the stages' probabilities, travels only to a
// viewer who has the panel open.
type choiceInfo struct {
	Token   int          `json:"token"` // the sampler's; a person may have chosen another
	Label   string       `json:"label"`
	Prob    float64      `json:"prob"` // of the token in the last stage but greedy's
	Random  float64      `json:"random"`
	From    float64      `json:"from"` // the token's stretch of the cumulative line
	To      float64      `json:"to"`
	Forced  bool         `json:"forced"`
	Stages  []sim.Stage  `json:"stages"`
	Options []optionInfo `json:"options,omitempty"`
}

type optionInfo struct {
	sim.Option
	Label string `json:"label"`
}

func (m *Moment) choice() *choiceInfo {
	if m.Step == nil || m.Step.Choice == nil {
		return nil
	}
	c, open := m.Step.Choice, m.Link.Pick.shows("choice")
	info := &choiceInfo{Token: c.Token, Random: c.Random, Forced: c.Token != m.Step.Token}
	last := c.Stages[len(c.Stages)-1]
	if last.Filter == sim.StageGreedy {
		last = c.Stages[len(c.Stages)-2]
	}
	for _, s := range c.Stages {
		if !open {
			s.Probs = nil
		}
		info.Stages = append(info.Stages, s)
	}
	for i, o := range c.Options {
		label := m.labelled([]int{o.ID})[0][1].(string)
		if o.ID == c.Token {
			info.Label, info.Prob, info.From, info.To = label, last.Probs[i], o.From, o.To
		}
		if open {
			info.Options = append(info.Options, optionInfo{o, label})
		}
	}
	return info
}
