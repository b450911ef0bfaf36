package schedule

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// check is what must hold of every plan.
func check(p Policy, m *pager, before []Request, pass int, out Output) error {
	rows, running := 0, 0
	prefill := false
	for k, s := range out.Scheduled {
		q := m.all[s.Request]
		rows += s.NumTokens
		pre := q.request().Prefill
		switch {
		case q.State != Running:
			return fmt.Errorf("request %d has rows and does not run", s.Request)
		case s.NumTokens < 1 || s.NumTokens > q.pending():
			return fmt.Errorf("request %d has %d rows of %d", s.Request, s.NumTokens, q.pending())
		case q.computed+s.NumTokens > q.blocks*m.size:
			return fmt.Errorf("request %d has no memory for its rows", s.Request)
		case prefill && !pre:
			return errors.New("a prompt goes before a token")
		case k > 0 && pre == prefill && out.Scheduled[k-1].Request >= s.Request:
			return errors.New("rows are not in order")
		}
		prefill = pre
	}
	oldest := -1
	for i, q := range m.all {
		if q.State == Running {
			if running++; oldest < 0 || q.Started < m.all[oldest].Started {
				oldest = i
			}
		}
	}
	fed := slices.ContainsFunc(out.Scheduled, func(s Share) bool { return s.Request == oldest })
	switch {
	case p.Chunk > 0 && rows > p.Chunk:
		return fmt.Errorf("%d rows in a chunk of %d", rows, p.Chunk)
	case running > p.Slots:
		return fmt.Errorf("%d run in %d slots", running, p.Slots)
	case running == 0 || len(out.Scheduled) == 0:
		return errors.New("nobody runs")
	case m.used+m.remembered > m.blocks:
		return fmt.Errorf("%d of %d blocks are used", m.used, m.blocks)
	case p.Chunk == 0 && !fed:
		return fmt.Errorf("the oldest, %d, waits", oldest)
	}
	for _, i := range out.Preempted { // for somebody older, and what it had is taken
		older := func(q *served) bool { return q.State == Running && q.Started <= m.all[i].Started }
		took := func(s Share) bool { return m.all[s.Request].blocks > m.had[s.Request] }
		if !slices.ContainsFunc(m.all, older) || !slices.ContainsFunc(out.Scheduled, took) {
			return fmt.Errorf("request %d is preempted for nobody", i)
		}
	}
	for _, i := range out.Preempted { // the youngest
		for j, q := range m.all {
			if x := m.all[i]; q.State == Running && m.had[j] > 0 && (q.Started > x.Started || q.Started == x.Started && j > i) {
				return fmt.Errorf("request %d is preempted, %d is younger", i, j)
			}
		}
	}
	for i, q := range m.all { // nobody overtakes: who waits behind has come later, or is of another kind
		if before[i].State != Waiting || q.State != Running {
			continue
		}
		for j, other := range before {
			if m.all[j].State == Preempted || j < i && other.State == Waiting && m.all[j].State == Waiting && other.Arrive <= pass {
				return fmt.Errorf("request %d joins before %d", i, j)
			}
			if p.Static && other.State == Running && other.Started < pass {
				return fmt.Errorf("request %d joins a static batch", i)
			}
		}
	}
	return nil
}

// play plays a batch to its end.
func (p *pager) play(policy Policy) (passes int, preempted int, err error) {
	for pass := 0; ; pass++ {
		if !slices.ContainsFunc(p.all, func(q *served) bool { return q.State != Finished }) {
			return pass, preempted, nil
		}
		if pass > 5000 {
			return pass, preempted, errors.New("it never ends")
		}
		before := p.state()
		p.had = nil
		for _, q := range p.all {
			p.had = append(p.had, q.blocks)
		}
		out, err := policy.Next(pass, before, p)
		p.apply(pass, out)
		preempted += len(out.Preempted)
		p.log = append(p.log, fmt.Sprint(out))
		for err != nil { // asked again
			out, err = policy.Next(pass, p.state(), p)
			p.apply(pass, out)
			preempted += len(out.Preempted)
			p.log = append(p.log, fmt.Sprint(out))
		}
		if err := check(policy, p, before, pass, out); err != nil {
			return pass, preempted, fmt.Errorf("pass %d: %w", pass, err)
		}
		p.compute(out)
	}
}

// TestRules: in random batches under tight memory every plan keeps the rules, everybody who
// fits alone comes to their end, and who does not ends at the wall. Who is asked again after
// a refusal of the machine decides the same.
func TestRules(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 7))
	preempted, walled, repeated := 0, 0, 0
	for n := range 20000 {
		seed := r.Uint64()
		policy, m := world(t, rand.New(rand.NewPCG(seed, 1)))
		passes, count, err := m.play(policy)
		if err != nil {
			t.Fatalf("batch %d (%+v): %v\n%v", n, policy, err, m.log)
		}
		preempted += count
		for i, q := range m.all {
			fits := max(q.Tokens+q.MaxNew-1, q.Tokens) <= m.size*m.blocks
			if q.walled == fits || fits && q.generated != q.MaxNew {
				t.Fatalf("batch %d (%+v): request %d of %d blocks of %d: %+v", n, policy, i, m.blocks, m.size, q)
			}
			if q.walled {
				walled++
			}
		}
		_, again := world(t, rand.New(rand.NewPCG(seed, 1)))
		again.flaky = rand.New(rand.NewPCG(seed, 2))
		if p, c, err := again.play(policy); err != nil || p != passes || c != count {
			t.Fatalf("batch %d (%+v): %d passes and %d preempted, asked again %d and %d: %v", n, policy, passes, count, p, c, err)
		}
		repeated += len(again.log) - len(m.log)
	}
	t.Logf("%d preempted, %d ended at the wall, %d plans asked for again", preempted, walled, repeated)
	if preempted < 1000 || walled < 1000 || repeated < 1000 {
		t.Error("that is too few")
	}
}

// TestNextChangesNothing: the state that was given stays.
func TestNextChangesNothing(t *testing.T) {
	all := []Request{{State: Running, Pending: 1}, {State: Waiting, Pending: 3, Prefill: true}}
	kept := slices.Clone(all)
	out, err := Policy{Slots: 2}.Next(4, all, Unlimited{})
	if err != nil || !slices.Equal(all, kept) {
		t.Fatalf("%v: %v, want %v", err, all, kept)
	}
	if !slices.Equal(out.Joined, []int{1}) || !slices.Equal(out.Scheduled, []Share{{0, 1}, {1, 3}}) {
		t.Errorf("%+v", out)
	}
}

// asked is memory for nobody but who joins, that notes what it is asked.
type asked struct {
	Unlimited
	fits   bool
	shares []Share
	out    []int
}

func (a *asked) Join(_ int, shares []Share) (int, bool, error) {
	a.shares = shares
	return 0, true, nil
}

func (a *asked) Reserve(i, n int) (int, error) {
	if i == 0 && len(a.out) == 0 {
		return 0, nil
	}
	return n, nil
}

func (a *asked) FitsAlone(int) bool { return a.fits }
func (a *asked) Holds(int) bool     { return true }
func (a *asked) Preempt(i int)      { a.out = append(a.out, i) }

// TestWhoFitsNowhereTakesNothing: a request that would not fit even alone preempts nobody.
func TestWhoFitsNowhereTakesNothing(t *testing.T) {
	for _, fits := range []bool{true, false} {
		m := &asked{fits: fits}
		out, err := Policy{Slots: 2}.Next(3, []Request{{State: Running, Pending: 1}, {State: Running, Started: 1, Pending: 1}}, m)
		if want := map[bool][]int{true: {1}}[fits]; err != nil || !slices.Equal(out.Preempted, want) || !slices.Equal(m.out, want) {
			t.Errorf("fits alone: %v, preempted %v, %v", fits, out.Preempted, err)
		}
	}
}

// TestWhoComesBackNeedsAll: who joins again asks for memory for all that it recomputes, a new
// one for its piece of the pass.
func TestWhoComesBackNeedsAll(t *testing.T) {
	for state, want := range map[State]int{Preempted: 9, Waiting: 3} {
		m := &asked{out: []int{0}}
		_, err := Policy{Slots: 2, Chunk: 4}.Next(7, []Request{{State: Running, Pending: 1}, {State: state, Started: 2, PreemptedIn: 5, Pending: 9, Prefill: true}}, m)
		if shares := []Share{{0, 1}, {1, want}}; err != nil || !slices.Equal(m.shares, shares) {
			t.Errorf("%v: asked for %v, want %v; %v", state, m.shares, shares, err)
		}
	}
}
