package run

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
)

// plain decodes one token of each sequence in a pass: the sampler's.
type plain struct{ e *engine }

func (plain) width() int              { return 1 }
func (plain) proposals() int          { return 0 }
func (plain) propose(*sequence) error { return nil }
func (plain) resume([]sim.Step)       {}

func (d plain) decide(steps []*sim.Step, logits [][2]mat.Matrix) error {
	return d.e.decideEach(steps, logits, d)
}

// choose lets the sampler choose by the only row of logits.
func (d plain) choose(q *sequence, s *sim.Step, logits mat.Matrix) (row int, err error) {
	out, err := d.e.describe(q, s, 0, logits)
	if err != nil {
		return 0, err
	}
	s.Token, out.sampled = out.picked.Token, true
	return 0, nil
}

// instead lets the same random number fall on the distribution of other logits.
func (d plain) instead(q *sequence, s *sim.Step, row int, past []int, logits []float32) (int, error) {
	other, err := sample.Pick(logits, d.e.recipe.Sampler, uint64(q.number(s, row)), past, nil)
	if err != nil {
		return 0, err
	}
	return other.Token, nil
}
