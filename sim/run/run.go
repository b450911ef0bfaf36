// Package run executes a recipe as a sequence of steps: prefill, then decode,
// in both lanes, with one pause after every layer and every choice of a token.
//
// Its files, to be read in this order; calls go down, and a test counts those that do not:
//
//	run.go          the loop, and what a run is made of
//	resume.go       a run that goes on from recorded steps
//	pass.go         a pass: both lanes layer by layer, then the logits
//	step.go         what a pause tells: sim.Step
//	schedule.go     who runs in the next pass, and what memory there is for them
//	report.go       the pass of a batch as a whole, and what is recomputed in it
//	memory.go       the machine's memory: what is held, and what a pass will want
//	decoder.go      who chooses tokens: an interface, and three that have it
//	beam.go         beam search
//	speculative.go  a draft's proposals, verified
//	decode_plain.go one token of each sequence
//	decide.go       how chosen tokens become text
//	finish.go       which sequences end
//	effect.go       what an inexact cache changed
//	draft.go        the small model that proposes
//	output.go       logits and choices, computed when somebody asks
//	batch.go        the requests of a run
//	caches.go       the caches of sequences
//	prefix.go       prompts whose blocks others may begin with
//	sequence.go     one text on its way
//	prices.go       what passes cost
//	session.go      the model alone, without steps
//	needs.go        how much memory a run of some length will want
//	pieces.go       how many passes a prompt takes
//	plan.go         what is known of a run before anything runs
//	lane.go         one way of running the model
//	whole.go        a pass of the lane without a cache, run again
//	spare.go        working memory that runs lend each other
//	rows.go         memory for the rows that steps keep
package run

import (
	"context"
	"iter"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/schedule"
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
func Steps(ctx context.Context, m *library.Loaded, r sim.Recipe, clock Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return StepsWithin(ctx, m.Memory(), m, r, clock, prefix...)
}

// StepsWithin does what Steps does, and tells memory what is held: caches, working memory of both
// lanes, rows that no step has yet. (Whoever keeps steps counts those.) What would pass
// its limit is refused before it is done; the sequence then goes on, and asks again, if
// another step is pulled.
func StepsWithin(ctx context.Context, memory *sim.Memory, m *library.Loaded, r sim.Recipe, clock Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return stepsOf(ctx, memory, m, r, clock, false, prefix)
}

// Once does what Steps does for those who look at every step once, print it or count, and go on:
// nothing is kept for looking back. What a step has of rows and of logits stands in working memory
// until the next one, and its cache tells what was used and evicted and has no rows.
func Once(ctx context.Context, m *library.Loaded, r sim.Recipe, clock Clock) iter.Seq2[sim.Step, error] {
	return stepsOf(ctx, m.Memory(), m, r, clock, true, nil)
}

func stepsOf(ctx context.Context, memory *sim.Memory, m *library.Loaded, r sim.Recipe, clock Clock, once bool, prefix []sim.Step) iter.Seq2[sim.Step, error] {
	return func(yield func(sim.Step, error) bool) {
		if _, err := m.Prepare(r); err != nil {
			yield(sim.Step{}, err)
			return
		}
		defer library.FaultsPanic()()
		defer m.Hold()()
		var counted *sim.Memory
		if memory != nil {
			counted = sim.NewMemory(memory, "memory.room", 0)
			defer counted.Close()
		}
		var e *engine
		err := retried(yield, func() error {
			counted.Close()
			err := m.CheckUnchanged()
			if err == nil {
				err = library.Guarded(m.CheckFiles, func() (err error) {
					e, err = newEngine(ctx, counted, m, r, clock, once, prefix)
					return err
				})
			}
			return err
		})
		if prefix = nil; err == nil { // nobody needs it any more
			for _, other := range e.models {
				defer other.Hold()()
			}
			err = e.run(yield)
		}
		if err != nil && !sim.Short(err) { // which has been told
			yield(sim.Step{}, err)
		}
	}
}

// retried calls f, again for as long as it is short of memory and somebody wants to know.
func retried(yield func(sim.Step, error) bool, f func() error) error {
	err := f()
	for sim.Short(err) && yield(sim.Step{}, err) {
		err = f()
	}
	return err
}

// run lives the whole life of a recipe: passes until one says why it ends.
func (e *engine) run(yield func(sim.Step, error) bool) error {
	for {
		if err := retried(yield, func() error { return e.guarded(e.begin) }); err != nil {
			return err
		}
		var step sim.Step
		for l := range e.m.Model.Config.Layers {
			err := e.guarded(func() (err error) { step, err = e.layer(l); return err })
			if err != nil {
				return err
			}
			if !yield(step, nil) {
				return nil
			}
		}
		err := e.guarded(func() (err error) { step, err = e.head(); return err })
		if err == nil { // before anybody believes the token: are these the weights that were opened?
			err = e.checkUnchanged()
		}
		if step.RunFinishReason != "" && err == nil {
			e.release()
		}
		if err != nil || !yield(step, nil) || step.RunFinishReason != "" {
			return err
		}
		e.pass++
	}
}

// engine is the state of a run between two steps.
type engine struct {
	ctx    context.Context
	m      *library.Loaded
	models []*library.Loaded // all that the run reads: m, and a draft
	recipe sim.Recipe
	clock  Clock
	once   bool // nobody looks back

	lanes     [2]*lane           // nil where the recipe leaves a lane out
	waitAfter int                // tokens that a sequence may have while the uncached lane runs
	held      *sim.Memory        // what the run has of the machine's memory
	memory    *kv.Arena          // of the cached lane's caches
	scratch   *scratch           // of the uncached lane
	caches    kv.Source          // makes them
	all       []*sequence        // of the run, by number; of a beam search those of the pass
	live      []*sequence        // those that the pass computes, in the order of their rows
	prefixes  *prefixCache       // blocks of prompts that others may begin with, nil if they may not
	scheduler scheduler          // says who runs next
	requests  []schedule.Request // what it is asked
	full      error              // why there was no memory for somebody when the pass was planned; nil where there was
	decoder   decoder            // chooses tokens
	asking    [][2]mat.Matrix    // logits of each sequence of a pass, while it is decided
	rows      arena              // kept rows of all steps

	planned bool // it is decided what the pass has

	outputs    []*lazyOutput // that still look at the lanes' logits
	single     sim.Step      // the step at hand of a run of one sequence
	prices     [2]prices     // by Lane
	pass       int
	n          int // steps made so far
	looked     int // how often planning a pass has asked a sequence for its room, from one schedule on
	totals     [2]sim.Counters
	recomputed recomputed
}

func newEngine(ctx context.Context, held *sim.Memory, m *library.Loaded, r sim.Recipe, clock Clock, once bool, prefix []sim.Step) (*engine, error) {
	e := &engine{
		ctx: ctx, held: held, m: m, models: []*library.Loaded{m}, recipe: r, clock: clock, once: once,
		memory: kv.NewArena(r.Cache.Budget).In(held),
	}
	e.waitAfter, _ = r.UncachedTokens()
	count := cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"}
	e.prices[sim.Cached] = prices{lane: sim.Cached, shape: cost.Keeping(m.Model.Config, kv.TraitsOf(r.Cache).MaxTokens()), count: count}
	e.prices[sim.Uncached] = prices{lane: sim.Uncached, shape: cost.Of(m.Model.Config), count: count}
	e.scheduler = schedule.For(r.Batch)
	requests, err := requests(m, r)
	if err != nil {
		return nil, err
	}
	maxTokens := 0
	for i, q := range requests {
		e.all = append(e.all, newSequence(m, i, q))
		maxTokens = max(maxTokens, e.all[i].maxTokens)
	}
	if err := e.fits(); err != nil {
		return nil, err
	}
	e.rows = newArena(m.Model.Config, r.Lanes != "uncached" && kv.KeepsRows(r.Cache), maxTokens, held)
	if err := e.newLanes(maxTokens); err != nil {
		return nil, err
	}
	e.caches = kv.Open(kv.SpecOf(m.Model.Config, maxTokens), r.Cache, e.memory)
	if r.Batch != nil && r.Batch.Share {
		e.prefixes = &prefixCache{block: kv.TraitsOf(r.Cache).Block}
	}
	if e.decoder, err = e.newDecoder(maxTokens, count); err != nil {
		return nil, err
	}
	for i, l := range e.lanes {
		if l != nil {
			l.maxRows = e.maxRows(sim.Lane(i))
		}
	}
	if len(prefix) == 0 || !e.isSingle() { // several sequences are computed again
		return e, nil
	}
	return e, e.resume(prefix)
}

// newLanes makes the lanes that the recipe asks for; maxTokens is how many tokens a sequence
// can feed.
func (e *engine) newLanes(maxTokens int) error {
	m := e.m.Model
	if e.recipe.Lanes != "uncached" {
		l := newLane(m)
		if l.memory = e.held; !e.once {
			l.recorded = &e.rows
		}
		e.lanes[sim.Cached] = l
	}
	if e.recipe.Lanes != "cached" {
		spec := kv.SpecOf(m.Config, max(1, min(maxTokens, e.waitAfter)))
		spec.Layers = 1
		if err := e.held.Fits(spec.Bytes(sim.CachePolicy{})); err != nil {
			return err
		}
		l := newLane(m)
		l.memory = e.held
		e.lanes[sim.Uncached], e.scratch = l, newScratch(spec, e.held)
	}
	return nil
}

// checkUnchanged asks all models of the run.
func (e *engine) checkUnchanged() error {
	for _, m := range e.models {
		if err := m.CheckUnchanged(); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) guarded(f func() error) error { return library.Guarded(e.checkUnchanged, f) }
