package run

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/token"
)

// sequence is one text on its way: its tokens, what each lane keeps of it, and
// what it says.
type sequence struct {
	tokens []int // every id fed so far, or about to be
	prompt int   // how many of them are the prompt
	cached int   // tokens in the cache before this pass
	fed    int   // tokens of this pass
	chosen int   // tokens generated so far

	cache   kv.Cache   // nil where the cached lane does not run
	record  *kv.Record // what the cache held at every moment
	scratch scratch    // of the uncached lane

	text    *token.Stream   // nil without a tokenizer
	written strings.Builder // the generated text so far

	proposed *sim.Speculation // of this pass, nil for none
	dists    [][]float64      // what its proposals were drawn from, [proposals][vocab]

	at [2]span // its rows in the pass of each lane
}

// say is the text that id completes; without a tokenizer there is none.
func (q *sequence) say(id int) string {
	if q.text == nil {
		return ""
	}
	return q.text.Next(id)
}

// rest are the tokens that are not fed yet: the whole prompt in prefill, one
// token in decode.
func (q *sequence) rest() []int { return q.tokens[q.cached:] }

// bill replaces what the counting cannot tell from shapes alone: the bytes that
// the cache holds now, and where they are not float32 what layer l read and, of
// held bytes before, what it wrote. l is -1 for the head.
func (q *sequence) bill(c *sim.Counters, l int, held int64) {
	c.KVBytes = q.cache.Use().Used
	if l >= 0 && q.record.Quantised() {
		c.KVReadBytes, c.KVWriteBytes = q.cache.LayerBytes(l), c.KVBytes-held
	}
}

// relive brings a new cache to where recorded passes left theirs: the rows that
// they kept are appended again. Their memory was there once, so it is again.
func (q *sequence) relive(m *model.Model, steps []sim.Step) error {
	for i := range steps {
		s := &steps[i]
		if s.Part == sim.HeadPart {
			q.cache.Settle()
			if s.Kept() < s.Rows {
				q.cache.Truncate(s.Cached + s.Kept())
			}
			continue
		}
		if s.Layer == 0 {
			if _, err := q.cache.Reserve(s.Rows); err != nil {
				return err
			}
		}
		m.Relive(s, q.cache)
	}
	return nil
}

// arena gives kept rows their memory: slabs of about a prompt's size, so that
// a decode step allocates no slab of its own most of the time.
type arena struct {
	free []float32
	slab int // numbers in the next slab
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
