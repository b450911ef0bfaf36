package lens

import "kvstep/sim"

// tree is every beam that has lived. Its nodes are numbered pass by pass.
type tree struct {
	parents  []uint32 // of each node: its place among the beams of the pass before
	tokens   []uint32
	logProbs []float32
	passes   []int // nodes of each
	labels   map[int]string
}

// treeOf returns that of the passes up to head step last, all of which have beams: a prompt that
// is not read in one pass has ended the search.
func treeOf(m *Moment, last int) tree {
	t := tree{labels: map[int]string{}}
	for _, live := range livePasses(m, last/m.perPass()+1) {
		for _, b := range live {
			t.parents, t.tokens = append(t.parents, uint32(b.Parent)), append(t.tokens, uint32(b.Token))
			t.logProbs = append(t.logProbs, float32(b.LogProb))
			if _, ok := t.labels[b.Token]; !ok {
				t.labels[b.Token] = m.Label(b.Token)
			}
		}
		t.passes = append(t.passes, len(live))
	}
	return t
}

// livePasses returns the beams that each of the first so many passes has kept; all of a pass say the same.
func livePasses(m *Moment, passes int) [][]sim.Beam {
	step := m.recorded
	if step == nil {
		step = m.At
	}
	return perPass(m.kept(), liveKey{}, passes, func(pass int, _ [][]sim.Beam) []sim.Beam {
		if b := step((pass+1)*m.perPass() - 1).Beams; b != nil {
			return b.Live
		}
		return nil
	})
}

// liveKey names the beams that each pass has kept.
type liveKey struct{}

// end returns the node that a finished text ends at: its last token, or the one
// before where that said end of text.
func (t tree) end(f sim.Finished) (node int, ok bool) {
	first, parent := 0, uint32(0) // node of a pass; the text's among those of the pass before
	for n, id := range f.Tokens {
		if n == len(t.passes) {
			return node, n > 0 && n == len(f.Tokens)-1
		}
		at := first
		for at < first+t.passes[n] && (t.tokens[at] != uint32(id) || t.parents[at] != parent) {
			at++
		}
		if at == first+t.passes[n] {
			return node, n > 0 && n == len(f.Tokens)-1
		}
		node, parent = at, uint32(at-first)
		first += t.passes[n]
	}
	return node, len(f.Tokens) > 0
}
