// Package run executes a recipe as a sequence of steps: prefill, then decode,
// in both lanes, with one pause after every layer and every choice of a token.
package run

import (
	"context"
	"iter"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
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
		e, err := newEngine(ctx, m, r, clock, prompt, prefix)
		if err == nil {
			err = e.run(yield)
		}
		if err != nil {
			yield(sim.Step{}, err)
		}
	}
}

// run is the whole life of a recipe: passes until one says done.
func (e *engine) run(yield func(sim.Step, error) bool) error {
	for {
		if err := e.begin(); err != nil {
			return err
		}
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
		e.pass++
	}
}

// engine is the state of a run between two steps.
type engine struct {
	ctx    context.Context
	m      *Loaded
	recipe sim.Recipe
	shape  cost.Shape // of the model, as the cache policy has it
	count  cost.Switches
	clock  Clock

	lanes   [2]*lane  // nil where the recipe leaves a lane out
	memory  *kv.Arena // of the cached lane's caches
	seq     *sequence
	drafter *drafter   // nil without a draft model
	rows    arena      // kept rows of all steps
	last    mat.Matrix // Out of the layer kept last

	pass    int
	n       int // steps yielded so far
	totals  [2]sim.Counters
	changed *int // the first choice that the exact numbers would have made otherwise
}

func newEngine(ctx context.Context, m *Loaded, r sim.Recipe, clock Clock, prompt []int, prefix []sim.Step) (*engine, error) {
	c := m.Model.Config
	most := len(prompt) + r.MaxNew - 1
	e := &engine{
		ctx: ctx, m: m, recipe: r, clock: clock, shape: cost.For(c, r.Cache),
		count:  cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"},
		memory: kv.NewArena(r.Cache.Budget), rows: newArena(c, most),
		seq: &sequence{tokens: append(make([]int, 0, most+1), prompt...), prompt: len(prompt)},
	}
	q := e.seq
	if m.Tokenizer != nil {
		q.text = token.NewStream(m.Tokenizer)
	}
	for _, id := range prompt {
		q.say(id)
	}
	if r.Lanes != "uncached" {
		e.lanes[sim.Cached] = newLane(m.Model, most, most)
		cache, err := kv.New(kv.SpecOf(c, most), r.Cache, e.memory)
		if err != nil {
			return nil, err
		}
		q.cache, q.record = cache, kv.NewRecord(kv.SpecOf(c, most), r.Cache)
	}
	if r.Lanes != "cached" {
		e.lanes[sim.Uncached] = newLane(m.Model, most, most)
		q.scratch = newScratch(kv.SpecOf(c, most))
	}
	if r.Draft != "" {
		draft, err := m.sibling(r.Draft)
		if err != nil {
			return nil, err
		}
		if e.drafter, err = newDrafter(draft.Model, most, r, e.count, clock); err != nil {
			return nil, err
		}
	}
	if len(prefix) > 0 {
		return e, e.resume(prefix)
	}
	return e, nil
}

// resume takes up the state after the pass that prefix ends with.
func (e *engine) resume(prefix []sim.Step) error {
	q, last := e.seq, &prefix[len(prefix)-1]
	for i := range prefix {
		s := &prefix[i]
		for _, id := range s.Chosen() {
			q.written.WriteString(q.say(id))
			q.chosen++
		}
		if s.Effect != nil {
			e.changed = s.Effect.Changed
		}
	}
	e.n, e.pass, e.totals = last.N+1, last.Pass+1, last.Totals
	q.tokens, q.cached = append(q.tokens[:0], last.Standing()...), last.Cached+last.Kept()
	if e.drafter != nil {
		e.drafter.resume(prefix)
	}
	if q.cache == nil {
		return nil
	}
	q.record = last.KV.(kv.View).First(q.cached)
	return q.relive(e.m.Model, prefix)
}

// begin starts a pass: the cache takes the memory for the tokens to come, as
// far as there is any, and both lanes embed the tokens they will compute.
func (e *engine) begin() error {
	q := e.seq
	if err := e.propose(); err != nil {
		return err
	}
	rest := q.rest()
	if q.cache != nil {
		room, err := q.cache.Reserve(len(rest))
		if room == 0 && err != nil {
			return err
		}
		rest = rest[:room]
	}
	q.fed = len(rest)
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		lane.begin()
		if sim.Lane(i) == sim.Cached {
			q.at[i] = span{lane.add(rest, q.cached, q.record.Watch(q.cache)), q.fed}
		} else {
			q.at[i] = span{lane.add(q.tokens[:q.cached+q.fed], 0, q.scratch) + q.cached, q.fed}
		}
		lane.ready()
	}
	return nil
}

// layer runs layer l in every lane and compares them.
func (e *engine) layer(l int) (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	s, q := e.step(sim.LayerPart, l), e.seq
	if lane := e.lanes[sim.Cached]; lane != nil {
		held := q.cache.Use().Used
		start := e.clock()
		lane.layer(l)
		c := e.shape.Layer(l, s.Rows, s.Cached, e.count)
		c.Seconds = e.clock() - start
		q.bill(&c, l, held)
		e.pay(&s, sim.Cached, c)
	}
	if lane := e.lanes[sim.Uncached]; lane != nil {
		q.scratch.Clear(0)
		start := e.clock()
		lane.layer(l)
		c := cost.Uncached(cost.Layer(e.m.Model.Config, l, s.Cached+s.Rows, 0, e.count))
		c.Seconds = e.clock() - start
		e.pay(&s, sim.Uncached, c)
	}
	if s.Ran[sim.Cached] && s.Ran[sim.Uncached] {
		s.Differs = differs(l, e.lanes[sim.Cached], e.lanes[sim.Uncached], q.at[sim.Cached], q.at[sim.Uncached], q.cache, q.scratch)
	}
	e.keep(&s)
	e.finish(&s)
	return s, nil
}

// head runs the head in every lane, compares the logits and chooses a token. The
// rows that get logits are the last one, and those of proposals before it.
func (e *engine) head() (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	s, q := e.step(sim.HeadPart, -1), e.seq
	n := 1
	if s.Speculation != nil {
		n += len(s.Speculation.Proposed)
	}
	var logits [2]mat.Matrix // [n, vocab]
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		start := e.clock()
		logits[i] = lane.head(q.at[i].last(n))
		seconds := e.clock() - start
		var c sim.Counters
		if sim.Lane(i) == sim.Cached {
			c = e.shape.HeadOf(s.Rows, s.Cached, n, e.count)
			q.bill(&c, -1, 0)
		} else {
			c = cost.Uncached(cost.Of(e.m.Model.Config).HeadOf(s.Cached+s.Rows, 0, n, e.count))
		}
		c.Seconds = seconds
		e.pay(&s, sim.Lane(i), c)
	}
	if s.Ran[sim.Cached] && s.Ran[sim.Uncached] && !sameRows(logits[0], logits[1]) {
		s.Differs = "logits"
	}
	e.keep(&s)
	if q.cache != nil {
		q.cache.Settle()
		q.record.Settled(q.cache)
	}
	return s, e.choose(&s, logits)
}

// choose picks the next token from the logits and says whether the run goes on.
// Of the rows of proposals those are kept that are accepted.
func (e *engine) choose(s *sim.Step, logits [2]mat.Matrix) error {
	defer e.finish(s)
	q := e.seq
	ours := logits[sim.Cached]
	if !s.Ran[sim.Cached] {
		ours = logits[sim.Uncached]
	}
	if q.cached+q.fed < len(q.tokens) { // there was no memory for the whole prompt
		s.Logits, s.Done = ours.Row(0), sim.DoneMemory
		return nil
	}
	if err := e.verify(s, ours); err != nil {
		return err
	}
	row := 0 // whose logits gave the token
	if s.Speculation != nil {
		row = s.Speculation.Accepted
	}
	s.Logits = ours.Row(row)
	past := s.Tokens[:len(s.Tokens)-ours.NumRows()+1+row]
	choice, err := sample.Choose(s.Logits, e.recipe.Sampler, uint64(q.chosen+row), past)
	if err != nil {
		return err
	}
	if s.Top = choice.Top; s.Speculation == nil {
		s.Token, s.Choice = choice.Token, &choice.Choice
	}
	if s.Ran[sim.Cached] && s.Ran[sim.Uncached] {
		if s.Effect, err = e.effect(s.Token, past, logits[sim.Cached].Row(row), logits[sim.Uncached].Row(row)); err != nil {
			return err
		}
	}
	for _, f := range e.recipe.Forced {
		if f.Pass == e.pass {
			s.Token = f.Token
		}
	}
	e.write(s)
	return nil
}

// write adds what was chosen to the text, up to where the run ends, takes out of
// the cache what does not stay, and sees to the memory of the next pass.
func (e *engine) write(s *sim.Step) {
	q := e.seq
	for i, id := range s.Chosen() {
		text := q.say(id)
		s.Text += text
		q.written.WriteString(text)
		q.chosen++
		if s.Done = e.done(id); s.Done != "" {
			if s.Token = id; s.Speculation != nil { // later ones are never said
				s.Speculation.Accepted = i
			}
			break
		}
	}
	q.cached += s.Kept()
	if q.tokens = q.tokens[:q.cached]; s.Kept() < s.Rows {
		q.tokens = slices.Clone(q.tokens) // steps remember the rejected ones behind these
	}
	q.tokens = append(q.tokens, s.Token) // fed in the next pass; the last one never is
	if q.cache != nil {
		if s.Kept() < s.Rows {
			q.cache.Truncate(q.cached)
			q.record = q.record.First(q.cached)
		}
		if s.Done == "" {
			if _, err := q.cache.Reserve(1); err != nil {
				s.Done = sim.DoneMemory
			}
		}
	}
	if s.Done != "" && q.text != nil {
		s.Text += q.text.Flush() // bytes of a character that will never be whole
	}
}

// done says why the run ends after this token, or "".
func (e *engine) done(id int) string {
	switch {
	case id == e.m.Model.Config.EOS:
		return sim.DoneEOS
	case containsAny(e.seq.written.String(), e.recipe.Stop):
		return sim.DoneStop
	case e.seq.chosen == e.recipe.MaxNew:
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
	phase, q := sim.Decode, e.seq
	if e.pass == 0 {
		phase = sim.Prefill
	}
	fed := q.cached + q.fed
	s := sim.Step{
		N: e.n, Pass: e.pass, Phase: phase, Part: part, Layer: layer,
		Rows: q.fed, Cached: q.cached, Tokens: q.tokens[:fed:fed], Token: -1,
	}
	if q.proposed != nil {
		proposed := *q.proposed // the head adds its verdicts to a copy
		s.Speculation = &proposed
	}
	return s
}

func (e *engine) pay(s *sim.Step, lane sim.Lane, c sim.Counters) {
	s.Ran[lane], s.Lanes[lane] = true, c
	e.totals[lane] = cost.Add(e.totals[lane], c)
}

// keep copies the rows a step must remember out of the lane's working memory,
// and views the cache as it stands.
func (e *engine) keep(s *sim.Step) {
	q, i := e.seq, sim.Cached
	if e.lanes[i] == nil {
		i = sim.Uncached
	}
	if s.Part == sim.HeadPart {
		s.X = e.last
	} else {
		a, at := e.lanes[i].acts, q.at[i]
		kept := func(x mat.Matrix) mat.Matrix { return e.rows.keep(x.Rows(at.from, at.from+at.m)) }
		if s.X = e.last; s.Layer == 0 { // otherwise what left one layer enters the next
			s.X = kept(a.X)
		}
		s.Q, s.K, s.V, s.Out = kept(a.Q), kept(a.K), kept(a.V), kept(a.Out)
		e.last = s.Out
	}
	if q.cache == nil {
		return
	}
	done := e.m.Model.Config.Layers - 1
	if s.Part == sim.LayerPart {
		done = s.Layer
		q.record.Keep(s.Layer, s.K, s.V)
	}
	s.KV = q.record.At(q.cache, done, s.Cached, s.Cached+s.Rows)
}

func (e *engine) finish(s *sim.Step) {
	s.Identical = s.Differs == ""
	s.Totals = e.totals
	e.n++
}
