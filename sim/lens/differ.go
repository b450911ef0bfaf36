package lens

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// DifferInfo is a place at which the lanes differ.
type DifferInfo struct {
	Op    string `json:"op"`    // as `differs` names it
	Layer *int   `json:"layer"` // null for the head
}

// firstDiffer returns the first place of the cursor's pass, up to the cursor, at which the lanes differ; nil for none.
func firstDiffer(m *Moment) *DifferInfo {
	for n, _ := m.stepsOf(m.Step.Pass); n <= m.Step.N; n++ {
		s := m.At(n)
		switch {
		case s.Differs == "":
			continue
		case s.Part == sim.HeadPart:
			return &DifferInfo{Op: s.Differs}
		}
		return &DifferInfo{m.firstOp(s), &s.Layer}
	}
	return nil
}

// firstOp returns the first op of a layer step that differs. A run compares scores of the last sequence of a pass alone:
// those of the others are looked at here.
func (m *Moment) firstOp(s *sim.Step) string {
	if s.Differs != "weighted V" || len(s.PassSteps) < 2 {
		return s.Differs
	}
	whole, _, _ := m.without(s)
	if whole == nil {
		return s.Differs
	}
	first := s.Differs
	for h := range m.Model.Model.Config.Heads {
		a, b := m.newestRow(whole, h), m.newestRow(s, h)
		g := m.Model.Model.KVHead(h)
		for p, score := range a.Scores.Row(0) {
			if model.Hidden(s, g, s.Rows-1, p) || score != b.Scores.At(0, p) {
				return "scores"
			}
		}
		if !mat.SameBits(a.Probs.Row(0), b.Probs.Row(0)) {
			first = "softmax"
		}
	}
	return first
}

// newestRow returns the attention of a layer step's last row alone.
func (m *Moment) newestRow(s *sim.Step, h int) model.Attention {
	row := *s
	row.X, row.Cached, row.Rows = s.X.Rows(s.Rows-1, s.Rows), s.Cached+s.Rows-1, 1
	return m.Model.Model.Attention(&row, h)
}

// differing names what of a head is not the same in both lanes, of the new rows of a step: a is what the lane without a
// cache has of some rows.
func (m *Moment) differing(s *sim.Step, a model.Causal, rows []int) (names []string) {
	if s.KV == nil {
		return nil
	}
	b, g := m.Model.Model.Attention(s, m.Head()), m.Model.Model.KVHead(m.Head())
	var unlike struct{ q, scores, probs, out bool }
	at := 0 // of the row in the triangles
	for n, p := range rows {
		if i := p - s.Cached; i >= 0 {
			unlike.q = unlike.q || !mat.SameBits(a.Q.Row(n), b.Q.Row(i))
			unlike.out = unlike.out || !mat.SameBits(a.Out.Row(n), b.Out.Row(i))
			for j, key := range rows[:n+1] {
				unlike.scores = unlike.scores || model.Hidden(s, g, i, key) || a.Scores[at+j] != b.Scores.At(i, key)
				unlike.probs = unlike.probs || a.Probs[at+j] != b.Probs.At(i, key)
			}
		}
		at += n + 1
	}
	for _, x := range []struct {
		name string
		is   bool
	}{{"Q", unlike.q}, {"scores", unlike.scores}, {"probs", unlike.probs}, {"out", unlike.out}} {
		if x.is {
			names = append(names, x.name)
		}
	}
	return names
}
