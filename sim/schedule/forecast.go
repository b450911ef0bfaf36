package schedule

// Prompt is a request as it is known before anything runs.
type Prompt struct {
	Tokens int // of its prompt
	MaxNew int // tokens to generate at most; 0: prefill alone
	Arrive int // the first pass that can have it
}

// Unlimited is memory that has room for all, and finds nothing in it.
type Unlimited struct{}

func (Unlimited) Join(int, []Share) (int, bool, error) { return 0, true, nil }
func (Unlimited) Reserve(_, n int) (int, error)        { return n, nil }
func (Unlimited) Evict() bool                          { return false }
func (Unlimited) FitsAlone(int) bool                   { return true }
func (Unlimited) Holds(int) bool                       { return false }
func (Unlimited) Preempt(int)                          {}

// Forecast returns how many passes requests take if each goes to its maximum and finds
// memory at once. Passes that are alike are counted at once: plans is how many were made,
// which depends on who comes and goes and not on how many tokens or passes there are.
func (p Policy) Forecast(prompts []Prompt) (passes, plans int) {
	all := make([]forecast, len(prompts))
	for i, q := range prompts {
		all[i] = forecast{Prompt: q}
	}
	for ; ; plans++ {
		out := next(p, passes, all)
		if len(out.Scheduled) == 0 {
			return passes, plans
		}
		n := alike(all, out, passes)
		for _, s := range out.Scheduled {
			all[s.Request].feed(n, s.NumTokens)
		}
		passes += n
	}
}

// forecast is a request on its way through a forecast.
type forecast struct {
	Prompt
	started   bool
	startedIn int
	computed  int // tokens of the prompt
	generated int
}

// next plans a pass with memory for all, and notes who joined.
func next(p Policy, pass int, all []forecast) Output {
	state := make([]Request, len(all))
	for i := range all {
		state[i] = all[i].request()
	}
	out, _ := p.Next(pass, state, Unlimited{}) // memory that refuses nothing gives no error
	for _, i := range out.Joined {
		all[i].started, all[i].startedIn = true, pass
	}
	return out
}

// request returns the scheduler's view of a forecast's request.
func (q *forecast) request() Request {
	r := Request{Arrive: q.Arrive, Started: q.startedIn, Pending: 1, Prefill: q.generated == 0}
	if r.Prefill {
		r.Pending = max(q.Tokens-q.computed, 1) // an empty prompt takes a pass as well
	}
	switch {
	case q.generated > 0 && q.generated >= q.MaxNew, q.MaxNew == 0 && q.computed >= max(q.Tokens, 1):
		r.State = Finished
	case q.started:
		r.State = Running
	}
	return r
}

// feed gives a request its share of n passes.
func (q *forecast) feed(n, tokens int) {
	if q.generated > 0 {
		q.generated += n
		return
	}
	if q.computed += n * tokens; q.computed >= q.Tokens && q.MaxNew > 0 {
		q.generated = 1
	}
}

// alike returns how many passes from the planned one on are like it: until a request
// ends, its prompt is all but computed, or another one comes.
func alike(all []forecast, out Output, pass int) int {
	n := 0 // 0: no limit yet
	limit := func(k int) {
		if n == 0 || k < n {
			n = k
		}
	}
	for _, s := range out.Scheduled {
		if q := &all[s.Request]; q.generated > 0 {
			limit(q.MaxNew - q.generated)
		} else {
			limit(max((q.Tokens-q.computed)/s.NumTokens, 1))
		}
	}
	for i := range all {
		if q := &all[i]; !q.started && q.Arrive > pass {
			limit(q.Arrive - pass)
		}
	}
	return n
}
