package run

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// lane is one way of running the model, with its own working memory. The
// cached lane appends to a cache that lives as long as the run; the uncached
// lane clears its cache before every layer and computes every row again.
type lane struct {
	m      *model.Model
	keeps  bool        // true for the cached lane
	all    *model.Acts // working memory for the most rows a pass can have
	acts   *model.Acts // the rows of this pass
	cache  *kv.Cache
	logits []float32 // [vocab]
	pos    int       // position of the first row
}

func newLane(m *model.Model, capacity int, keeps bool) *lane {
	c := m.Config
	return &lane{
		m: m, keeps: keeps,
		all:    model.NewActs(c, capacity, capacity),
		cache:  kv.New(c.Layers, c.KVHeads, c.HeadDim, capacity),
		logits: make([]float32, c.Vocab),
	}
}

// begin starts a pass over tokens, the first of which stands at position pos.
func (l *lane) begin(tokens []int, pos int) {
	l.pos = pos
	l.acts = l.all.First(l.m.Config, len(tokens), pos+len(tokens))
	l.m.Embed(l.acts.X, tokens)
}

func (l *lane) layer(n int) error {
	if n > 0 { // what left one layer enters the next
		l.acts.X, l.acts.Out = l.acts.Out, l.acts.X
	}
	if !l.keeps {
		l.cache.Clear()
	}
	return l.m.Layer(n, l.acts, l.pos, l.cache)
}

func (l *lane) head() { l.m.Head(l.logits, l.acts.Norm1, l.acts.Out) }

// restore fills the cache with the first n positions of an earlier run.
func (l *lane) restore(from sim.KVCache, n int) {
	c := l.m.Config
	l.cache = kv.Fork(from, n, c.Layers, c.KVHeads, c.HeadDim, l.all.X.NumRows())
}

// differs names the first op of layer n whose bits differ between the lanes,
// or is "". All results of the new rows are compared, and with them the whole
// cache: the K and V that one lane kept against those the other just computed.
func differs(n int, cached, uncached *lane) string {
	skip := uncached.acts.X.NumRows() - cached.acts.X.NumRows()
	other := uncached.acts.Ops()
	for i, op := range cached.acts.Ops() {
		theirs := other[i].M
		if op.PerToken() {
			theirs = theirs.Rows(skip, theirs.NumRows())
		}
		if !sameRows(op.M, theirs) {
			return op.Name
		}
	}
	for h := range cached.m.Config.KVHeads {
		if !sameRows(cached.cache.Keys(n, h), uncached.cache.Keys(n, h)) {
			return "cached K"
		}
		if !sameRows(cached.cache.Values(n, h), uncached.cache.Values(n, h)) {
			return "cached V"
		}
	}
	return ""
}

func sameRows(a, b mat.Matrix) bool {
	for i := range a.NumRows() {
		if !sameBits(a.Row(i), b.Row(i)) {
			return false
		}
	}
	return a.NumRows() == b.NumRows()
}

func sameBits(a, b []float32) bool {
	for i, x := range a {
		if math.Float32bits(x) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// arena gives kept rows their memory: slabs of about a prompt's size, so that
// a decode step allocates no slab of its own most of the time.
type arena struct {
	free []float32
	slab int        // numbers in the next slab
	last mat.Matrix // Out of the layer kept last
}

// newArena sizes slabs for 16 tokens: every layer keeps Q, K, V and Out, and
// layer 0 its X.
func newArena(c sim.Config, capacity int) arena {
	perToken := c.Layers*(c.QDim()+2*c.KVDim()+c.Dim) + c.Dim
	return arena{slab: min(capacity, 16) * perToken}
}

func (a *arena) keep(m mat.Matrix) mat.Matrix {
	n := m.NumRows() * m.NumCols()
	if n > len(a.free) {
		a.free = make([]float32, max(n, a.slab))
	}
	kept := mat.Of(m.NumRows(), m.NumCols(), a.free[:n:n])
	a.free = a.free[n:]
	for i := range m.NumRows() {
		copy(kept.Row(i), m.Row(i))
	}
	return kept
}
