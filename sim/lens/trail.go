package lens

import (
	"kvstep/sim"
	"kvstep/sim/explain"
)

// FollowTrail leaves of the trail what is still there, see trail.
func (m *Moment) FollowTrail() { m.View.Trail = liveTrail(m) }

// liveTrail returns what the viewer follows, as far as it is still there. Its first cell
// goes with the cursor: in another step, or for another head, it is the cell of
// the same op in the newest row that exists, and what was followed from the old
// one is dropped.
func liveTrail(m *Moment) []explain.Ref {
	r, trail := m.Explained(), m.View.Trail
	if len(trail) == 0 {
		return nil
	}
	root := trail[0]
	op, from := explain.Find(root.Op), m.inLane(root.Lane)
	if op == nil || from == nil {
		return nil
	}
	if op.Part == sim.HeadPart && from.Part != sim.HeadPart || op.Part == sim.LayerPart && from.Part == sim.HeadPart && op.ID != "x" {
		return nil
	}
	here := root
	here.Step = from.N
	if op.PerHead() {
		here.Head = m.Head()
	}
	if here.Row = root.Row; root.Lane == "" { // in the other lane it stays where it is: rows are positions
		rows, _ := r.Shape(from, op)
		here.Row = min(root.Row, rows-1)
	}
	if here != root {
		trail = []explain.Ref{here}
	}
	for n, ref := range trail { // what is told must exist, every cell on the way
		if _, ok := r.Value(ref); !ok {
			return trail[:n:n]
		}
	}
	return trail
}
