package lens

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"slices"
)

// BeamsInfo is how far a beam search has come: its finished texts, best first.
type BeamsInfo struct {
	Finished []FinishedInfo `json:"finished"`
	Best     int            `json:"best"` // the index of the answer, once the search is over; else -1
	// Of the tree, for a viewer who has it open. Nodes are numbered pass by pass.
	Passes []int          `json:"passes,omitempty"` // nodes of each pass
	Labels map[int]string `json:"labels,omitempty"` // by token id
}

type FinishedInfo struct {
	Text   string `json:"text"`
	Tokens int    `json:"tokens"`
	Sum    Score  `json:"sum"`
	Score  Score  `json:"score"`
	Done   string `json:"done"`
	Node   *int   `json:"node,omitempty"` // where it ends in the tree
}

// showBeams is nil where the run is no beam search. With the tree come the tensors
// beam_tree, [2, nodes]: the parent's place among the beams of its pass, the token;
// and beam_log_probs, [1, nodes], of the tokens.
func showBeams(m *Moment) (*BeamsInfo, []Tensor) {
	if m.Recipe.Sampler.Kind != "beam" {
		return nil, nil
	}
	info := &BeamsInfo{Finished: []FinishedInfo{}, Best: -1}
	if m.Step == nil {
		return info, nil
	}
	last := m.Step.N
	if m.Step.Part != sim.HeadPart {
		last = headBefore(m, m.Step)
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
		info.Finished = append(info.Finished, FinishedInfo{Text: f.Text, Tokens: len(f.Tokens), Sum: Score(f.Sum), Score: Score(f.Score), Done: f.FinishReason})
	}
	if !m.View.shows("beams") {
		return info, nil
	}
	t := treeOf(m, last)
	info.Passes, info.Labels = t.passes, t.labels
	for i, f := range b.Finished {
		if node, ok := t.end(f); ok {
			info.Finished[i].Node = &node
		}
	}
	if len(t.logProbs) == 0 {
		return info, nil
	}
	nodes := slices.Concat(t.parents, t.tokens)
	return info, []Tensor{wholes("beam_tree", nodes, 2, len(t.tokens)), Floats("beam_log_probs", F32, mat.RowOf(t.logProbs))}
}
