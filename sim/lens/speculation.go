package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// SpeculationInfo is speculative decoding at the cursor: what the draft proposed
// in this pass and what became of it, and how it has gone so far.
type SpeculationInfo struct {
	Draft    string        `json:"draft"`
	Propose  int           `json:"propose"`
	Proposed Tokens        `json:"proposed,omitempty"` // the last rows of this pass: [id, label]
	Verdicts []VerdictInfo `json:"verdicts,omitempty"` // head only, of each that was tested
	Stays    int           `json:"stays"`              // head only: proposals whose rows stay in the cache
	Left     Integer       `json:"left,omitempty"`     // head only: bytes of the rows that leave it again
	Random   float64       `json:"random"`             // head only: the number that chose the token after them
	Token    *Token        `json:"token,omitempty"`    // head only: that token
	Draws    string        `json:"draws,omitempty"`    // head only: what it came from, one of the draws
	Flops    Integer       `json:"flops,omitempty"`    // of the draft, for this pass
	SoFar    SoFarInfo     `json:"so_far"`
	Kept     []int         `json:"kept"` // by decode pass, recorded ones: rows that stay, each of one token of the text
}

// VerdictInfo has float32 digits: half the bytes, and more than is shown.
type VerdictInfo struct {
	P        float32 `json:"p"`
	Q        float32 `json:"q"`
	Random   float32 `json:"random"`
	Accepted bool    `json:"accepted"`
}

// Where the token after the proposals comes from.
const (
	drawsModel    = "model"    // all were accepted: from the model's distribution
	drawsRest     = "rest"     // one was rejected: from max(0, p - q)
	drawsPerson   = "person"   // a person chose another
	drawsProposal = "proposal" // it is a proposal, which ended the text
)

// showSpeculation is nil in a run without a draft.
func showSpeculation(m *Moment) *SpeculationInfo {
	if m.Recipe.Draft == "" {
		return nil
	}
	info := &SpeculationInfo{Draft: m.Recipe.Draft, Propose: m.Recipe.Propose, Kept: []int{}}
	if m.At != nil {
		for n := 2*m.perPass() - 1; n < m.Recorded; n += m.perPass() {
			info.Kept = append(info.Kept, m.At(n).Committed())
		}
	}
	if m.Step == nil {
		return info
	}
	info.SoFar = speculationSoFar(m)
	x := m.Step.Speculation
	if x == nil {
		return info
	}
	info.Proposed = m.Labelled(x.Proposed)
	info.Flops = Integer(cost.Headline(x.Cost, m.switches()))
	if m.Step.Part != sim.HeadPart {
		return info
	}
	info.Stays, info.Random, info.Draws = x.Accepted, x.Random, drawsModel
	token := m.Labelled([]int{m.Step.Token})[0]
	info.Token = &token
	for _, v := range x.Verdicts {
		info.Verdicts = append(info.Verdicts, VerdictInfo{float32(v.P), float32(v.Q), float32(v.Random), v.Accepted})
		if !v.Accepted {
			info.Draws = drawsRest
		}
	}
	for _, f := range m.Recipe.Forced {
		if f.Pass == m.Step.Pass {
			info.Draws = drawsPerson
		}
	}
	if x.Accepted < len(x.Verdicts) && x.Verdicts[x.Accepted].Accepted { // it ended the text: nothing came after it
		info.Draws = drawsProposal
	}
	left := m.Step.Rows - m.Step.Committed()
	if !m.Step.Ran[sim.Cached] {
		return info // there is no cache that they could leave
	}
	info.Left = Integer(int64(left) * ((m.spec().TokenBits(m.Recipe.Cache) + 7) / 8))
	return info
}
