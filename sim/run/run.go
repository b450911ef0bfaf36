// Package run executes a recipe as a sequence of steps: prefill, then decode,
// in both lanes, with one pause after every layer and every choice of a token.
package run

import (
	"context"
	"iter"
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/mat"
	"kvstep/sim/sample"
	"kvstep/sim/token"
)

// Clock tells measured time in seconds from any fixed moment.
type Clock func() float64

// Steps runs a recipe. Pausing is iteration: the body is an ordinary forward
// pass with one yield per layer, and a consumer that stops pulling stops the
// model. An error ends the sequence; so does ctx, between two layers.
//
// With prefix (steps of an earlier run of the same recipe, up to the end of
// some pass) the run goes on from there instead of from the prompt.
func Steps(ctx context.Context, m *Loaded, r sim.Recipe, clock Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return func(yield func(sim.Step, error) bool) {
		prompt, err := m.Prepare(r)
		if err != nil {
			yield(sim.Step{}, err)
			return
		}
		e := newEngine(ctx, m, r, clock, prompt, prefix)
		if err := e.run(yield); err != nil {
			yield(sim.Step{}, err)
		}
	}
}

// run is the whole life of a recipe: passes until one says done.
func (e *engine) run(yield func(sim.Step, error) bool) error {
	for {
		rows := e.tokens[e.cached:] // the whole prompt in prefill, one token in decode
		e.begin(rows)
		for l := range e.m.Model.Config.Layers {
			step, err := e.layer(l)
			if err != nil {
				return err
			}
			if !yield(step, nil) {
				return nil
			}
		}
		step, err := e.head()
		if err != nil || !yield(step, nil) || step.Done != "" {
			return err
		}
		// The chosen token is fed in the next pass; the last one never is.
		e.cached = len(e.tokens)
		e.tokens = append(e.tokens, step.Token)
		e.pass++
	}
}

// engine is the state of a run between two steps.
type engine struct {
	ctx    context.Context
	m      *Loaded
	recipe sim.Recipe
	count  cost.Switches
	clock  Clock

	lanes   [2]*lane // nil where the recipe leaves a lane out
	rows    arena    // kept rows of all steps
	text    *token.Stream
	tokens  []int // every id fed so far, or about to be
	prompt  int   // how many of them are the prompt
	cached  int   // tokens in the cache before this pass
	pass    int
	n       int // steps yielded so far
	totals  [2]sim.Counters
	written strings.Builder // the generated text so far
}

func newEngine(ctx context.Context, m *Loaded, r sim.Recipe, clock Clock, prompt []int, prefix []sim.Step) *engine {
	c := m.Model.Config
	capacity := len(prompt) + r.MaxNew - 1
	e := &engine{
		ctx: ctx, m: m, recipe: r, clock: clock, prompt: len(prompt),
		count:  cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"},
		rows:   newArena(c, capacity),
		tokens: append(make([]int, 0, capacity+1), prompt...),
	}
	if m.Tokenizer != nil {
		e.text = token.NewStream(m.Tokenizer)
	}
	for _, id := range prompt {
		e.say(id)
	}
	if r.Lanes != "uncached" {
		e.lanes[sim.Cached] = newLane(m.Model, capacity, true)
	}
	if r.Lanes != "cached" {
		e.lanes[sim.Uncached] = newLane(m.Model, capacity, false)
	}
	if len(prefix) > 0 {
		e.resume(prefix)
	}
	return e
}

// resume takes up the state after the pass that prefix ends with.
func (e *engine) resume(prefix []sim.Step) {
	last := prefix[len(prefix)-1]
	for _, s := range prefix {
		if s.Part == sim.HeadPart {
			e.tokens = append(e.tokens, s.Token)
			e.written.WriteString(e.say(s.Token))
		}
	}
	e.n, e.pass, e.totals = last.N+1, last.Pass+1, last.Totals
	e.cached = len(last.Tokens)
	if cached := e.lanes[sim.Cached]; cached != nil {
		cached.restore(last.KV, e.cached)
	}
}

// begin starts a pass: both lanes embed the tokens they will compute.
func (e *engine) begin(rows []int) {
	for i, lane := range e.lanes {
		switch {
		case lane == nil:
		case sim.Lane(i) == sim.Cached:
			lane.begin(rows, e.cached)
		default:
			lane.begin(e.tokens, 0)
		}
	}
}

// layer runs layer l in every lane and compares them.
func (e *engine) layer(l int) (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	s := e.step(sim.LayerPart, l)
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		start := e.clock()
		if err := lane.layer(l); err != nil {
			return sim.Step{}, err
		}
		seconds := e.clock() - start
		if sim.Lane(i) == sim.Cached {
			e.pay(&s, sim.Cached, cost.Layer(e.m.Model.Config, l, s.Rows, s.Cached, e.count), seconds)
		} else {
			e.pay(&s, sim.Uncached, cost.Uncached(cost.Layer(e.m.Model.Config, l, s.Cached+s.Rows, 0, e.count)), seconds)
		}
	}
	if s.Ran[sim.Cached] && s.Ran[sim.Uncached] {
		s.Differs = differs(l, e.lanes[sim.Cached], e.lanes[sim.Uncached])
	}
	e.keep(&s)
	return e.finish(s), nil
}

// head runs the head in every lane, compares the logits and chooses a token.
func (e *engine) head() (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	s := e.step(sim.HeadPart, -1)
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		start := e.clock()
		lane.head()
		seconds := e.clock() - start
		if sim.Lane(i) == sim.Cached {
			e.pay(&s, sim.Cached, cost.Head(e.m.Model.Config, s.Rows, s.Cached, e.count), seconds)
		} else {
			e.pay(&s, sim.Uncached, cost.Uncached(cost.Head(e.m.Model.Config, s.Cached+s.Rows, 0, e.count)), seconds)
		}
		s.Logits = lane.logits
	}
	if s.Ran[sim.Cached] && s.Ran[sim.Uncached] {
		if !sameBits(e.lanes[sim.Cached].logits, e.lanes[sim.Uncached].logits) {
			s.Differs = "logits"
		}
	}
	s.Logits = append([]float32(nil), s.Logits...)
	e.keep(&s)

	choice, err := sample.Choose(s.Logits, e.recipe.Sampler, uint64(e.pass), s.Tokens)
	if err != nil {
		return sim.Step{}, err
	}
	s.Token, s.Top, s.Choice = choice.Token, choice.Top, &choice.Choice
	for _, f := range e.recipe.Forced {
		if f.Pass == e.pass {
			s.Token = f.Token
		}
	}
	s.Text = e.say(s.Token)
	e.written.WriteString(s.Text)
	if s.Done = e.done(s.Token); s.Done != "" && e.text != nil {
		s.Text += e.text.Flush() // bytes of a character that will never be whole
	}
	return e.finish(s), nil
}

// say is the text that id completes; without a tokenizer there is none.
func (e *engine) say(id int) string {
	if e.text == nil {
		return ""
	}
	return e.text.Next(id)
}

// done says why the run ends after this token, or "".
func (e *engine) done(id int) string {
	switch {
	case id == e.m.Model.Config.EOS:
		return sim.DoneEOS
	case containsAny(e.written.String(), e.recipe.Stop):
		return sim.DoneStop
	case e.pass+1 == e.recipe.MaxNew:
		return sim.DoneMaxNew
	}
	return ""
}

func containsAny(text string, stops []string) bool {
	for _, s := range stops {
		if s != "" && strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// step fills in what is known before the work is done.
func (e *engine) step(part sim.Part, layer int) sim.Step {
	phase := sim.Decode
	if e.pass == 0 {
		phase = sim.Prefill
	}
	return sim.Step{
		N: e.n, Pass: e.pass, Phase: phase, Part: part, Layer: layer,
		Rows: len(e.tokens) - e.cached, Cached: e.cached,
		Tokens: e.tokens[:len(e.tokens):len(e.tokens)], Token: -1,
	}
}

func (e *engine) pay(s *sim.Step, lane sim.Lane, c sim.Counters, seconds float64) {
	c.Seconds = seconds
	s.Ran[lane], s.Lanes[lane] = true, c
	e.totals[lane] = cost.Add(e.totals[lane], c)
}

// keep copies the rows a step must remember out of the lane's working memory.
func (e *engine) keep(s *sim.Step) {
	lane := e.lanes[sim.Cached]
	if lane == nil {
		lane = e.lanes[sim.Uncached]
	} else {
		done := s.Layer
		if s.Part == sim.HeadPart {
			done = e.m.Model.Config.Layers - 1
		}
		s.KV = lane.cache.At(done, s.Cached, s.Cached+s.Rows)
	}
	last := func(x mat.Matrix) mat.Matrix {
		return e.rows.keep(x.Rows(x.NumRows()-s.Rows, x.NumRows()))
	}
	if s.Part == sim.HeadPart {
		s.X = e.rows.last
		return
	}
	a := lane.acts
	if s.Layer == 0 {
		s.X = last(a.X)
	} else {
		s.X = e.rows.last // what left one layer enters the next
	}
	s.Q, s.K, s.V = last(a.Q), last(a.K), last(a.V)
	s.Out = last(a.Out)
	e.rows.last = s.Out
}

func (e *engine) finish(s sim.Step) sim.Step {
	s.Identical = s.Differs == ""
	s.Totals = e.totals
	e.n++
	return s
}
