package run

import (
	"cmp"

	"kvstep/sim/schedule"
)

// scheduler says who runs in the next pass, and how many tokens of each: schedule.Policy.
type scheduler interface {
	Next(pass int, all []schedule.Request, m schedule.Memory) (schedule.Output, error)
}

// schedule asks the scheduler for the next pass and does what it says. Where it breaks off
// with an error it can be asked again.
func (e *engine) schedule() error {
	e.looked, e.live, e.full = 0, e.live[:0:0], nil
	out, err := e.scheduler.Next(e.pass, e.standing(), runMemory{e})
	for _, i := range out.Joined {
		e.all[i].join(e.pass)
	}
	for _, i := range out.Preempted {
		e.all[i].preempt(e.pass)
	}
	if err != nil || len(out.Scheduled) == 0 {
		return cmp.Or(err, e.full)
	}
	for _, x := range out.Scheduled {
		q := e.all[x.Request]
		if err := e.decoder.propose(q); err != nil {
			return err
		}
		if q.numScheduled = x.NumTokens; q.proposed != nil {
			q.numScheduled += len(q.proposed.Proposed)
		}
		e.live = append(e.live, q)
	}
	return nil
}

// standing returns where all sequences stand, as the scheduler sees it.
func (e *engine) standing() []schedule.Request {
	e.requests = e.requests[:0]
	for _, q := range e.all {
		e.requests = append(e.requests, schedule.Request{State: q.state, Arrive: q.arrive, Started: q.started,
			PreemptedIn: q.preemptedIn, Pending: len(q.pending()), Prefill: q.inPrefill()})
	}
	return e.requests
}

// runMemory is the memory of a run as the scheduler asks for it.
type runMemory struct{ e *engine }

var _ schedule.Memory = runMemory{}

// Join gives a sequence its cache, with the blocks of an earlier prompt that begins like
// its own.
func (c runMemory) Join(i int, shares []schedule.Share) (computed int, ok bool, err error) {
	e, q, beside := c.e, c.e.all[i], shares != nil
	if err := e.held.Fits(e.cacheBytes(q)); err != nil {
		return 0, false, err
	}
	if beside && !e.fitsWhole(q) {
		return 0, false, nil
	}
	if err := e.newCache(q); err != nil || e.block() == 0 || q.cache == nil {
		return 0, err == nil, err
	}
	e.prefixes.match(q)
	if beside && !e.haveBlocks(shares) {
		q.drop()
		return 0, false, nil
	}
	if q.reused > 0 && !c.FitsAlone(i) { // what it found is all there is: it computes that itself
		q.drop()
		return 0, true, e.newCache(q)
	}
	return q.reused, true, nil
}

// Reserve asks the machine too.
func (c runMemory) Reserve(i, n int) (int, error) {
	e, q := c.e, c.e.all[i]
	e.looked++
	if err := e.afford(q); err != nil || q.cache == nil {
		return n, err
	}
	n, full := q.cache.Reserve(n)
	e.full = cmp.Or(e.full, full)
	return n, nil
}

// Evict gives back the blocks of prompts that others might have begun with.
func (c runMemory) Evict() bool { return c.e.prefixes.evict() }

// FitsAlone reports whether a token more would fit if the others had no memory.
func (c runMemory) FitsAlone(i int) bool { return c.e.fitsAlone(c.e.all[i]) }

// Holds reports whether a sequence has blocks.
func (c runMemory) Holds(i int) bool {
	q := c.e.all[i]
	return q.cache != nil && q.cache.Usage().Allocated > 0
}

// Preempt takes a sequence's blocks away.
func (c runMemory) Preempt(i int) { c.e.all[i].free() }
