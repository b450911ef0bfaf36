package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// lane is one way of running the model, with its own working memory. The
// cached lane appends to caches that live as long as their sequences; the
// uncached lane drops what it appended before every layer and computes every
// row again. While it waits (sim.Recipe.UncachedTokens) its passes have no rows, and
// it has no working memory.
type lane struct {
	m    *model.Model
	all  *model.Acts // working memory for the most rows a pass can have
	slab []float32   // in which it stands
	acts *model.Acts // the rows of this pass
	rows []model.Row // where they stand

	logits   mat.Matrix // of the last head
	recorded *arena     // where the rows that steps keep are written at once, nil for nowhere

	memory  *sim.Memory // counts what the lane holds
	maxRows int         // rows that a pass of the run can have; 0: nobody knows, and working memory never shrinks
}

func newLane(m *model.Model) *lane {
	return &lane{m: m}
}

// size returns the rows and positions that working memory has room for.
func (l *lane) size() (rows, positions int) {
	if l.all == nil {
		return 0, 0
	}
	return l.all.Norm1.NumRows(), l.all.Scores.NumCols()
}

// lent returns what the lane computes in memory that is kept.
func (l *lane) lent() model.Lent {
	if l.recorded == nil {
		return model.Lent{}
	}
	return model.Lent{Stream: true, KV: l.recorded.kv}
}

// bytes returns what working memory of a size takes.
func (l *lane) bytes(rows, positions int) int64 {
	if rows == 0 {
		return 0
	}
	return model.ActsBytes(l.lent(), l.m.Config, rows, positions)
}

// fitting returns the size that working memory will have for a pass. It grows where it is too
// small: by a quarter more, so that a run which grows token by token does not take memory
// for each, but to no more than the run can need. After a long prompt it shrinks.
func (l *lane) fitting(rows, positions int) (int, int) {
	const worth = 1 << 20 // bytes
	if rows == 0 {        // it waits
		return 0, 0
	}
	have, sees := l.size()
	if l.maxRows > 0 && have > 4*rows && l.bytes(have, sees)-l.bytes(rows, positions) > worth {
		return rows, positions
	}
	if have < rows {
		have = max(rows, min(have*5/4, l.maxRows))
	}
	return have, max(sees, positions)
}

// wants returns how many bytes more the lane will hold in a pass, of whose rows some get logits.
func (l *lane) wants(rows, positions, asked int) int64 {
	n := l.logitsBytes(max(0, asked-l.logits.NumRows()))
	have, sees := l.size()
	if r, p := l.fitting(rows, positions); r != have || p != sees {
		n += l.bytes(r, p) - l.bytes(have, sees)
	}
	return n
}

func (l *lane) logitsBytes(rows int) int64 { return 4 * int64(rows) * int64(l.m.Config.Vocab) }

// begin starts a pass of so many rows, each of which sees at most positions keys.
func (l *lane) begin(rows, positions int) {
	have, sees := l.size()
	r, p := l.fitting(rows, positions)
	if r != have || p != sees {
		l.memory.Give(l.bytes(have, sees))
		l.memory.Add(l.bytes(r, p))
		l.drop()
	}
	l.rows = l.rows[:0]
	if rows == 0 {
		return
	}
	if l.all == nil {
		l.all = model.NewActsBut(l.lent(), l.m.Config, r, p, func(n int) []float32 {
			l.slab = spare.take(n)
			return l.slab
		})
	}
	if l.acts == nil || l.acts.Norm1.NumRows() != rows || l.acts.Scores.NumCols() != positions {
		l.acts = l.all.First(l.m.Config, rows, positions)
	}
	if l.recorded != nil { // the one before is in the step of the last layer, as Out
		l.acts.X = l.recorded.take(rows, l.m.Config.Dim)
	}
}

// drop lets go of working memory.
func (l *lane) drop() {
	spare.give(l.slab)
	l.all, l.acts, l.slab = nil, nil, nil
}

// rest gives working memory back after a pass, if it is much: nobody knows when the next one comes.
func (l *lane) rest() {
	if have, sees := l.size(); len(l.slab) > littleMemory {
		l.memory.Give(l.bytes(have, sees))
		l.drop()
	}
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

// layer runs layer n over all rows, if it has any.
func (l *lane) layer(n int) {
	if len(l.rows) == 0 {
		return
	}
	a := l.acts
	if n > 0 { // what left one layer enters the next
		a.X, a.Out = a.Out, a.X
	}
	if l.recorded != nil {
		c, rows := l.m.Config, len(l.rows)
		if l.recorded.kv {
			a.K, a.V = l.recorded.take(rows, c.KVDim()), l.recorded.take(rows, c.KVDim())
		}
		a.Out = l.recorded.take(rows, c.Dim)
	}
	l.m.Layer(n, l.acts, l.rows)
}

// head makes the logits of some rows of the pass, [len(rows), vocab]; they stay until
// the next call.
func (l *lane) head(rows []int) mat.Matrix {
	l.reserveLogits(len(rows))
	logits := l.logits.Rows(0, len(rows))
	l.headInto(logits, rows...)
	return logits
}

// reserveLogits takes memory for the logits of so many rows.
func (l *lane) reserveLogits(rows int) {
	if have := l.logits.NumRows(); have < rows {
		l.memory.Add(l.logitsBytes(rows - have))
		l.logits = mat.New(rows, l.m.Config.Vocab)
	}
}

// headInto writes what head returns into memory that there is.
func (l *lane) headInto(logits mat.Matrix, rows ...int) {
	l.m.Unembed(logits, l.acts.Norm1, l.acts.Out, rows...)
}

// scratch is the K and V of one sequence in the layer that the uncached lane is in:
// working memory, dropped before the next sequence and the next layer. Rows of a sequence
// follow each other, so that all sequences share one piece of it.
type scratch struct {
	kv    *kv.Contiguous // nil where nobody needs one
	owner *sequence      // whose rows it has
}

// newScratch makes room for one layer of a cache.
func newScratch(s kv.Spec, memory *sim.Memory) *scratch {
	c, err := kv.NewContiguous(s, kv.NewArena(0).In(memory))
	if err != nil { // an arena without a limit refuses nothing
		panic("run: " + err.Error())
	}
	return &scratch{kv: c}
}

// of returns the scratch as the cache of one sequence.
func (s *scratch) of(q *sequence) model.Cache {
	if q.scratch == nil {
		q.scratch = scratchOf{s, q}
	}
	return q.scratch
}

// clear forgets what the layer before left.
func (s *scratch) clear() { s.owner = nil }

type scratchOf struct {
	*scratch
	q *sequence
}

func (s scratchOf) Append(_ int, k, v []float32) {
	if s.owner != s.q {
		s.kv.Clear(0)
		s.scratch.owner = s.q
	}
	s.kv.Append(0, k, v)
}

func (s scratchOf) Sees(_, kvHead int) (k, v mat.Matrix, at []int) { return s.kv.Sees(0, kvHead) }
func (s scratchOf) Lasts() (row, pass bool)                        { return s.kv.Lasts() }
func (s scratchOf) Attended(int, int, []float32)                   {}

// computes reports whether a lane computes a sequence in the pass. The uncached lane waits
// where the sequence has more tokens than the recipe lets it run for: what it would pay is
// counted all the same.
func (e *engine) computes(lane sim.Lane, q *sequence) bool {
	return e.lanes[lane] != nil && (lane == sim.Cached || !q.waits)
}

// compares reports whether both lanes compute a sequence in the pass.
func (e *engine) compares(q *sequence) bool {
	return e.computes(sim.Cached, q) && e.computes(sim.Uncached, q)
}

// span is m rows of a lane's pass from row from on: those of one sequence that
// both lanes compute.
type span struct{ from, m int }

// appendLast appends the last n of its rows to rows.
func (s span) appendLast(rows []int, n int) []int {
	for i := s.from + s.m - n; i < s.from+s.m; i++ {
		rows = append(rows, i)
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
		} else if sees := q.cached + q.numScheduled; last {
			x, y = x.Cols(0, sees), y.Cols(0, sees)
		} else {
			continue
		}
		if !sameRows(x, y) {
			return op.Name
		}
	}
	hd, from := cached.m.Config.HeadDim, b.from+b.m-(q.cached+q.numScheduled)
	now := func(x mat.Matrix, h int) mat.Matrix { return x.Rows(from, b.from+b.m).Cols(h*hd, (h+1)*hd) }
	for h := range cached.m.Config.KVHeads {
		k, v, _ := q.cache.Sees(n, h)
		if !sameRows(k, now(uncached.acts.K, h)) {
			return "cached K"
		}
		if !sameRows(v, now(uncached.acts.V, h)) {
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

func sameBits(a, b []float32) bool { return mat.SameBits(a, b) }
