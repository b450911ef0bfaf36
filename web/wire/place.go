package wire

import "kvstep/sim"

// Place puts the moment at step n of a run (-1: before the first), as the viewer
// of the sequence Link.Pick.Seq sees it. What came before in a beam search are
// the steps of the texts that this one continues.
func (m *Moment) Place(n int, step func(n int) *sim.Step) {
	seq := m.Link.Pick.Seq
	if n >= 0 { // where the pass has no such sequence it is another one's, all along
		seq = step(n).ForSequence(seq).Seq
	}
	m.At = func(n int) *sim.Step { return step(n).ForSequence(seq) }
	if n < 0 {
		if m.Recipe.Batch != nil {
			m.Prompt = len(m.asked())
		}
		return
	}
	if step(n).Beams != nil || m.Recipe.Sampler.Kind == "beam" {
		line := m.lineage(n, step)
		m.At = func(n int) *sim.Step { return step(n).ForSequence(line[n/m.perPass()]) }
	}
	m.Step = m.At(n)
	m.Prompt = m.Step.Prompt
	for i := n; i >= 0; i-- { // what it has said when it last said something
		if s := m.own(i); s != nil && s.Part == sim.HeadPart {
			m.Text = s.GeneratedText
			break
		}
	}
	for source := m.Source(); n >= 0 && m.From == nil; n-- {
		if s := m.own(n); s != nil && s.Layer == source && s.KV != nil {
			m.From = s
		}
	}
}

// perPass is the steps of a pass.
func (m *Moment) perPass() int { return m.Model.Model.Config.Layers + 1 }

// lineage is, by pass, the beam that the picked one continues.
func (m *Moment) lineage(n int, step func(n int) *sim.Step) []int {
	pass := n / m.perPass()
	line := make([]int, pass+1)
	line[pass] = step(n).ForSequence(m.Link.Pick.Seq).Seq
	for ; pass > 0; pass-- {
		if b := step(pass*m.perPass() - 1).Beams; b != nil && line[pass] < len(b.Live) {
			line[pass-1] = b.Live[line[pass]].Parent
		}
	}
	return line
}

// last is the sequence's step before the cursor's, in whichever pass had it; nil: none.
func (m *Moment) last() *sim.Step {
	for n := m.Step.N - 1; n >= 0; n-- {
		if s := m.own(n); s != nil {
			return s
		}
	}
	return nil
}

// own is step n if it is of the sequence that is looked at; nil where the pass
// does not have it.
func (m *Moment) own(n int) *sim.Step {
	if s := m.At(n); m.Recipe.Batch == nil || s.Seq == m.Step.Seq {
		return s
	}
	return nil
}
