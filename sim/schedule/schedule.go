// Package schedule decides who runs in the next pass of a run, and how many tokens of
// each: the state of all requests in, a value out. It knows neither models nor caches.
// Memory is asked through an interface: the engine answers with its real memory, a forecast
// with Unlimited.
//
// The rules, in the order in which they apply:
//
//   - Who gave its memory back joins again before anybody new; new requests join in order.
//     Nobody overtakes a request that finds no memory. A static schedule takes new ones
//     only when all who began together are done.
//   - A pass has the tokens that are being generated first, then prompts, which fill what
//     is left of a chunk.
//   - Who finds no memory for a token takes it from what is only remembered, then from the
//     youngest that runs, which gives all of it back and is computed again later. The
//     youngest itself waits. Who would not fit even alone takes nothing from anybody.
package schedule

import "kvstep/sim"

// Policy is how requests take turns.
type Policy struct {
	Slots  int  // requests that run at a time
	Chunk  int  // rows of a pass; 0: any number
	Static bool // nobody new joins before all who began together are done
}

// For returns the policy of a recipe's batch; nil is a run of one sequence.
func For(b *sim.Batch) Policy {
	switch {
	case b == nil:
		return Policy{Slots: 1}
	case b.Schedule == sim.ScheduleStatic: // a static batch feeds whole prompts
		return Policy{Slots: b.Slots, Static: true}
	}
	return Policy{Slots: b.Slots, Chunk: b.Chunk}
}

// State is where a request stands between two passes.
type State int

const (
	Waiting   State = iota // has never run
	Running                // has memory, or may take some
	Preempted              // gave its memory back and waits to join again
	Finished
)

// Request is one request as the scheduler sees it.
type Request struct {
	State       State
	Arrive      int  // the first pass that can have it
	Started     int  // the pass in which it first joined
	PreemptedIn int  // the pass in which it gave its memory back
	Pending     int  // tokens that wait to be computed
	Prefill     bool // they are of its prompt, or are recomputed
}

// Memory is what the scheduler asks of whoever keeps K and V. An error, unlike an answer,
// ends the planning; what it has decided by then stands, and it may be asked again.
type Memory interface {
	// Join gives request i memory to begin with. Beside others it refuses where there is
	// not enough for all shares of the pass, its own among them; alone, where shares is
	// nil, a request joins with what there is. computed is how many of its tokens are in
	// memory already.
	Join(i int, shares []Share) (computed int, ok bool, err error)
	// Reserve takes memory for n more tokens of request i, and returns for how many of
	// them there is.
	Reserve(i, n int) (int, error)
	// Evict gives back what nobody needs, and reports whether there was any.
	Evict() bool
	// FitsAlone reports whether one more token of request i would have memory if nobody
	// else had any.
	FitsAlone(i int) bool
	// Holds reports whether request i has memory to give back.
	Holds(i int) bool
	// Preempt takes back all memory of request i.
	Preempt(i int)
}

// Output is what the next pass has. Where planning ended with an error, Joined and
// Preempted have happened nevertheless.
type Output struct {
	Joined    []int   // requests that begin, or begin again
	Preempted []int   // requests that gave their memory back
	Scheduled []Share // in the order of their rows
}

// Share is what one request has of a pass.
type Share struct{ Request, NumTokens int }

// planning is the work on one Output.
type planning struct {
	policy Policy
	pass   int
	all    []Request
	memory Memory
	out    Output
}

// Next plans a pass. It reads all and changes nothing of it.
func (p Policy) Next(pass int, all []Request, m Memory) (Output, error) {
	x := &planning{policy: p, pass: pass, all: append([]Request(nil), all...), memory: m}
	err := x.join()
	if err == nil {
		err = x.fill()
	}
	return x.out, err
}

// join lets requests in as long as there are slots, and memory for the next in line; nobody
// in a pass for which somebody has been preempted already.
func (x *planning) join() error {
	running, open := 0, true
	for _, q := range x.all {
		if q.State == Preempted && q.PreemptedIn == x.pass {
			return nil
		}
		if q.State == Running {
			running++
		}
		if q.State == Preempted || q.State == Running && q.Started < x.pass {
			open = !x.policy.Static && open
		}
	}
	for _, i := range x.queue() {
		q := &x.all[i]
		switch {
		case running >= x.policy.Slots:
			return nil
		case q.State == Waiting && !open:
			return nil
		case q.State == Waiting && q.Arrive > x.pass && running > 0:
			continue // where nobody runs, the first that waits need not wait for its time
		}
		ok, err := x.admit(i, running > 0)
		if err != nil || !ok {
			return err
		}
		running++
	}
	return nil
}

// admit lets request i join, where there is memory for it beside those who run.
func (x *planning) admit(i int, beside bool) (bool, error) {
	q := &x.all[i]
	was := *q
	if q.State = Running; was.State == Waiting {
		q.Started = x.pass
	}
	var shares []Share
	if beside {
		shares = x.shares()
	}
	if beside && was.State == Preempted { // not to be preempted again at once
		shares = append(without(shares, i), Share{i, q.Pending})
	}
	computed, ok, err := x.memory.Join(i, shares)
	if err != nil || !ok {
		*q = was
		return false, err
	}
	q.Pending -= computed
	x.out.Joined = append(x.out.Joined, i)
	return true, nil
}

// shares returns what everybody who runs would have of the pass, if there is memory.
func (x *planning) shares() (all []Share) {
	left := x.policy.Chunk
	for _, prefill := range []bool{false, true} {
		for i, q := range x.all {
			if n := x.maxRows(q, left); q.State == Running && q.Prefill == prefill && n > 0 {
				all, left = append(all, Share{i, n}), left-n
			}
		}
	}
	return all
}

// without returns shares without that of request i.
func without(shares []Share, i int) (others []Share) {
	for _, s := range shares {
		if s.Request != i {
			others = append(others, s)
		}
	}
	return others
}

// maxRows returns how many tokens of a request a pass can have that has so many rows left of its
// chunk.
func (x *planning) maxRows(q Request, left int) int {
	if x.policy.Chunk > 0 {
		return min(q.Pending, left)
	}
	return q.Pending
}

// queue returns who waits, in the order in which they may join: who ran before, the
// oldest first, then who did not.
func (x *planning) queue() (line []int) {
	for i, q := range x.all {
		if q.State != Preempted {
			continue
		}
		at := len(line)
		for at > 0 && q.Started < x.all[line[at-1]].Started {
			at--
		}
		line = append(line[:at], append([]int{i}, line[at:]...)...)
	}
	for i, q := range x.all {
		if q.State == Waiting {
			line = append(line, i)
		}
	}
	return line
}

// fill shares the rows of the pass, again from the first whenever somebody has been
// preempted: so the plan depends on who is left alone, and planning that was broken off
// by an error comes to the same plan when it is asked again.
func (x *planning) fill() error {
	for {
		again, err := x.share()
		if !again || err != nil {
			return err
		}
	}
}

// share gives everybody their rows; again tells that somebody was preempted for it.
func (x *planning) share() (again bool, err error) {
	x.out.Scheduled = nil
	left := x.policy.Chunk
	for _, prefill := range []bool{false, true} {
		for i, q := range x.all {
			if q.State != Running || q.Prefill != prefill {
				continue
			}
			n := x.maxRows(q, left)
			if n == 0 { // the chunk is full
				return false, nil
			}
			n, again, err := x.reserve(i, n)
			if again || err != nil {
				return again, err
			}
			if left -= n; n > 0 {
				x.out.Scheduled = append(x.out.Scheduled, Share{i, n})
			}
		}
	}
	return false, nil
}

// reserve finds memory for up to n tokens of request i, if need be that of the youngest.
func (x *planning) reserve(i, n int) (got int, preempted bool, err error) {
	got, err = x.memory.Reserve(i, n)
	for err == nil && got < n && x.memory.Evict() {
		got, err = x.memory.Reserve(i, n)
	}
	if err != nil || got > 0 {
		return got, false, err
	}
	youngest := x.youngest()
	if youngest < 0 || !x.older(i, youngest) || !x.memory.FitsAlone(i) {
		return 0, false, nil
	}
	x.memory.Preempt(youngest)
	x.all[youngest].State = Preempted
	x.out.Preempted = append(x.out.Preempted, youngest)
	return 0, true, nil
}

// youngest returns which of those who run and have memory joined last, by number where they
// joined together; -1 if nobody has any.
func (x *planning) youngest() int {
	youngest := -1
	for i, q := range x.all {
		if q.State == Running && (youngest < 0 || q.Started >= x.all[youngest].Started) && x.memory.Holds(i) {
			youngest = i
		}
	}
	return youngest
}

// older reports whether request i joined before request j.
func (x *planning) older(i, j int) bool {
	a, b := x.all[i].Started, x.all[j].Started
	return a < b || a == b && i < j
}
