package lens

import (
	"math"
	"sync"
	"unsafe"

	"kvstep/sim"
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
		if s == nil {
			continue
		}
		info.From[l] = &s.N
		x := headsOf(m, s, info.By)
		copy(maps[l*c.Heads*rows*cols:], x.maps)
		for h, hint := range x.hints {
			copy(hints.Row(l*c.Heads+h), []float32{hint.Entropy, hint.Previous, hint.First, hint.Self, hint.Copies})
		}
	}
	shares := Floats("head_hints", F16, hints) // two decimals are shown
	shares.Shape = []int{c.Layers, c.Heads, 5}
	return info, []Tensor{bytesOf("heads", maps, c.Layers, c.Heads, rows, cols), shares}
}

// headPictures are the small pictures of the layer steps that were shown last. Those of a pass stay
// while it is walked through: every frame of it shows all its layers.
type headPictures struct {
	mu    sync.Mutex
	known map[headKey]*headPicture
	order []headKey // the oldest first
}

// headKey names a layer step of one sequence, and how large a cell of its picture is.
type headKey struct{ n, seq, by int }

// headPicture is every head's attention in one layer step.
type headPicture struct {
	bytes int64
	mu    sync.Mutex // held while it is made: another frame waits for it
	made  bool
	maps  []byte // [heads, rows, cols]
	hints []model.Hint
}

// passesPictured is of how many passes all layers' pictures stay.
const passesPictured = 8

// at returns the place of a picture of so many bytes, which is to be made if it was not.
func (p *headPictures) at(key headKey, bytes int64, most int, held *sim.Memory) *headPicture {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.known[key]; x != nil {
		return x
	}
	if p.known == nil {
		p.known = map[headKey]*headPicture{}
	}
	if len(p.order) >= most {
		held.Give(p.known[p.order[0]].bytes)
		delete(p.known, p.order[0])
		p.order = p.order[1:]
	}
	x := &headPicture{bytes: bytes}
	held.Add(bytes)
	p.known[key], p.order = x, append(p.order, key)
	return x
}

// headsOf returns every head's attention in a layer step, each cell of by x by probabilities.
func headsOf(m *Moment, s *sim.Step, by int) *headPicture {
	c := m.Model.Model.Config
	rows, cols := parts(s.Rows, by), parts(s.Cached+s.Rows, by)
	bytes := int64(c.Heads) * (int64(rows*cols) + int64(unsafe.Sizeof(model.Hint{})))
	x := m.kept().heads.at(headKey{s.N, s.Seq, by}, bytes, passesPictured*c.Layers, m.kept().held)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.made {
		return x
	}
	x.maps, x.hints = make([]byte, c.Heads*rows*cols), make([]model.Hint, c.Heads)
	followed := model.Followed(s.Tokens, s.Cached)
	q := m.Model.Model.Q(s, 0, s.Rows)
	for h := range c.Heads {
		var sums model.HintSums
		largest := make([]float32, rows*cols)
		m.Model.Model.EachQuery(s, h, q.Cols(h*c.HeadDim, (h+1)*c.HeadDim), func(i int, scores, probs []float32) {
			sums.Add(s.Cached+i, followed[i], scores, probs)
			pool(largest[i/by*cols:][:cols], probs, by)
		})
		x.hints[h] = sums.Hint()
		for at, p := range largest {
			x.maps[h*rows*cols+at] = byte(math.Round(float64(p) * 255))
		}
	}
	x.made = true
	return x
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

// pool notes the largest of every by probabilities.
func pool(largest, probs []float32, by int) {
	for at := range parts(len(probs), by) {
		top := largest[at]
		for _, p := range probs[at*by : min((at+1)*by, len(probs))] {
			if p > top {
				top = p
			}
		}
		largest[at] = top
	}
}
