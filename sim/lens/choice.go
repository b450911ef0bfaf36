package lens

import (
	"kvstep/sim"
	"kvstep/sim/sample"
)

// choiceLens is how the sampler came to its token.
var choiceLens = Lens{Name: "choice", Of: OfCounts, Needs: []Need{aChoice}, Show: value(showChoice)}

// ChoiceInfo is how the token of a head step was chosen. What the table and the line need,
// options and the stages' probabilities, is there only with the panel open, in float32
// digits: half the bytes.
type ChoiceInfo struct {
	Token   int          `json:"token"` // the sampler's; a person may have chosen another
	Label   string       `json:"label"`
	Prob    float64      `json:"prob"`   // of the token after all filters
	Random  float64      `json:"random"` // where the draw falls on the cumulative line
	From    float64      `json:"from"`   // the token's stretch of that line
	To      float64      `json:"to"`
	Forced  bool         `json:"forced"`            // a person chose another token
	Stages  []StageInfo  `json:"stages"`            // softmax, then every filter that is on
	Options []OptionInfo `json:"options,omitempty"` // the highest scores, with the panel choice open
}

// StageInfo is the distribution after a filter.
type StageInfo struct {
	Filter   string  `json:"filter"`           // by its name in kvstep trace
	Say      string  `json:"say,omitempty"`    // message choice.say.ID of a stage that drops nothing (or, greedy, all but one token)
	Scores   bool    `json:"scores,omitempty"` // it changed what tokens are ranked by
	Possible int     `json:"possible"`         // tokens with a probability above 0
	Kept     float64 `json:"kept"`             // share of the probability before that those had
	Probs    []Score `json:"probs,omitempty"`  // of the options, with the panel choice open
}

// OptionInfo is a token that could be chosen.
type OptionInfo struct {
	ID    int      `json:"id"`
	Label string   `json:"label"`
	From  float32  `json:"from"` // its stretch of the cumulative line
	To    float32  `json:"to"`
	Logit [2]Score `json:"logit,omitzero" names:"before,after"` // before and after the repetition penalty, where that changed it
}

func showChoice(m *Moment) *ChoiceInfo {
	c, open := m.Step.Choice(), m.View.shows("choice")
	info := &ChoiceInfo{Token: c.Token, Random: c.Random, Forced: c.Token != m.Step.Token}
	last := c.Stages[len(c.Stages)-1]
	if last.Filter == sim.StageGreedy {
		last = c.Stages[len(c.Stages)-2]
	}
	for _, s := range c.Stages {
		stage := describeStage(s, m.Recipe.Sampler)
		for _, p := range s.Probs {
			if open {
				stage.Probs = append(stage.Probs, Score(p))
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

// describeStage returns a stage without its probabilities, under a sampler.
func describeStage(s sim.Stage, sampler sim.Sampler) StageInfo {
	info := StageInfo{Filter: s.Filter, Possible: s.Possible, Kept: s.Kept}
	if f := sample.Find(s.Filter); f != nil && f.Rescore != nil {
		info.Say, info.Scores = f.Say(f.In(&sampler).Get()), f.ChangesScores()
	} else if s.Filter == sim.StageGreedy {
		info.Say = s.Filter
	}
	return info
}
