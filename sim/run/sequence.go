package run

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/schedule"
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

	cache   kv.Cache    // nil where the cached lane does not run
	history *kv.History // what the cache held at every moment
	scratch model.Cache // its rows in the working memory of the uncached lane
	last    mat.Matrix  // Out of the layer kept last

	waits    bool // it has too many tokens for the uncached lane, which only counts it from now on
	compared int  // tokens in which the lanes were compared while that ran
	differed bool // and in which some op had other bits

	text    *token.Stream   // nil without a tokenizer
	written strings.Builder // the generated text so far
	changed *int            // the first choice that the exact numbers would have made otherwise

	state                         schedule.State
	arrive, started, first, ended int // passes: -1 for not yet; first is that of the first token
	reused                        int // tokens of the prompt found in blocks of others
	preempted, preemptedIn        int // how often it gave its memory back, and in which pass last
	redo                          int // tokens that had been computed when it did
	recomputed                    int // tokens computed again so far
	recomputing                   int // of them, in this pass
	finishReason                  string
}

func newSequence(m *library.Loaded, id int, r request) *sequence {
	q := &sequence{
		id: id, prompt: len(r.prompt), maxNew: r.maxNew, maxTokens: recipe.Fed(len(r.prompt), r.maxNew),
		arrive: r.arrive, started: -1, first: -1, ended: -1,
	}
	q.tokens = append(make([]int, 0, q.maxTokens+1), r.prompt...)
	q.startText(m.Tokenizer)
	return q
}

// startText starts the text after the prompt.
func (q *sequence) startText(t token.Tokenizer) {
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

// noteDiffers notes in a step the first op that differs between the lanes, if one does.
func (q *sequence) noteDiffers(s *sim.Step, op string) {
	q.differed = q.differed || op != ""
	s.Differs, s.Differed = op, q.differed
}

// flush returns what is left of a character that will never be whole.
func (q *sequence) flush() string {
	if q.text == nil {
		return ""
	}
	text := q.text.Flush()
	q.written.WriteString(text)
	return text
}

// hold gives it a cache, and a history of what that does from now on.
func (q *sequence) hold(c kv.Cache, h *kv.History) {
	q.cache, q.history = c, h
	c.Report(h)
}

// free gives its memory back.
func (q *sequence) free() {
	if q.cache != nil {
		q.cache.Free()
		q.cache = nil
	}
}

// pending returns the tokens that are not fed yet: the prompt in prefill, one token in
// decode.
func (q *sequence) pending() []int { return q.tokens[q.cached:] }

// before returns the tokens that stand before what row of the logits of s predicts.
func (q *sequence) before(s *sim.Step, row int) []int {
	return s.Tokens[:len(s.Tokens)-q.numLogits+1+row]
}

// number returns which choice of the sequence a row of the logits of s is for, from 0.
func (q *sequence) number(s *sim.Step, row int) int { return len(q.before(s, row)) - q.prompt }

// inPrefill reports whether tokens wait that are of its prompt, or that are recomputed.
func (q *sequence) inPrefill() bool { return q.cached < max(q.prompt, q.redo) }

// join notes that it has a slot from this pass on.
func (q *sequence) join(pass int) {
	if q.state = schedule.Running; q.started < 0 {
		q.started = pass
	}
}

// preempt notes that its memory is gone: what was in it is recomputed later.
func (q *sequence) preempt(pass int) {
	q.state, q.preemptedIn = schedule.Preempted, pass
	q.preempted++
	q.numScheduled = 0
	if q.cached > q.reused { // else it has computed nothing yet
		q.redo = max(q.redo, q.cached)
	}
	q.drop()
}

// drop gives its memory back and forgets what was in it.
func (q *sequence) drop() {
	q.free()
	q.cached, q.reused = 0, 0
}

// end notes why a sequence ended, if it did.
func (q *sequence) end(why string, pass int) {
	if why != "" && q.finishReason == "" {
		q.finishReason, q.ended, q.state = why, pass, schedule.Finished
	}
}

// rebuild brings a new cache to where recorded passes left theirs: the rows that
// they kept are appended again. Their memory was there once, so it is again.
func (q *sequence) rebuild(m *model.Model, steps []sim.Step) error {
	for i := range steps {
		s := &steps[i]
		if s.Part == sim.HeadPart {
			q.cache.EndPass()
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
