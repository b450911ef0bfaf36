// Package run executes a recipe as a sequence of steps: prefill, then decode,
// in both lanes, with one pause after every layer and every choice of a token.
package run

import (
	"context"
	"iter"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
)

// Clock tells measured time in seconds from any fixed moment.
type Clock func() float64

// Steps runs a recipe. Pausing is iteration: the body is an ordinary forward
// pass with one yield per layer, and a consumer that stops pulling stops the
// model. An error ends the sequence; so does ctx, between two layers.
//
// With prefix (steps of an earlier run of the same recipe, up to the end of
// some pass) the run goes on from there instead of from the prompt. A run of several
// sequences is lived again up to there, and yields the steps of the prefix once more:
// each is work, and whoever pulls may want to do something else in between.
func Steps(ctx context.Context, m *Loaded, r sim.Recipe, clock Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return func(yield func(sim.Step, error) bool) {
		if _, err := m.Prepare(r); err != nil {
			yield(sim.Step{}, err)
			return
		}
		e, err := newEngine(ctx, m, r, clock, prefix)
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
	clock  Clock

	lanes   [2]*lane      // nil where the recipe leaves a lane out
	memory  *kv.Arena     // of the cached lane's caches
	pool    *kv.Pool      // where they are paged
	all     []*sequence   // of the run, by number; of a beam search those of the pass
	live    []*sequence   // those that the pass computes, in the order of their rows
	prompts *promptBlocks // blocks of prompts that others may begin with, nil if they may not
	drafter *drafter      // nil without a draft model
	beams   *beamSearch   // nil without one
	rows    arena         // kept rows of all steps

	told   []*told   // heads that still look at the lanes' logits
	only   sim.Step  // the step at hand of a run of one sequence
	prices [2]prices // by Lane
	pass   int
	n      int // steps made so far
	looked int // how often planning a pass has asked a sequence for its room, from one schedule on
	totals [2]sim.Counters
}

func newEngine(ctx context.Context, m *Loaded, r sim.Recipe, clock Clock, prefix []sim.Step) (*engine, error) {
	e := &engine{
		ctx: ctx, m: m, recipe: r, clock: clock,
		memory: kv.NewArena(r.Cache.Budget),
	}
	count := cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"}
	e.prices[sim.Cached] = prices{lane: sim.Cached, shape: cost.For(m.Model.Config, r.Cache), count: count}
	e.prices[sim.Uncached] = prices{lane: sim.Uncached, shape: cost.Of(m.Model.Config), count: count}
	requests, err := m.requests(r)
	if err != nil {
		return nil, err
	}
	most := 0
	for i, q := range requests {
		e.all = append(e.all, newSequence(m, i, q))
		most = max(most, e.all[i].most)
	}
	if err := e.fits(); err != nil {
		return nil, err
	}
	e.rows = newArena(m.Model.Config, most)
	if r.Lanes != "uncached" {
		e.lanes[sim.Cached] = newLane(m.Model)
		e.lanes[sim.Cached].kept = &e.rows
	}
	if r.Lanes != "cached" {
		e.lanes[sim.Uncached] = newLane(m.Model)
	}
	if r.Cache.Kind == sim.CachePaged {
		e.pool = kv.NewPool(kv.SpecOf(m.Model.Config, most), r.Cache.Block, e.memory)
	}
	if r.Batch != nil && r.Batch.Share {
		e.prompts = &promptBlocks{block: r.Cache.Block}
	}
	if r.Sampler.Kind == "beam" {
		e.beams = &beamSearch{}
	}
	if r.Draft != "" {
		draft, err := m.sibling(r.Draft)
		if err != nil {
			return nil, err
		}
		if e.drafter, err = newDrafter(draft.Model, most, r, count, clock); err != nil {
			return nil, err
		}
	}
	if len(prefix) == 0 {
		return e, nil
	}
	if e.many() { // they are lived again
		return e, nil
	}
	return e, e.resume(prefix)
}

// resume takes up the state after the pass that prefix ends with.
func (e *engine) resume(prefix []sim.Step) error {
	q, last := e.all[0], &prefix[len(prefix)-1]
	for i := range prefix {
		s := &prefix[i]
		for _, id := range s.Chosen() {
			q.write(id)
		}
		if s.Effect != nil {
			q.changed = s.Effect.Changed
		}
	}
	e.n, e.pass, e.totals = last.N+1, last.Pass+1, last.Totals
	standing := last.Standing()
	if rest := q.tokens[min(len(standing), len(q.tokens)):]; last.Token < 0 { // the prompt goes on
		standing = append(standing, rest...)
	}
	q.tokens, q.cached = append(q.tokens[:0:0], standing...), last.Cached+last.Kept()
	if e.drafter != nil {
		e.drafter.resume(prefix)
	}
	if err := e.start(q); err != nil || q.cache == nil {
		return err
	}
	q.record = last.KV.(kv.View).First(q.cached)
	return q.relive(e.m.Model, prefix)
}

// start gives a sequence its caches.
func (e *engine) start(q *sequence) error {
	q.started = e.pass
	spec := kv.SpecOf(e.m.Model.Config, q.most)
	if e.lanes[sim.Cached] != nil {
		q.record = kv.NewRecord(spec, e.recipe.Cache)
		if e.pool != nil {
			q.cache = e.pool.Sequence()
		} else {
			cache, err := kv.New(spec, e.recipe.Cache, e.memory)
			if err != nil {
				return err
			}
			q.cache = cache
		}
	}
	if e.lanes[sim.Uncached] != nil {
		q.scratch = newScratch(spec)
	}
	return nil
}

// step fills in what is known of a sequence's step before the work is done.
func (e *engine) step(q *sequence, part sim.Part, layer int) *sim.Step {
	phase := sim.Decode
	if q.cached < q.prompt {
		phase = sim.Prefill
	}
	fed := q.cached + q.fed
	s := &e.only
	if e.many() {
		s = new(sim.Step)
	}
	*s = sim.Step{
		N: e.n, Pass: e.pass, Phase: phase, Part: part, Layer: layer, Seq: q.id, Prompt: q.prompt,
		Rows: q.fed, Cached: q.cached, Tokens: q.tokens[:fed:fed], Token: -1,
	}
	if q.proposed != nil {
		proposed := *q.proposed // the head adds its verdicts to a copy
		s.Speculation = &proposed
	}
	return s
}

// many tells whether the run has several sequences, whose steps know each other.
func (e *engine) many() bool { return e.beams != nil || e.recipe.Batch != nil }

// finish ends a pause of the pass, which all its sequences share: what it cost
// and whether the lanes agree in all of them.
func (e *engine) finish(steps []*sim.Step, paid [2]sim.Counters) sim.Step {
	for i, c := range paid {
		if e.lanes[i] != nil {
			e.totals[i] = cost.Add(e.totals[i], c)
		}
	}
	schedule := e.scheduled()
	for _, s := range steps {
		s.Identical = s.Differs == ""
		s.Lanes, s.Totals, s.Schedule = paid, e.totals, schedule
		s.Ran = [2]bool{e.lanes[0] != nil, e.lanes[1] != nil}
		if len(steps) > 1 || e.recipe.Batch != nil {
			s.Peers = steps
		}
	}
	e.n++
	return *steps[0]
}

// keep has a step remember its rows and the cache as it stands. The cached lane
// computes in memory that is kept; the uncached lane's, most of whose rows are old,
// is used again.
func (e *engine) keep(q *sequence, s *sim.Step) {
	i := sim.Cached
	if e.lanes[i] == nil {
		i = sim.Uncached
	}
	if s.Part == sim.HeadPart {
		s.X = q.last
	} else {
		a, at := e.lanes[i].acts, q.at[i]
		kept := func(x mat.Matrix) mat.Matrix {
			x = x.Rows(at.from, at.from+at.m)
			if i == sim.Uncached {
				x = e.rows.keep(x)
			}
			return x
		}
		if s.X = q.last; s.Layer == 0 { // otherwise what left one layer enters the next
			s.X = kept(a.X)
		}
		s.Q, s.K, s.V, s.Out = kept(a.Q), kept(a.K), kept(a.V), kept(a.Out)
		q.last = s.Out
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
