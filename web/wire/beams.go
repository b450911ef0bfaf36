package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// beamsInfo is how far a beam search has come: its finished texts, best first.
type beamsInfo struct {
	Finished []finishedInfo `json:"finished"`
	Best     int            `json:"best"` // the index of the answer, once the search is over; else -1
	// Of the tree, for a viewer who has it open. Nodes are numbered pass by pass.
	Passes []int          `json:"passes,omitempty"` // nodes of each pass
	Labels map[int]string `json:"labels,omitempty"` // by token id
}

type finishedInfo struct {
	Text   string `json:"text"`
	Tokens int    `json:"tokens"`
	Sum    score  `json:"sum"`
	Score  score  `json:"score"`
	Done   string `json:"done"`
	Node   *int   `json:"node,omitempty"` // where it ends in the tree
}

// beams is nil where the run is no beam search. With the tree come the tensors
// beam_tree, [2, nodes]: the parent's place among the beams of its pass, the token;
// and beam_log_probs, [1, nodes], of the tokens.
func (m *Moment) beams() (*beamsInfo, []checkpoint.Tensor) {
	if m.Recipe.Sampler.Kind != "beam" {
		return nil, nil
	}
	info := &beamsInfo{Finished: []finishedInfo{}, Best: -1}
	if m.Step == nil {
		return info, nil
	}
	last := m.Step.N
	if m.Step.Part != sim.HeadPart {
		last = m.headBefore(m.Step)
	}
	if last < 0 {
		return info, nil
	}
	b := m.At(last).Beams
	if b == nil { // the prompt goes on, or memory has ended in it
		return info, nil
	}
	info.Best = b.Best
	for _, f := range b.Finished {
		info.Finished = append(info.Finished, finishedInfo{Text: f.Text, Tokens: len(f.Tokens), Sum: score(f.Sum), Score: score(f.Score), Done: f.FinishReason})
	}
	if !m.Link.Pick.shows("beams") {
		return info, nil
	}
	t := m.tree(last)
	info.Passes, info.Labels = t.passes, t.labels
	for i, f := range b.Finished {
		if node, ok := t.end(f); ok {
			info.Finished[i].Node = &node
		}
	}
	if len(t.logProbs) == 0 {
		return info, nil
	}
	x := checkpoint.Tensor{Name: "beam_log_probs", DType: "F32", Shape: []int{1, len(t.logProbs)}}
	for _, v := range t.logProbs {
		x.Data = binary.LittleEndian.AppendUint32(x.Data, math.Float32bits(v))
	}
	return info, []checkpoint.Tensor{tight("beam_tree", t.nodes[:]), x}
}

// tree is every beam that has lived.
type tree struct {
	nodes    [2][]float64 // parent, token
	logProbs []float32
	passes   []int
	labels   map[int]string
	ends     map[string]int // node by its tokens
}

// tree is that of the passes up to head step last, all of which have beams: a prompt that
// is not read in one pass has ended the search.
func (m *Moment) tree(last int) tree {
	t := tree{labels: map[int]string{}, ends: map[string]int{}}
	paths := [][]int{nil} // tokens of the beams of the pass before
	for n := m.perPass() - 1; n <= last; n += m.perPass() {
		live := m.At(n).Beams.Live
		var next [][]int
		for _, b := range live {
			path := append(slices.Clone(paths[b.Parent]), b.Token)
			t.ends[fmt.Sprint(path)] = len(t.logProbs)
			t.nodes[0], t.nodes[1] = append(t.nodes[0], float64(b.Parent)), append(t.nodes[1], float64(b.Token))
			t.logProbs = append(t.logProbs, float32(b.LogProb))
			if _, ok := t.labels[b.Token]; !ok {
				t.labels[b.Token] = m.label(b.Token)
			}
			next = append(next, path)
		}
		t.passes, paths = append(t.passes, len(live)), next
	}
	return t
}

// end is the node that a finished text ends at: its last token, or the one
// before where that said end of text.
func (t tree) end(f sim.Finished) (int, bool) {
	for n := len(f.Tokens); n >= len(f.Tokens)-1 && n > 0; n-- {
		if node, ok := t.ends[fmt.Sprint(f.Tokens[:n])]; ok {
			return node, true
		}
	}
	return 0, false
}
