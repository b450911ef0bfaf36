package lens

import (
	"fmt"
	"slices"

	"kvstep/sim"
)

// tree is every beam that has lived.
type tree struct {
	parents  []uint32 // of each node: its place among the beams of the pass before
	tokens   []uint32
	logProbs []float32
	passes   []int
	labels   map[int]string
	ends     map[string]int // node by its tokens
}

// treeOf returns that of the passes up to head step last, all of which have beams: a prompt that
// is not read in one pass has ended the search.
func treeOf(m *Moment, last int) tree {
	t := tree{labels: map[int]string{}, ends: map[string]int{}}
	paths := [][]int{nil} // tokens of the beams of the pass before
	for n := m.perPass() - 1; n <= last; n += m.perPass() {
		live := m.At(n).Beams.Live
		var next [][]int
		for _, b := range live {
			path := append(slices.Clone(paths[b.Parent]), b.Token)
			t.ends[fmt.Sprint(path)] = len(t.logProbs)
			t.parents, t.tokens = append(t.parents, uint32(b.Parent)), append(t.tokens, uint32(b.Token))
			t.logProbs = append(t.logProbs, float32(b.LogProb))
			if _, ok := t.labels[b.Token]; !ok {
				t.labels[b.Token] = m.Label(b.Token)
			}
			next = append(next, path)
		}
		t.passes, paths = append(t.passes, len(live)), next
	}
	return t
}

// end returns the node that a finished text ends at: its last token, or the one
// before where that said end of text.
func (t tree) end(f sim.Finished) (int, bool) {
	for n := len(f.Tokens); n >= len(f.Tokens)-1 && n > 0; n-- {
		if node, ok := t.ends[fmt.Sprint(f.Tokens[:n])]; ok {
			return node, true
		}
	}
	return 0, false
}
