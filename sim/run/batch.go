package run

import (
	"cmp"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// request is one prompt of a run, encoded.
type request struct {
	prompt         []int
	maxNew, arrive int
}

// requests are the recipe's own prompt and those of its batch. The recipe has
// been through Prepare.
func requests(m *library.Loaded, r sim.Recipe) ([]request, error) {
	prompt, err := m.Encode(r)
	if err != nil {
		return nil, err
	}
	all := []request{{prompt: prompt, maxNew: r.MaxNew}}
	if r.Batch == nil {
		return all, nil
	}
	for _, q := range r.Batch.Requests {
		ids, err := m.Encode(recipe.Single(r, q))
		if err != nil {
			return nil, err
		}
		all = append(all, request{ids, q.MaxNew, q.Arrive})
	}
	return all, nil
}

// fits refuses a budget in which some request has no room for a token even where it has
// all of the memory, with what its cache says to that: no request could be served after it.
func (e *engine) fits() error {
	p := e.recipe.Cache
	for _, q := range e.all {
		spec := kv.SpecOf(e.m.Model.Config, q.maxTokens)
		if p.Budget == 0 || e.recipe.Lanes == "uncached" || spec.Fits(p, p.Budget) > 0 {
			continue
		}
		cache, err := kv.New(spec, p, kv.NewArena(p.Budget))
		if err == nil {
			_, err = cache.Reserve(1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// schedule decides which sequences the next pass has, and how many tokens of
// each, and takes the memory for them. A pass has one sequence at least: where
// nobody finds room for a token, what was kept for others is given back first.
func (e *engine) schedule() error {
	e.leave()
	if err := e.admit(); err != nil {
		return err
	}
	for e.looked = 0; ; {
		full, err := e.fill()
		if err != nil || len(e.live) > 0 {
			return err
		}
		if !e.prompts.forget() && !e.compute() {
			return full
		}
	}
}

// leave has sequences that have ended give their memory back.
func (e *engine) leave() {
	for _, q := range e.all {
		if q.finishReason != "" {
			q.free()
		}
	}
}

// compute has sequences that found the beginning of their prompt in the blocks of
// others give these back, to compute it themselves: there is no room behind them.
// It reports whether there was one.
func (e *engine) compute() (any bool) {
	for _, q := range e.all {
		if q.running() && q.reused > 0 && q.cached == q.reused {
			q.cache.Free()
			q.hold(q.cache, kv.NewHistory(kv.SpecOf(e.m.Model.Config, q.maxTokens), e.recipe.Cache))
			q.cached, q.reused, any = 0, 0, true
		}
	}
	return any
}

// fill chooses the sequences of the next pass. full says why there is no memory for
// some of them, nil where there is.
func (e *engine) fill() (full, err error) {
	e.live = e.live[:0:0]
	left := -1 // rows that the pass may still have; -1: any number
	if b := e.recipe.Batch; b != nil && b.Chunk > 0 && b.Schedule == sim.ScheduleContinuous {
		left = b.Chunk
	}
	for _, decoding := range []bool{true, false} { // tokens go before prompts, which fill what is left
		for _, q := range e.all {
			if !q.running() || (q.numGenerated > 0) != decoding {
				continue
			}
			n, none, err := e.room(q, left)
			if err != nil {
				return nil, err
			}
			if q.numScheduled = n; n == 0 {
				full = cmp.Or(full, none)
				continue
			}
			if e.live = append(e.live, q); left > 0 {
				left -= n
			}
			if left == 0 {
				return full, nil
			}
		}
	}
	return full, nil
}

// room is how many tokens of a sequence the next pass feeds: those that wait, as
// far as there is memory (full says why there is not for all) and the pass has rows left.
func (e *engine) room(q *sequence, left int) (n int, full, err error) {
	e.looked++
	if err := e.afford(q); err != nil {
		return 0, nil, err
	}
	if err := e.decoder.propose(q); err != nil {
		return 0, nil, err
	}
	n = len(q.pending())
	if left >= 0 {
		n = min(n, left)
	}
	if q.cache == nil {
		return n, nil, nil
	}
	n, full = q.cache.Reserve(n)
	return n, full, nil
}

// admit lets waiting requests join: as many as there are slots; in a static
// schedule only when the last batch is done.
func (e *engine) admit() error {
	running := 0
	for _, q := range e.all {
		if q.running() {
			running++
		}
	}
	slots := 1
	if b := e.recipe.Batch; b != nil {
		slots = b.Slots
		if b.Schedule == sim.ScheduleStatic && running > 0 {
			return nil
		}
	}
	var joining []*sequence
	for _, q := range e.all {
		// Where nobody runs, the first that waits need not wait for its time.
		if n := running + len(joining); q.started < 0 && n < slots && (q.arrive <= e.pass || n == 0) {
			joining = append(joining, q)
		}
	}
	// For all or none: who joins is not for the machine's memory to decide.
	if err := e.held.Fits(e.cacheBytes(joining...)); err != nil {
		return err
	}
	for _, q := range joining {
		if err := e.start(q); err != nil {
			if running > 0 { // when others have left there may be memory
				q.started = -1
				return nil
			}
			return err
		}
		if e.prompts != nil && q.cache != nil {
			e.prompts.reuse(q)
		}
		running++
	}
	return nil
}

// scheduled is the pass of a batch as a whole; nil for other runs.
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
				x.Rows = q.numScheduled
			}
		}
		switch {
		case q.finishReason != "":
			x.State = sim.RequestDone
		case q.started < 0:
			x.State = sim.RequestWaiting
		case q.numGenerated == 0:
			x.State = sim.RequestPrefill
		default:
			x.State = sim.RequestDecode
		}
		s.Requests = append(s.Requests, x)
	}
	return s
}

// promptBlocks remembers the blocks of prompts, so that a prompt that begins
// like an earlier one finds them: prefix caching. Only whole blocks are shared.
type promptBlocks struct {
	block int
	known []knownPrompt
}

// knownPrompt is a sequence whose prompt is in the cache, held by a fork of it.
type knownPrompt struct {
	tokens  []int
	cache   kv.Cache
	history *kv.History
}

// learn keeps the whole blocks of a prompt that has been fed.
func (p *promptBlocks) learn(q *sequence) {
	n := q.prompt / p.block * p.block
	if q.cache != nil && n > 0 {
		p.known = append(p.known, knownPrompt{q.tokens[:n:n], q.cache.Fork(n), q.history.First(n)})
	}
}

// forget gives back what is remembered; it reports whether there was anything.
func (p *promptBlocks) forget() bool {
	if p == nil || len(p.known) == 0 {
		return false
	}
	for _, k := range p.known {
		k.cache.Free()
	}
	p.known = nil
	return true
}

// reuse gives a sequence that begins the blocks of the known prompt that agrees
// with it longest. At least its last token is computed: it gives the logits.
func (p *promptBlocks) reuse(q *sequence) {
	longest, from := 0, -1
	for i, k := range p.known {
		n := 0
		for n < len(k.tokens) && n < q.prompt-1 && k.tokens[n] == q.tokens[n] {
			n++
		}
		if n = n / p.block * p.block; n > longest {
			longest, from = n, i
		}
	}
	if from < 0 {
		return
	}
	q.cache.Free()
	q.hold(p.known[from].cache.Fork(longest), p.known[from].history.First(longest))
	q.cached, q.reused = longest, longest
}
