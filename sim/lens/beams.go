package lens

import (
	"kvstep/sim"
	"kvstep/sim/mat"
	"slices"
)

// beamsLens is how far a beam search has come, and with the panel `beams` open its tree.
var beamsLens = Lens{Name: "beams", Of: OfCounts, Needs: []Need{someBeams}, Show: both(showBeams), Tensors: []Spec{
	{"beam_tree", "U8, U16 or U32", "[2, nodes]", "the place of a node's parent among the beams of the pass before, its token; a node is a beam that a head step kept"},
	{"beam_log_probs", "F32", "[1, nodes]", "of those tokens. A text's sum is that of its nodes"},
}}

// BeamsInfo is how far a beam search has come, at the latest head step up to the cursor.
type BeamsInfo struct {
	Finished []FinishedInfo `json:"finished"`         // texts that ended, best first
	Best     int            `json:"best"`             // the answer's place when the search is over, else -1
	Passes   []int          `json:"passes,omitempty"` // beams of each pass, with the panel beams open
	Labels   map[int]string `json:"labels,omitempty"` // of the tree's tokens, by id
}

// FinishedInfo is a text that ended.
type FinishedInfo struct {
	Text         string `json:"text"`
	Tokens       int    `json:"tokens"`
	Sum          Score  `json:"sum"`            // of its tokens' log-probabilities
	Score        Score  `json:"score"`          // sum / length^penalty
	FinishReason string `json:"done"`           // eos or max-new
	Node         *int   `json:"node,omitempty"` // of the tree, at which it ends (nodes are numbered pass by pass)
}

// showBeams returns with the tree the tensors
// beam_tree, [2, nodes]: the parent's place among the beams of its pass, the token;
// and beam_log_probs, [1, nodes], of the tokens.
func showBeams(m *Moment) (*BeamsInfo, []Tensor) {
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
		info.Finished = append(info.Finished, FinishedInfo{Text: f.Text, Tokens: len(f.Tokens), Sum: Score(f.Sum), Score: Score(f.Score), FinishReason: f.FinishReason})
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
