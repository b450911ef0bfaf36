package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/schedule"
)

// scheduled returns the pass of a batch as a whole; nil for other runs.
func (e *engine) scheduled() *sim.Schedule {
	b := e.recipe.Batch
	if b == nil {
		return nil
	}
	s := &sim.Schedule{Idle: b.Slots - len(e.live)}
	longest := 0
	for _, q := range e.live {
		s.Rows += q.numScheduled
		longest = max(longest, q.numScheduled)
	}
	if b.Schedule == sim.ScheduleStatic {
		batch := 0 // sequences that began together: they keep their slots to the end
		for _, q := range e.all {
			if q.started >= 0 && q.started == e.live[0].started {
				batch++
			}
		}
		s.Padded = batch*longest - s.Rows
	}
	for _, q := range e.all {
		x := sim.RequestState{Arrive: q.arrive, Prompt: q.prompt, Reused: q.reused,
			Started: q.started, First: q.first, Ended: q.ended, NumGenerated: q.numGenerated, FinishReason: q.finishReason}
		for _, live := range e.live {
			if live == q {
				x.Rows, x.Recomputing = q.numScheduled, q.recomputing
			}
		}
		x.Preempted, x.Recomputed = q.preempted, q.recomputed
		switch {
		case q.state == schedule.Finished:
			x.State = sim.RequestDone
		case q.state == schedule.Waiting:
			x.State = sim.RequestWaiting
		case q.state == schedule.Preempted:
			x.State = sim.RequestPreempted
		case q.inPrefill():
			x.State = sim.RequestPrefill
		default:
			x.State = sim.RequestDecode
		}
		s.Requests = append(s.Requests, x)
		if x.Preempted > 0 {
			total := e.recomputed.total
			s.Recomputed = &total
		}
	}
	return s
}

// recomputed is what a run computes a second time.
type recomputed struct {
	total       sim.Recomputed
	whole, rest []cost.Span // of the pass: all its rows, and those that are new
}

// recompute notes which rows of the pass that begins had been computed before.
func (e *engine) recompute(spans []cost.Span) {
	x := &e.recomputed
	x.total.Rows, x.total.Flops, x.whole, x.rest = 0, 0, spans, x.rest[:0]
	for i, q := range e.live {
		q.recomputing = max(0, min(q.numScheduled, q.redo-q.cached))
		q.recomputed += q.recomputing
		x.total.Rows += q.recomputing
		if s := spans[i]; s.Rows > q.recomputing {
			x.rest = append(x.rest, cost.Span{Rows: s.Rows - q.recomputing, Cached: s.Cached + q.recomputing})
		}
	}
	x.total.TotalRows += x.total.Rows
}

// payRecomputed tells apart what layer l of the pass, -1 for its head, pays for such rows:
// what it costs less than without them.
func (e *engine) payRecomputed(l int) {
	x := &e.recomputed
	if x.total.Rows == 0 {
		return
	}
	price := &e.prices[sim.Cached]
	flops := func(spans []cost.Span) int64 {
		switch {
		case len(spans) == 0:
			return 0
		case l < 0:
			return price.headOf(spans, e.numLogits()).Flops.Total()
		}
		return price.layers(nil, spans)[l].Flops.Total()
	}
	x.total.Flops = flops(x.whole) - flops(x.rest)
	x.total.TotalFlops += x.total.Flops
}

// numLogits returns how many rows of the pass get logits.
func (e *engine) numLogits() (n int) {
	for _, q := range e.live {
		n += q.numLogits
	}
	return n
}
