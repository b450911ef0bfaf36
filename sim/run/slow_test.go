package run_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/run/runtest"
	"kvstep/sim/sample"
)

// slow: every row and all logits are those of the sequence alone by a slow path.
func (t *trial) slow(*rand.Rand) error {
	if t.m.Name == runtest.Loud {
		return nil
	}
	p := t.rec.Cache
	if t.rec.Lanes == "uncached" || kv.TraitsOf(p).Exact {
		p = sim.CachePolicy{}
	}
	ours, exact := map[int]*runtest.Slow{}, map[int]*runtest.Slow{}
	rows := map[int][][]runtest.Row{} // of the pass
	for s := range t.each() {
		if s.Part == sim.LayerPart && s.Layer == 0 {
			x := ours[s.Seq]
			if x == nil || t.rec.Sampler.Kind == "beam" {
				x = runtest.NewSlow(t.m.Model, p)
				ours[s.Seq], exact[s.Seq] = x, runtest.NewSlow(t.m.Model, sim.CachePolicy{})
			}
			if x.Truncate(s.Cached); x.Len() < s.Cached { // found in the blocks of others, or a beam
				x.Pass(s.Tokens[x.Len():s.Cached])
			}
			rows[s.Seq] = x.Pass(s.Tokens[s.Cached:])
		}
		if err := t.sameRows(s, ours[s.Seq], rows[s.Seq]); err != nil {
			return fmt.Errorf("step %d seq %d: %w", s.N, s.Seq, err)
		}
		if s.Effect != nil {
			if err := t.sameEffect(s, exact[s.Seq]); err != nil {
				return fmt.Errorf("step %d seq %d: %w", s.N, s.Seq, err)
			}
		}
	}
	return nil
}

func (t *trial) sameRows(s *sim.Step, x *runtest.Slow, rows [][]runtest.Row) error {
	if s.Part == sim.LayerPart {
		if err := t.sameLayer(s, rows); err != nil {
			return err
		}
	}
	if s.Output == nil {
		return nil
	}
	at := len(rows) - 1
	if s.Speculation != nil {
		at += spoken(s) - len(s.Speculation.Proposed)
	}
	logits := x.Logits(rows[at][len(rows[at])-1].Out)
	if !sameBits(s.Logits(), logits) {
		return fmt.Errorf("logits %v, want %v", s.Logits(), logits)
	}
	if t.rec.Sampler.Kind == "greedy" && (t.rec.Sampler.RepetitionPenalty == 0 || t.rec.Sampler.RepetitionPenalty == 1) && len(t.rec.Forced) == 0 && s.Speculation == nil && s.Token >= 0 {
		if want := slices.Index(logits, slices.Max(logits)); s.Token != want {
			return fmt.Errorf("token %d, the likeliest is %d", s.Token, want)
		}
	}
	return nil
}

// sameLayer: every row of a layer, what it kept and what is made again, is that of the slow path.
func (t *trial) sameLayer(s *sim.Step, rows [][]runtest.Row) error {
	q, k, v := t.m.Model.Q(s, 0, s.Rows), t.m.Model.K(s, 0, s.Rows), t.m.Model.V(s, 0, s.Rows)
	for i, row := range rows {
		for name, pair := range map[string][2][]float32{"X": {s.X.Row(i), row[s.Layer].X}, "Q": {q.Row(i), row[s.Layer].Q},
			"K": {k.Row(i), row[s.Layer].K}, "V": {v.Row(i), row[s.Layer].V}, "Out": {s.Out.Row(i), row[s.Layer].Out}} {
			if !sameBits(pair[0], pair[1]) {
				return fmt.Errorf("row %d of %s is %v, want %v", i, name, pair[0], pair[1])
			}
		}
	}
	return nil
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// sameEffect: what an inexact policy did to the logits is their largest difference from those
// of no policy by the slow path; where both give one distribution, the choice is the same.
func (t *trial) sameEffect(s *sim.Step, exact *runtest.Slow) error {
	at := s.Rows - 1
	if x := s.Speculation; x != nil {
		at += spoken(s) - len(x.Proposed)
	}
	past := s.Tokens[:s.Cached+at+1]
	if exact.Len() >= len(past) { // rejected proposals were fed
		exact.Truncate(0)
	}
	rows := exact.Pass(past[exact.Len():])
	last := rows[len(rows)-1]
	want, delta := exact.Logits(last[len(last)-1].Out), float32(0)
	for i, v := range s.Logits() {
		delta = max(delta, v-want[i], want[i]-v)
	}
	if math.Float32bits(delta) != math.Float32bits(s.Effect.MaxDelta) {
		return fmt.Errorf("the largest difference of a logit is %v, not %v", delta, s.Effect.MaxDelta)
	}
	p, err := sample.Probs(s.Logits(), t.rec.Sampler, past)
	q, err2 := sample.Probs(want, t.rec.Sampler, past)
	if err != nil || err2 != nil {
		return cmp.Or(err, err2)
	}
	if slices.Equal(p, q) && len(t.rec.Forced) == 0 && s.Token >= 0 && s.Effect.Token != s.Token && accepted(s) == spoken(s) {
		return fmt.Errorf("token %d, and %d by the same distribution", s.Token, s.Effect.Token)
	}
	return nil
}

// accepted is how many proposals of a head step were, spoken how many of them are in the text:
// fewer where one ended it.
func accepted(s *sim.Step) (n int) {
	if s.Speculation == nil {
		return 0
	}
	for _, v := range s.Speculation.Verdicts {
		if v.Accepted {
			n++
		}
	}
	return n
}

func spoken(s *sim.Step) int {
	if s.Speculation == nil {
		return 0
	}
	return s.Speculation.Accepted
}
