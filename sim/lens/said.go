package lens

import (
	"kvstep/sim"
)

// everyone returns all sequences of a step's pass.
func everyone(s *sim.Step) []*sim.Step {
	if len(s.PassSteps) == 0 {
		return []*sim.Step{s}
	}
	return s.PassSteps
}

// saidOf returns what a sequence of the pass has generated so far.
func saidOf(m *Moment, p *sim.Step) string {
	if p.Part == sim.HeadPart && p.Beams == nil {
		return p.GeneratedText
	}
	if m.Recipe.Batch == nil {
		if b := beamsBefore(m, p); b != nil && p.Seq < len(b.Live) {
			return b.Live[p.Seq].Text
		}
		return ""
	}
	return saidBy(m, p.Seq)
}

// saidBy returns what a request has generated so far, whether or not this pass has it.
func saidBy(m *Moment, seq int) string {
	if m.Step.Part == sim.HeadPart {
		if p := m.Step.ForSequence(seq); p.Seq == seq {
			return p.GeneratedText
		}
	}
	return running(m.kept(), saidKey{seq}, m.Step.Pass, func(pass int, text string) string {
		_, head := m.stepsOf(pass)
		if p := m.At(head).ForSequence(seq); p.Seq == seq {
			return p.GeneratedText
		}
		return text
	})
}

// saidKey names what a request had generated after each pass.
type saidKey struct{ seq int }

// headBefore returns the number of the head step of the pass before that of s; negative: none.
func headBefore(m *Moment, s *sim.Step) int { return s.Pass*m.perPass() - 1 }

// beamsBefore returns the beams that the pass of a step continues.
func beamsBefore(m *Moment, s *sim.Step) *sim.Beams {
	if at := headBefore(m, s); at >= 0 {
		return m.At(at).Beams
	}
	return nil
}
