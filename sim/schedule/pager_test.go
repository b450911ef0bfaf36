package schedule

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// served is a request as the test plays it, with blocks of its own.
type served struct {
	Prompt
	Request
	computed, generated int
	redo                int // tokens that it had computed when it was preempted
	blocks              int
	walled              bool // it ended because it does not fit alone
	first               int  // the pass of its first join, for order
}

// pager is memory in blocks.
type pager struct {
	t            *testing.T
	all          []*served
	size, blocks int // tokens of a block; blocks there are
	used         int
	remembered   int // blocks that nobody needs
	log          []string
	had          []int      // blocks of each when the pass was planned first
	flaky        *rand.Rand // where it is not nil, it fails now and then
}

var errShort = errors.New("the machine is short of memory")

func (p *pager) fails() bool { return p.flaky != nil && p.flaky.IntN(6) == 0 }

func (p *pager) need(q *served, n int) int {
	return (q.computed+n+p.size-1)/p.size - q.blocks
}

func (p *pager) free() int { return p.blocks - p.used - p.remembered }

func (p *pager) Join(i int, shares []Share) (int, bool, error) {
	if p.fails() {
		return 0, false, errShort
	}
	need := 0
	for _, s := range shares {
		need += max(0, p.need(p.all[s.Request], s.NumTokens))
	}
	if need > p.free()+p.remembered {
		return 0, false, nil
	}
	if need > p.free() {
		p.remembered = 0
	}
	return 0, true, nil
}

func (p *pager) Reserve(i, n int) (int, error) {
	if p.fails() {
		return 0, errShort
	}
	q := p.all[i]
	more := min(max(0, p.need(q, n)), p.free())
	q.blocks, p.used = q.blocks+more, p.used+more
	return min(n, q.blocks*p.size-q.computed), nil
}

func (p *pager) Evict() bool {
	any := p.remembered > 0
	p.remembered = 0
	return any
}

func (p *pager) FitsAlone(i int) bool {
	return (p.all[i].computed+p.size)/p.size <= p.blocks
}

func (p *pager) Holds(i int) bool { return p.all[i].blocks > 0 }

func (p *pager) Preempt(i int) {
	if p.remembered > 0 {
		p.t.Fatal("a request is preempted for memory that is only remembered")
	}
	q := p.all[i]
	p.used, q.blocks = p.used-q.blocks, 0
	q.redo, q.computed = max(q.redo, q.computed), 0
}

func (q *served) tokens() int { return q.Tokens + q.generated }

// pending are the tokens that wait: the last one generated is computed in the next pass.
func (q *served) pending() int { return q.tokens() - q.computed }

func (q *served) request() Request {
	r := q.Request
	r.Pending = q.pending()
	r.Prefill = q.generated == 0 || q.computed < q.redo
	return r
}

// world is a random batch and its memory.
func world(t *testing.T, r *rand.Rand) (Policy, *pager) {
	p := Policy{Slots: 1 + r.IntN(6), Chunk: r.IntN(2) * r.IntN(12), Static: r.IntN(3) == 0}
	if p.Static {
		p.Chunk = 0
	}
	m := &pager{t: t, size: 1 + r.IntN(4), blocks: 1 + r.IntN(14), remembered: 0}
	m.remembered = r.IntN(m.blocks)
	for range 1 + r.IntN(8) {
		m.all = append(m.all, &served{Prompt: Prompt{Tokens: 1 + r.IntN(9), MaxNew: r.IntN(9), Arrive: r.IntN(2) * r.IntN(20)},
			Request: Request{Started: -1, PreemptedIn: -1}, first: -1})
		q := m.all[len(m.all)-1]
		q.Request.Arrive = q.Prompt.Arrive
	}
	return p, m
}

// state is what the scheduler is told.
func (p *pager) state() (all []Request) {
	for _, q := range p.all {
		all = append(all, q.request())
	}
	return all
}

// apply does what an output says of who joins and who leaves.
func (p *pager) apply(pass int, out Output) {
	for _, i := range out.Joined {
		q := p.all[i]
		if q.State = Running; q.Started < 0 {
			q.Started = pass
		}
	}
	for _, i := range out.Preempted {
		p.all[i].State, p.all[i].PreemptedIn = Preempted, pass
	}
}

// compute plays the pass, and ends who is done or meets the wall.
func (p *pager) compute(out Output) {
	for _, s := range out.Scheduled {
		q := p.all[s.Request]
		if q.computed += s.NumTokens; q.computed == q.tokens() && q.generated < q.MaxNew {
			q.generated++
		}
	}
	for i, q := range p.all {
		if q.State != Running {
			continue
		}
		done := q.generated == q.MaxNew && q.computed >= q.Tokens && (q.MaxNew > 0 || q.computed == q.Tokens)
		if q.walled = !done && !p.FitsAlone(i); done || q.walled {
			p.used, q.blocks, q.State = p.used-q.blocks, 0, Finished
		}
	}
}
