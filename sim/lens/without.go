package lens

import (
	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/mat"
)

// withoutLens is the picked layer and head as the lane without a cache ran it; null where no step has run the layer.
var withoutLens = Lens{Name: "without", Of: OfHead, Needs: []Need{aStep, noOp}, Null: true, Show: both(showWithout), Tensors: []Spec{
	{"without_Q", "F16 or U8", "[r, hd]", "queries of the picked head in the lane without a cache, after RoPE: `recorded`, of the rows before `without.cached`, the new ones being those of `Q`; `computed`, of all rows"},
	{"without_K", "F16 or U8", "[r, hd]", "`computed`: its keys, where they are not those of `K`"},
	{"without_V", "F16 or U8", "[r, hd]", "its values, likewise"},
	{"without_scores", "F16 or U8", "triangle", "of the rows of `without_Q` with each other: one number of the first row, two of the second, and so on"},
	{"without_probs", "F16 or U8", "triangle", "likewise, after the softmax over all keys up to a row's own"},
	{"without_out", "F16 or U8", "[r, hd]", "of the rows of `without_Q`"},
}}

// WithoutInfo is a layer as the lane without a cache ran it: every token is a row.
type WithoutInfo struct {
	Step   int `json:"step"`   // whose layer it is: `pick.from`, and in a run without the cached lane the latest that ran the layer
	Rows   int `json:"rows"`   // that the lane ran
	Cached int `json:"cached"` // of them, the first ones, which the cached lane had already
	// Shown are the positions of the rows that travel, where there are more than 128: multiples of
	// a power of two, and the newest.
	Shown  []int         `json:"shown,omitempty"`
	Source WithoutSource `json:"source"`
	// Differs are the tensors of this head, of Q, scores, probs and out, whose new rows are not those of the cached lane:
	// a number is another one, or the cache had evicted its key. None where both lanes are equal, or only one is known.
	Differs []string `json:"differs,omitempty"`
	// Max are of the tensors that are only a picture (U8), by their names: value = (u8 - 128)/127 x max.
	Max map[string]float32 `json:"max,omitempty"`
}

// WithoutSource says where the rows of the lane without a cache come from.
type WithoutSource string

const (
	WithoutSame     WithoutSource = "same"     // every row is new and both lanes have the same bits: there is nothing to add to what the cached lane shows
	WithoutRecorded WithoutSource = "recorded" // rows of earlier passes stand for those that were computed again: this step has compared the lanes, and they have the same bits
	WithoutComputed WithoutSource = "computed" // the lanes differ, or only this one runs: its pass was computed again
	WithoutNone     WithoutSource = "none"     // nobody knows them: the lane waits or does not run, or its pass has more than 256 tokens to compute again
)

const (
	mostShown    = 128 // rows
	newestShown  = 64  // of them at most, whatever their positions
	mostComputed = 256 // tokens

	picturedFrom = 512 // numbers: larger tensors travel as pictures of one byte each, of which a cell is told exactly when it is pointed at
)

// showWithout returns the lane's own rows and pairs of one head. What the frame has of the cached lane and is the same
// is not there again.
func showWithout(m *Moment) (*WithoutInfo, []Tensor) {
	s := m.inLane(explain.Uncached)
	if s == nil {
		return nil, nil
	}
	whole, _, source := m.without(s)
	info := &WithoutInfo{Step: s.N, Rows: s.Cached + s.Rows, Cached: s.Cached, Source: source}
	if source == WithoutSame || source == WithoutNone {
		return info, nil
	}
	rows := thinned(info.Rows, s.Rows)
	if len(rows) < info.Rows {
		info.Shown = rows
	}
	if source == WithoutRecorded {
		rows = before(rows, s.Cached)
	}
	a := m.Model.Model.Among(whole, m.Head(), rows)
	tensors := []Tensor{Floats("without_Q", F16, a.Q)}
	if source == WithoutComputed {
		var k, v mat.Matrix
		if s.KV != nil {
			g := m.Model.Model.KVHead(m.Head())
			k, v = s.KV.Keys(s.Layer, g), s.KV.Values(s.Layer, g)
		}
		info.Differs = m.differing(s, a, rows)
		tensors = append(tensors, unlike("without_K", a.K, k, rows)...)
		tensors = append(tensors, unlike("without_V", a.V, v, rows)...)
	}
	tensors = append(tensors, ofPairs("without_scores", a.Scores), ofPairs("without_probs", a.Probs), Floats("without_out", F16, a.Out))
	info.picture(tensors)
	return info, tensors
}

// WithoutCache returns the picked layer as the lane without a cache ran it, every token a row, and the positions of
// the rows that are shown; nil where nobody knows it.
func (m *Moment) WithoutCache() (whole *sim.Step, shown []int) {
	s := m.inLane(explain.Uncached)
	if s == nil {
		return nil, nil
	}
	if whole, _, _ = m.without(s); whole == nil {
		return nil, nil
	}
	return whole, thinned(s.Cached+s.Rows, s.Rows)
}

// WithoutRows returns the rows of the lane without a cache that who has those before one, and the cached lane's of this
// step, still lacks: of pairs with all keys up to their own, triangles that begin with from+1 numbers. None where
// the lane is not known.
func WithoutRows(m *Moment, from int) []Tensor {
	s := m.inLane(explain.Uncached)
	whole, _, source := m.without(s)
	to := s.Cached + s.Rows
	if source == WithoutRecorded {
		to = s.Cached
	}
	if source == WithoutSame || source == WithoutNone || from >= to {
		return nil
	}
	rows := *whole
	rows.X, rows.Cached, rows.Rows = whole.X.Rows(from, to), from, to-from
	a := m.Model.Model.Causal(&rows, m.Head())
	tensors := []Tensor{Floats("without_Q", F16, a.Q), ofPairs("without_scores", a.Scores), ofPairs("without_probs", a.Probs), Floats("without_out", F16, a.Out)}
	if source == WithoutComputed {
		tensors = append(tensors, Floats("without_K", F16, a.K.Rows(from, to)), Floats("without_V", F16, a.V.Rows(from, to)))
	}
	return tensors
}

// picture turns large tensors into pictures.
func (info *WithoutInfo) picture(tensors []Tensor) {
	for i, t := range tensors {
		if t.Matrix.NumRows()*t.Matrix.NumCols() < picturedFrom {
			continue
		}
		if p := Pictured(t.Name, *t.Matrix); p.Max > 0 {
			p.Shape = t.Shape
			if tensors[i] = p; info.Max == nil {
				info.Max = map[string]float32{}
			}
			info.Max[t.Name] = p.Max
		}
	}
}

// thinned returns the positions of the rows that are shown of so many, the last fresh of which are new. From pass to
// pass they are the same ones, as long as the power of two is.
func thinned(rows, fresh int) []int {
	newest := 0
	if rows > mostShown {
		newest = min(fresh, newestShown)
	}
	for by := 1; ; by *= 2 {
		var shown []int
		for p := range rows {
			if p%by == 0 || p >= rows-newest {
				shown = append(shown, p)
			}
		}
		if len(shown) <= mostShown {
			return shown
		}
	}
}

// before returns the positions below one of ascending ones.
func before(positions []int, end int) []int {
	n := 0
	for n < len(positions) && positions[n] < end {
		n++
	}
	return positions[:n]
}

// unlike returns some rows of x, none where all of x is what other has.
func unlike(name string, x, other mat.Matrix, rows []int) []Tensor {
	if other.NumRows() == x.NumRows() {
		same := true
		for i := range x.NumRows() {
			same = same && mat.SameBits(x.Row(i), other.Row(i))
		}
		if same {
			return nil
		}
	}
	some := make([][]float32, len(rows))
	for i, p := range rows {
		some[i] = x.Row(p)
	}
	return []Tensor{Floats(name, F16, mat.Paged(len(rows), x.NumCols(), some, 1, 0))}
}
