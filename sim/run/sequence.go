package run

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/token"
)

// sequence is one text on its way: its tokens, what each lane keeps of it, and
// what it says.
type sequence struct {
	id           int
	tokens       []int // every id fed so far, or about to be
	prompt       int   // how many of them are the prompt
	maxNew       int
	maxTokens    int // that it can feed
	cached       int // tokens in the cache before this pass
	numGenerated int // tokens so far

	numScheduled int              // tokens of this pass
	numLogits    int              // of them, rows that get logits
	at           [2]span          // its rows in the pass of each lane
	proposed     *sim.Speculation // of this pass, nil for none
	dists        [][]float64      // what its proposals were drawn from, [proposals][vocab]

	cache  kv.Cache   // nil where the cached lane does not run
	record *kv.Record // what the cache held at every moment
	last   mat.Matrix // Out of the layer kept last

	text    *token.Stream   // nil without a tokenizer
	written strings.Builder // the generated text so far
	changed *int            // the first choice that the exact numbers would have made otherwise

	arrive, started, first, ended int // passes: -1 for not yet; first is that of the first token
	reused                        int // tokens of the prompt found in blocks of others
	finishReason                  string
}

func newSequence(m *library.Loaded, id int, r request) *sequence {
	q := &sequence{
		id: id, prompt: len(r.prompt), maxNew: r.maxNew, maxTokens: recipe.Fed(len(r.prompt), r.maxNew),
		arrive: r.arrive, started: -1, first: -1, ended: -1,
	}
	q.tokens = append(make([]int, 0, q.maxTokens+1), r.prompt...)
	q.hear(m.Tokenizer)
	return q
}

// hear starts the text after the prompt.
func (q *sequence) hear(t token.Tokenizer) {
	if t == nil {
		return
	}
	q.text = token.NewStream(t)
	for _, id := range q.tokens[:q.prompt] {
		q.text.Next(id)
	}
}

// write adds a token to the text and gives the characters that it completes;
// without a tokenizer there are none.
func (q *sequence) write(id int) string {
	q.numGenerated++
	if q.text == nil {
		return ""
	}
	text := q.text.Next(id)
	q.written.WriteString(text)
	return text
}

// flush is what is left of a character that will never be whole.
func (q *sequence) flush() string {
	if q.text == nil {
		return ""
	}
	text := q.text.Flush()
	q.written.WriteString(text)
	return text
}

// free gives its memory back.
func (q *sequence) free() {
	if q.cache != nil {
		q.cache.Free()
		q.cache = nil
	}
}

// pending are the tokens that are not fed yet: the prompt in prefill, one token in
// decode.
func (q *sequence) pending() []int { return q.tokens[q.cached:] }

// before are the tokens that stand before what row of the logits of s predicts.
func (q *sequence) before(s *sim.Step, row int) []int {
	return s.Tokens[:len(s.Tokens)-q.numLogits+1+row]
}

// running tells whether it has begun and not ended.
func (q *sequence) running() bool { return q.started >= 0 && q.finishReason == "" }

// end notes why a sequence ended, if it did.
func (q *sequence) end(why string, pass int) {
	if why != "" && q.finishReason == "" {
		q.finishReason, q.ended = why, pass
	}
}

// relive brings a new cache to where recorded passes left theirs: the rows that
// they kept are appended again. Their memory was there once, so it is again.
func (q *sequence) relive(m *model.Model, steps []sim.Step) error {
	for i := range steps {
		s := &steps[i]
		if s.Part == sim.HeadPart {
			q.cache.Settle()
			if s.Committed() < s.Rows {
				q.cache.Truncate(s.Cached + s.Committed())
			}
			continue
		}
		if s.Layer == 0 {
			if _, err := q.cache.Reserve(s.Rows); err != nil {
				return err
			}
		}
		m.AppendRecorded(s, q.cache)
	}
	return nil
}

// arena gives kept rows their memory, slab by slab, so that a decode step allocates
// none of its own most of the time.
type arena struct {
	free     []float32
	slab     int         // numbers in the next slab
	perToken int         // numbers that all layers keep of a token
	matrices int         // in which they are
	memory   *sim.Memory // counts what no step has
	rest     int64       // which is so much, bytes
}

// newArena sizes slabs for 16 tokens, and for as many as fill a large page (mat.Slab), but
// for no more than there can be.
func newArena(c sim.Config, capacity int, memory *sim.Memory) arena {
	const page = 1 << 19 // numbers
	n := keptNumbers(c)
	return arena{slab: min(capacity*n, max(16*n, page)), perToken: n, matrices: 4*c.Layers + 1, memory: memory}
}

// keptNumbers are those that steps keep of a token: every layer has Q, K, V and Out, and
// layer 0 its X.
func keptNumbers(c sim.Config) int { return c.Layers*(c.QDim()+2*c.KVDim()+c.Dim) + c.Dim }

// reserve takes the memory that a pass of so many rows will keep, in one piece.
func (a *arena) reserve(rows int) {
	if need := a.need(rows); need > len(a.free) {
		a.grow(need)
	}
}

// need is how many numbers a pass of so many rows keeps, each matrix up to a whole line.
func (a *arena) need(rows int) int { return rows*a.perToken + a.matrices*(mat.RoundToLine(1)-1) }

func (a *arena) grow(n int) {
	size := mat.RoundToLine(max(n, a.slab))
	a.count(mat.SlabBytes(size)) // what is left of the one before stays there: rows stand before it
	a.free = mat.Slab(size)
}

// count notes bytes that are held, and that no step has.
func (a *arena) count(n int64) {
	a.memory.Add(n)
	a.rest += n
}

// take is memory for a matrix, all of which the caller writes. From then on whoever keeps
// the step counts it.
func (a *arena) take(rows, cols int) mat.Matrix {
	n := rows * cols
	if mat.RoundToLine(n) > len(a.free) {
		a.grow(n)
	}
	m := mat.Of(rows, cols, a.free[:n:n])
	a.free = a.free[mat.RoundToLine(n):]
	a.memory.Hand(4 * int64(n))
	a.rest -= 4 * int64(n)
	return m
}

// wants is how many bytes more a pass of so many rows will keep, those included that it
// takes for later ones.
func (a *arena) wants(rows int) int64 {
	need := a.need(rows)
	if need <= len(a.free) {
		return 0 // what steps keep is what was free
	}
	return mat.SlabBytes(max(need, a.slab))
}

func (a *arena) keep(m mat.Matrix) mat.Matrix {
	kept := a.take(m.NumRows(), m.NumCols())
	for i := range m.NumRows() {
		copy(kept.Row(i), m.Row(i))
	}
	return kept
}
