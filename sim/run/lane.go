package run

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// lane is one way of running the model, with its own working memory. The
// cached lane appends to caches that live as long as their sequences; the
// uncached lane drops what it appended before every layer and computes every
// row again.
type lane struct {
	m     *model.Model
	large bool        // enough for two threads
	all   *model.Acts // working memory for the most rows a pass can have
	acts  *model.Acts // the rows of this pass
	rows  []model.Row // where they stand

	logits mat.Matrix // of the last head
	kept   *arena     // what a run keeps of every layer is written there at once, nil for nowhere
}

func newLane(m *model.Model) *lane {
	return &lane{m: m, large: cost.Params(m.Config) > alone}
}

// begin starts a pass of so many rows, each of which sees at most positions
// keys. Working memory grows where it is too small.
func (l *lane) begin(rows, positions int) {
	if l.all == nil {
		l.all = model.NewActs(l.m.Config, rows, positions)
	}
	if have, sees := l.all.X.NumRows(), l.all.Scores.NumCols(); have < rows || sees < positions {
		l.all, l.acts = model.NewActs(l.m.Config, enough(have, rows), enough(sees, positions)), nil
	}
	l.rows = l.rows[:0]
	if l.acts == nil || l.acts.X.NumRows() != rows || l.acts.Scores.NumCols() != positions {
		l.acts = l.all.First(l.m.Config, rows, positions)
	}
	if l.kept != nil { // the one before is in the step of the last layer, as Out
		l.acts.X = l.kept.take(rows, l.m.Config.Dim)
	}
}

// enough is room for n where there is room for have: at least twice as much, so
// that a run which grows token by token does not take memory for each.
func enough(have, n int) int {
	if have >= n {
		return have
	}
	return max(n, 2*have)
}

// add gives the pass the rows of one sequence: tokens, the first of which
// stands at position pos of what cache holds. It returns the first row.
func (l *lane) add(tokens []int, pos int, cache model.Cache) int {
	first := len(l.rows)
	for i := range tokens {
		l.rows = append(l.rows, model.Row{Pos: pos + i, Cache: cache})
	}
	l.m.Embed(l.acts.X.Rows(first, first+len(tokens)), tokens, pos)
	return first
}

// layer runs layer n over all rows.
func (l *lane) layer(n int) {
	a := l.acts
	if n > 0 { // what left one layer enters the next
		a.X, a.Out = a.Out, a.X
	}
	if l.kept != nil {
		take := func(x mat.Matrix) mat.Matrix { return l.kept.take(len(l.rows), x.NumCols()) }
		a.Q, a.K, a.V, a.Out = take(a.Q), take(a.K), take(a.V), take(a.Out)
	}
	defer l.team()()
	l.m.Layer(n, l.acts, l.rows)
}

// alone is how many parameters a model may have for which one thread does best.
const alone = 5_000_000

// team has a second thread help, where the model is large, until it is called off.
func (l *lane) team() (stop func()) {
	if !l.large {
		return func() {}
	}
	mat.StartTeam()
	return mat.StopTeam
}

// head makes the logits of some rows of the pass, [len(rows), vocab]; they stay until
// the next call.
func (l *lane) head(rows []int) mat.Matrix {
	if l.logits.NumRows() < len(rows) {
		l.logits = mat.New(len(rows), l.m.Config.Vocab)
	}
	logits := l.logits.Rows(0, len(rows))
	l.headInto(logits, rows...)
	return logits
}

// headInto is head into memory that there is.
func (l *lane) headInto(logits mat.Matrix, rows ...int) {
	defer l.team()()
	l.m.Head(logits, l.acts.Norm1, l.acts.Out, rows...)
}

// scratch is the K and V of the layer that the uncached lane is in: working
// memory, of one layer, dropped before the next.
type scratch struct{ *kv.Contiguous }

func newScratch(s kv.Spec) scratch {
	s.Layers = 1
	c, err := kv.NewContiguous(s, kv.NewArena(0))
	if err != nil { // an arena without a limit refuses nothing
		panic("run: " + err.Error())
	}
	return scratch{c}
}

func (s scratch) Append(_ int, k, v []float32) { s.Contiguous.Append(0, k, v) }
func (s scratch) Sees(_, kvHead int) (k, v mat.Matrix, at []int) {
	return s.Contiguous.Sees(0, kvHead)
}

// span is m rows of a lane's pass from row from on: those of one sequence that
// both lanes compute.
type span struct{ from, m int }

// last are the last n of its rows.
func (s span) last(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = s.from + s.m - n + i
	}
	return rows
}

// differs names the first op of layer n whose bits differ between the lanes in
// sequence q, or is "". All results of its new rows are compared, and with them
// its whole cache: the K and V that one lane kept against those the other just
// computed. Scores and softmax are kept of a pass's last row only.
func differs(n int, cached, uncached *lane, q *sequence) string {
	a, b := q.at[sim.Cached], q.at[sim.Uncached]
	last := a.from+a.m == len(cached.rows)
	other := uncached.acts.Ops()
	for i, op := range cached.acts.Ops() {
		x, y := op.M, other[i].M
		if op.PerToken() {
			x, y = x.Rows(a.from, a.from+a.m), y.Rows(b.from, b.from+b.m)
		} else if sees := q.cached + q.fed; last {
			x, y = x.Cols(0, sees), y.Cols(0, sees)
		} else {
			continue
		}
		if !sameRows(x, y) {
			return op.Name
		}
	}
	for h := range cached.m.Config.KVHeads {
		k, v, _ := q.cache.Sees(n, h)
		kNow, vNow, _ := q.scratch.Sees(n, h)
		if !sameRows(k, kNow) {
			return "cached K"
		}
		if !sameRows(v, vNow) {
			return "cached V"
		}
	}
	return ""
}

func sameRows(a, b mat.Matrix) bool {
	if a.NumRows() != b.NumRows() {
		return false
	}
	for i := range a.NumRows() {
		if !sameBits(a.Row(i), b.Row(i)) {
			return false
		}
	}
	return true
}

func sameBits(a, b []float32) bool {
	for i, x := range a {
		if math.Float32bits(x) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
