package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// speculationLens is speculative decoding at the cursor.
var speculationLens = Lens{Name: "speculation", Of: OfCounts, Needs: []Need{aDraft}, Show: value(showSpeculation)}

// SpeculationInfo is speculative decoding at the cursor: what the draft proposed in this
// pass and what became of it, and how it has gone so far.
type SpeculationInfo struct {
	Draft    string        `json:"draft"`
	Propose  int           `json:"propose"`
	Proposed Tokens        `json:"proposed,omitempty"` // the last rows of this pass
	Verdicts []VerdictInfo `json:"verdicts,omitempty"` // head only, of each that was tested
	Stays    int           `json:"stays"`              // head only: rows of proposals that stay in the cache
	Left     Integer       `json:"left,omitempty"`     // head only: bytes of the rows that leave it after this step
	Random   float64       `json:"random"`             // head only: the number that chose the token after them
	Token    *Token        `json:"token,omitempty"`    // head only: what the model added itself
	// Draws is what that token came from: model (its own distribution), rest (max(0, p - q),
	// after a rejection), person (a person chose it) or proposal (nothing was drawn: that
	// proposal ended the text).
	Draws string    `json:"draws,omitempty"`
	Flops Integer   `json:"flops,omitempty"` // what the draft paid for this pass
	SoFar SoFarInfo `json:"so_far"`
	Kept  []int     `json:"kept"` // of every recorded decode pass, how many of its rows stay
}

// staysKey names the rows of each pass that stay.
type staysKey struct{}

// VerdictInfo has float32 digits: half the bytes, and more than is shown.
type VerdictInfo struct {
	P        Score   `json:"p"` // its probability in the target's distribution
	Q        Score   `json:"q"` // and in the draft's
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

func showSpeculation(m *Moment) *SpeculationInfo {
	info := &SpeculationInfo{Draft: m.Recipe.Draft, Propose: m.Recipe.Propose, Kept: []int{}}
	if m.At != nil && m.Recorded > m.perPass() {
		info.Kept = append(info.Kept, perPass(m.kept(), staysKey{}, m.Recorded/m.perPass(), func(pass int, _ []int) int {
			return m.At((pass+1)*m.perPass() - 1).Committed()
		})[1:]...)
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
		info.Verdicts = append(info.Verdicts, VerdictInfo{Score(v.P), Score(v.Q), float32(v.Random), v.Accepted})
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
	if !m.Step.Counted[sim.Cached] {
		return info // there is no cache that they could leave
	}
	info.Left = Integer(int64(left) * ((m.spec().TokenBits(m.Recipe.Cache) + 7) / 8))
	return info
}
