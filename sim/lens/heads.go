package lens

import (
	"math"

	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// headsLens is every head's attention in this pass; null where nothing is cached.
var headsLens = Lens{Name: "heads", Needs: []Need{open("heads")}, Null: true, Show: both(showHeads), Tensors: []Spec{
	{"heads", "U8", "[L, H, rows, cols]", "every head's attention in this pass, in 1/255; with `by` > 1 each cell is the largest of `by` x `by` (all maps together are at most 8,000 bytes; while an op is picked 1,000, or 400 with many rows, less what a cache policy tells of its rows)"},
	{"head_hints", "F16", "[L, H, 5]", "entropy in bits; mean share given to the previous token, to the first, to the query itself (queries at position 2 and later), and to what followed the same token last time; -1 where no query of the pass has such a key (`sim/model/hints.go`)"},
}}

// headCells bounds the cells of all heads' maps together, one byte each; beside
// the picture of an op there is room for fewer, least while it has many rows.
const headCells, headCellsBeside, headCellsBesideMany, headCellsLeast = 8000, 1000, 400, 160

// HeadsInfo is every head's attention in this pass, of which heads and head_hints have the numbers.
type HeadsInfo struct {
	By   int    `json:"by"`   // each cell is the largest of by x by probabilities
	From []*int `json:"from"` // the step of each layer in this pass; null where it has not run yet
}

// showHeads returns every head's attention in this pass. Layers that the pass has not
// reached are zero.
func showHeads(m *Moment) (*HeadsInfo, []Tensor) {
	if m.Step == nil || m.Step.KV == nil {
		return nil, nil
	}
	c := m.Model.Model.Config
	positions := m.Step.Cached + m.Step.Rows
	most := headCells
	if m.View.Op != "" {
		most = headCellsBeside
		if m.Step.Rows > 1 {
			most = headCellsBesideMany
		}
	}
	most = max(headCellsLeast, most-m.Beside)
	info := &HeadsInfo{By: poolBy(c.Layers*c.Heads, m.Step.Rows, positions, most), From: make([]*int, c.Layers)}
	rows, cols := parts(m.Step.Rows, info.By), parts(positions, info.By)
	maps := make([]byte, c.Layers*c.Heads*rows*cols)
	hints := mat.New(c.Layers*c.Heads, 5)
	for l := range c.Layers {
		s := m.inPass(l)
		var of func(h int) model.Attention
		if s != nil {
			of = m.Model.Model.Heads(s)
		}
		for h := range c.Heads {
			hint := model.Hint{}
			if s != nil {
				info.From[l] = &s.N
				probs := of(h).Probs
				hint = model.Hints(probs, s.Cached, s.Tokens)
				pool(maps[(l*c.Heads+h)*rows*cols:][:rows*cols], probs, info.By)
			}
			copy(hints.Row(l*c.Heads+h), []float32{hint.Entropy, hint.Previous, hint.First, hint.Self, hint.Copies})
		}
	}
	shares := Floats("head_hints", F16, hints) // two decimals are shown
	shares.Shape = []int{c.Layers, c.Heads, 5}
	return info, []Tensor{bytesOf("heads", maps, c.Layers, c.Heads, rows, cols), shares}
}

// poolBy returns the smallest side of a cell's square with which all maps have at most so many cells.
func poolBy(maps, rows, cols, most int) int {
	by := 1
	for maps*parts(rows, by)*parts(cols, by) > most && (by < rows || by < cols) {
		by++
	}
	return by
}

// parts returns how many pieces of size by cover n.
func parts(n, by int) int { return (n + by - 1) / by }

// pool writes the largest probability of every by x by square, in 1/255.
func pool(dst []byte, probs mat.Matrix, by int) {
	cols := parts(probs.NumCols(), by)
	for i := range probs.NumRows() {
		for j, p := range probs.Row(i) {
			at := i/by*cols + j/by
			dst[at] = max(dst[at], byte(math.Round(float64(p)*255)))
		}
	}
}
