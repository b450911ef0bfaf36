package wire

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// speculationInfo is speculative decoding at the cursor: what the draft proposed
// in this pass and what became of it, and how it has gone so far.
type speculationInfo struct {
	Draft    string        `json:"draft"`
	Propose  int           `json:"propose"`
	Proposed [][2]any      `json:"proposed,omitempty"` // the last rows of this pass: [id, label]
	Verdicts []verdictInfo `json:"verdicts,omitempty"` // head only, of each that was tested
	Stays    int           `json:"stays"`              // head only: proposals whose rows stay in the cache
	Left     integer       `json:"left,omitempty"`     // head only: bytes of the rows that leave it again
	Random   float64       `json:"random"`             // head only: the number that chose the token after them
	Token    *[2]any       `json:"token,omitempty"`    // head only: that token
	Draws    string        `json:"draws,omitempty"`    // head only: what it came from, one of the draws
	Flops    integer       `json:"flops,omitempty"`    // of the draft, for this pass
	SoFar    soFarInfo     `json:"so_far"`
	Kept     []int         `json:"kept"` // by decode pass, recorded ones: rows that stay, each of one token of the text
}

// verdictInfo has float32 digits: half the bytes, and more than is shown.
type verdictInfo struct {
	P        float32 `json:"p"`
	Q        float32 `json:"q"`
	Random   float32 `json:"random"`
	Accepted bool    `json:"accepted"`
}

// soFarInfo sums the decode passes up to the cursor whose head has run.
type soFarInfo struct {
	Passes   int     `json:"passes"`   // of the model
	Tokens   int     `json:"tokens"`   // that they gave
	Proposed int     `json:"proposed"` // by the draft
	Tested   int     `json:"tested"`   // of those, none after a rejection
	Accepted int     `json:"accepted"` // of those
	Expected float64 `json:"expected"` // tokens of a pass, by formula at the measured acceptance; 0 before anything was tested
	Draft    integer `json:"draft"`    // FLOPs of the draft
	Rejected integer `json:"rejected"` // FLOPs of the model for rows that were computed for nothing, cached lane if it runs
	Model    integer `json:"model"`    // all FLOPs of the model in those passes, of that lane
}

// Where the token after the proposals comes from.
const (
	drawsModel    = "model"    // all were accepted: from the model's distribution
	drawsRest     = "rest"     // one was rejected: from max(0, p - q)
	drawsPerson   = "person"   // a person chose another
	drawsProposal = "proposal" // it is a proposal, which ended the text
)

// speculation is nil in a run without a draft.
func (m *Moment) speculation() *speculationInfo {
	if m.Recipe.Draft == "" {
		return nil
	}
	info := &speculationInfo{Draft: m.Recipe.Draft, Propose: m.Recipe.Propose, Kept: []int{}}
	if m.At != nil {
		for n := 2*m.perPass() - 1; n < m.Recorded; n += m.perPass() {
			info.Kept = append(info.Kept, m.At(n).Committed())
		}
	}
	if m.Step == nil {
		return info
	}
	info.SoFar = m.soFar()
	x := m.Step.Speculation
	if x == nil {
		return info
	}
	info.Proposed = m.labelled(x.Proposed)
	info.Flops = integer(cost.Headline(x.Cost, m.Link.switches()))
	if m.Step.Part != sim.HeadPart {
		return info
	}
	info.Stays, info.Random, info.Draws = x.Accepted, x.Random, drawsModel
	token := m.labelled([]int{m.Step.Token})[0]
	info.Token = &token
	for _, v := range x.Verdicts {
		info.Verdicts = append(info.Verdicts, verdictInfo{float32(v.P), float32(v.Q), float32(v.Random), v.Accepted})
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
	info.Left = integer(int64(left) * ((m.spec().TokenBits(m.Recipe.Cache) + 7) / 8))
	return info
}

func (m *Moment) soFar() (s soFarInfo) {
	sw, perPass, lane := m.Link.switches(), m.perPass(), sim.Cached
	if !m.Step.Ran[lane] {
		lane = sim.Uncached
	}
	for n := 2*perPass - 1; n <= m.Step.N; n += perPass {
		head := m.At(n)
		s.Passes++
		s.Tokens += len(head.NewTokens())
		x := head.Speculation
		if x != nil {
			s.Proposed += len(x.Proposed)
			s.Tested += len(x.Verdicts)
			for _, v := range x.Verdicts {
				if v.Accepted {
					s.Accepted++
				}
			}
			s.Draft = integer(cost.Headline(x.Total, sw))
		}
		for i := n - perPass + 1; i <= n; i++ {
			s.Model += integer(cost.Headline(m.recount(m.At(i), lane), sw))
		}
		if x != nil && head.Committed() < head.Rows { // all layers multiply alike
			s.Rejected += integer(int64(perPass-1)*m.wasted(m.At(n-1), head, lane) + m.wasted(head, head, lane))
		}
	}
	if s.Tested > 0 {
		s.Expected = cost.Speculation{Guesses: m.Recipe.Propose, Accept: float64(s.Accepted) / float64(s.Tested)}.Tokens()
	}
	return s
}

// wasted are the FLOPs of a step for rows that its pass computes for nothing.
func (m *Moment) wasted(s, head *sim.Step, lane sim.Lane) int64 {
	sw := m.Link.switches()
	return cost.Headline(m.count(s, lane, sw), sw) - cost.Headline(m.count(unwasted(s, head), lane, sw), sw)
}

// unwasted is a step as it would have been without the rows that its pass has
// computed for nothing: they are the last, and no other row reads them.
func unwasted(s, head *sim.Step) *sim.Step {
	c, x := *s, *s.Speculation
	c.Rows = head.Committed()
	x.Proposed = x.Proposed[:len(x.Proposed)-(head.Rows-head.Committed())]
	c.Speculation = &x
	return &c
}
