package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/mat"
)

// begin starts a pass: it is decided which sequences it has and how many tokens
// of each, their caches take the memory for them, and both lanes embed the
// tokens that they will compute.
func (e *engine) begin() error {
	if !e.planned { // else it was planned already and had no memory
		if err := e.schedule(); err != nil {
			return err
		}
		e.planned = true
		for _, q := range e.live { // once it waits it does not run again, whatever a later pass of it has
			q.waits = q.waits || q.cached+q.numScheduled > e.waitAfter
		}
	}
	if err := e.held.Fits(e.wants()); err != nil {
		return err
	}
	e.planned = false
	e.rows.reserve(e.numScheduled())
	spans := make([]cost.Span, len(e.live))
	for i, q := range e.live {
		spans[i] = cost.Span{Rows: q.numScheduled, Cached: q.cached}
	}
	e.recompute(spans)
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		rows, positions := e.size(sim.Lane(i))
		e.prices[i].pass(spans)
		lane.begin(rows, positions)
		for _, q := range e.live {
			tokens := q.tokens[:q.cached+q.numScheduled]
			switch {
			case sim.Lane(i) == sim.Cached:
				q.at[i] = span{lane.add(tokens[q.cached:], q.cached, q.cache), q.numScheduled}
			case !q.waits:
				q.at[i] = span{lane.add(tokens, 0, e.scratch.of(q)) + q.cached, q.numScheduled}
			}
		}
	}
	return nil
}

// layer runs layer l over all sequences of the pass, in every lane, and compares
// the lanes.
func (e *engine) layer(l int) (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	var paid [2]sim.Counters
	if lane := e.lanes[sim.Cached]; lane != nil {
		held := e.used()
		start := e.clock()
		lane.layer(l)
		seconds := e.clock() - start
		paid[sim.Cached] = e.prices[sim.Cached].of(l)
		e.bill(&paid[sim.Cached], l, held)
		paid[sim.Cached].Seconds = seconds
	}
	if lane := e.lanes[sim.Uncached]; lane != nil {
		e.scratch.clear()
		start := e.clock()
		lane.layer(l)
		seconds := e.clock() - start
		paid[sim.Uncached] = e.prices[sim.Uncached].of(l)
		e.time(&paid[sim.Uncached], sim.Uncached, seconds)
	}
	steps := make([]*sim.Step, len(e.live))
	for i, q := range e.live {
		s := e.step(q, sim.LayerPart, l)
		if e.compares(q) {
			q.noteDiffers(s, differs(l, e.lanes[sim.Cached], e.lanes[sim.Uncached], q))
		}
		e.capture(q, s)
		steps[i] = s
	}
	return e.finish(steps, paid), nil
}

// time notes the seconds that a lane took, which are those of what it paid only where it
// computed all of it.
func (e *engine) time(paid *sim.Counters, lane sim.Lane, seconds float64) {
	for _, q := range e.live {
		if !e.computes(lane, q) {
			paid.Untimed = 1
			return
		}
	}
	paid.Seconds = seconds
}

// head runs the head in every lane, compares the logits and chooses tokens. The
// rows that get logits are the last one of a sequence whose tokens are all fed,
// and those of proposals before it.
func (e *engine) head() (sim.Step, error) {
	if err := e.ctx.Err(); err != nil {
		return sim.Step{}, err
	}
	asked := 0
	for _, q := range e.live {
		q.numLogits = 0
		if q.cached+q.numScheduled == len(q.tokens) {
			q.numLogits = 1
		}
		if q.proposed != nil {
			q.numLogits += len(q.proposed.Proposed)
		}
		asked += q.numLogits
	}
	e.releaseOutputs()
	var paid [2]sim.Counters
	var rows []int           // that get logits
	var logits [2]mat.Matrix // [asked, vocab], until the next head
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		rows = rows[:0]
		for _, q := range e.live {
			if e.computes(sim.Lane(i), q) {
				rows = q.at[i].appendLast(rows, q.numLogits)
			}
		}
		start := e.clock()
		if len(lane.rows) > 0 {
			logits[i] = lane.head(rows)
		}
		seconds := e.clock() - start
		if paid[i] = e.prices[i].head(asked); sim.Lane(i) == sim.Cached {
			e.bill(&paid[i], -1, 0)
		}
		e.time(&paid[i], sim.Lane(i), seconds)
	}
	steps, at := make([]*sim.Step, len(e.live)), [2]int{}
	e.asking = e.asking[:0]
	for i, q := range e.live {
		s := e.step(q, sim.HeadPart, -1)
		var each [2]mat.Matrix
		for lane, x := range logits {
			if e.computes(sim.Lane(lane), q) {
				each[lane] = x.Rows(at[lane], at[lane]+q.numLogits)
				at[lane] += q.numLogits
			}
		}
		e.asking = append(e.asking, each)
		if e.compares(q) && !sameRows(each[0], each[1]) {
			q.noteDiffers(s, "logits")
		}
		e.capture(q, s)
		if q.cache != nil {
			q.cache.EndPass()
		}
		steps[i] = s
	}
	if err := e.decoder.decide(steps, e.asking); err != nil {
		return sim.Step{}, err
	}
	e.rest()
	return e.finish(steps, paid), nil
}
