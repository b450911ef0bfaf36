package sim

// Speculation is what speculative decoding did in one decode pass: a draft model
// proposed tokens one by one, the pass computed all of them at once, and the
// head kept those that the target model agrees with (Leviathan et al. 2022).
type Speculation struct {
	Proposed []int     `json:"proposed"` // the draft's tokens; they are the last rows of the pass
	Verdicts []Verdict `json:"verdicts"` // head only: of each proposal that was tested
	Accepted int       `json:"accepted"` // head only: how many stay; the rest is taken out of the cache again
	Random   float64   `json:"random"`   // head only: the number that chose the token after them

	Cost  Counters `json:"cost"`  // what the draft model paid for this pass's proposals
	Total Counters `json:"total"` // the same, of all passes up to this one
}

// Verdict is the test of one proposed token.
type Verdict struct {
	Token    int     `json:"token"`
	P        float64 `json:"p"`      // its probability in the target's distribution
	Q        float64 `json:"q"`      // and in the draft's
	Random   float64 `json:"random"` // the number in [0, 1) that decided
	Accepted bool    `json:"accepted"`
}

// ForSequence returns the step of one sequence of the pass, or s where the pass does not
// have it.
func (s *Step) ForSequence(seq int) *Step {
	for _, p := range s.PassSteps {
		if p.Seq == seq {
			return p
		}
	}
	return s
}

// Committed returns how many of the tokens fed in the pass of a step stay: all of them,
// but for proposals that were rejected.
func (s *Step) Committed() int {
	if s.Speculation != nil && s.Part == HeadPart {
		return s.Rows - len(s.Speculation.Proposed) + s.Speculation.Accepted
	}
	return s.Rows
}

// NewTokens returns the ids that a head step adds to the text, in order.
func (s *Step) NewTokens() []int {
	if s.Part != HeadPart || s.Token < 0 {
		return nil
	}
	var ids []int
	if s.Speculation != nil {
		ids = append(ids, s.Speculation.Proposed[:s.Speculation.Accepted]...)
	}
	return append(ids, s.Token)
}

// SequenceTokens returns the ids of the text after a step: those fed that stay, and what
// was chosen.
func (s *Step) SequenceTokens() []int {
	ids := s.Tokens[: s.Cached+s.Committed() : s.Cached+s.Committed()]
	if s.Part == HeadPart && s.Token >= 0 {
		ids = append(ids, s.Token)
	}
	return ids
}
