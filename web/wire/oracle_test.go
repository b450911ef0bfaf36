package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/mat"
)

// adds: what a ledger says of all steps, by a formula where there is one, is what its steps add up to.
func (v *viewer) adds(m *Frame) error {
	for lane := range 2 {
		if m.Step == nil || !m.Step.Ran[lane] {
			continue
		}
		var sum sim.Counters
		for n := range m.Step.N + 1 {
			sum = cost.Add(sum, lens.Recount(&m.Moment, m.At(n), sim.Lane(lane)))
		}
		if total := lens.Recounted(&m.Moment, m.Step, sim.Lane(lane)); total.Flops != sum.Flops || total.Elementwise != sum.Elementwise || total.WeightBytes != sum.WeightBytes {
			return fmt.Errorf("lane %d: a total of %+v, the steps add up to %+v", lane, total, sum)
		}
	}
	return nil
}

// keepsToOne: what a frame says of the cache and of choices is of the sequence that it
// shows, whoever else has been in the passes before.
func (v *viewer) keepsToOne(m *Frame) error {
	if m.Step == nil {
		return nil
	}
	open := *m
	open.View.Op, open.View.Show = "", []string{"rows"}
	m = &open
	var own []*sim.Step // of this sequence, up to the cursor
	for n := range m.Step.N + 1 {
		if s := m.At(n); m.Recipe.Batch == nil || s.Seq == m.Step.Seq {
			own = append(own, s)
		}
	}
	var effect *sim.Effect
	settled := 0
	for i, s := range own {
		if s.Effect != nil {
			effect = s.Effect
		}
		if i == len(own)-2 && s.KV != nil {
			settled = s.KV.QuantisedLen()
		}
	}
	if err := rivals(m); err != nil {
		return err
	}
	if e := seen[*lens.EffectInfo](m, "effect"); (e == nil) != (effect == nil) || e != nil && (e.KL != effect.KL && effect.KL == effect.KL || e.Token != effect.Token) {
		return fmt.Errorf("the effect is %+v, not %+v", e, effect)
	}
	if u := seen[*lens.UseInfo](m, "use"); u != nil && m.Recipe.Cache.Axis == kv.AxisChannel {
		now := m.Step.KV.QuantisedLen()
		if (u.Coded != nil) != (now > settled) || u.Coded != nil && *u.Coded != [2]int{settled, now} {
			return fmt.Errorf("tokens %v were put into codes, not from %d to %d", u.Coded, settled, now)
		}
	}
	for i := len(own) - 1; i >= 0 && m.Recipe.Cache.Kind == sim.CacheH2O && m.Step.KV != nil; i-- {
		if s := own[i]; s.Layer == m.Layer() {
			for _, x := range ofUse(m) {
				if x.Name != "cache_received" {
					continue
				}
				want := s.KV.Scores(0)[0]
				if x.Shape[1] != s.Cached+s.Rows || binary.LittleEndian.Uint16(x.Data) != mat.F16(want) {
					return fmt.Errorf("what rows received is %v of step %d", x.Shape, s.N)
				}
			}
			break
		}
	}
	return nil
}

// rivals: where two branches part, each rival's probability is by the logits of the first
// request, of which branches are.
func rivals(m *Frame) error {
	all := seen[*lens.BranchesInfo](m, "branches")
	if all == nil || all.Compare == nil {
		return nil
	}
	c := all.Compare
	branch := func(id int) *lens.Branch {
		return &m.Branches[slices.IndexFunc(m.Branches, func(b lens.Branch) bool { return b.ID == id })]
	}
	for _, r := range c.Fork {
		for j, b := range []*lens.Branch{branch(m.Branch), branch(c.With)} {
			s := b.Step(c.Steps[j]).ForSequence(0)
			if r.Probs[j] == nil {
				continue
			}
			probs := make([]float32, len(s.Logits()))
			mat.Softmax(probs, s.Logits(), nil)
			if d := *r.Probs[j] - float64(probs[r.ID]); !(math.Abs(d) < 1e-5) {
				return fmt.Errorf("token %d has %v in branch %d, not %v", r.ID, *r.Probs[j], j, probs[r.ID])
			}
		}
	}
	return nil
}

// ofUse are the tensors of the lens "use".
func ofUse(m *Frame) (written []checkpoint.Tensor) {
	i := slices.IndexFunc(lens.All, func(l lens.Lens) bool { return l.Name == "use" })
	_, tensors := lens.All[i].Show.At(&m.Moment)
	for _, x := range tensors {
		written = append(written, Tensor(x))
	}
	return written
}

// seen is what a lens shows of a moment; nothing where it has not what the lens needs.
func seen[T any](m *Frame, name string) (value T) {
	for i := range lens.All {
		if l := &lens.All[i]; l.Name == name && l.Seen(&m.Moment) {
			x, _ := l.Show.At(&m.Moment)
			value = x.(T)
		}
	}
	return value
}
