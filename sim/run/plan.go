package run

import (
	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// plan is a request as it is known before it runs.
type plan struct {
	prompt         int // tokens
	maxNew, arrive int
	started        bool
	fed, chosen    int
	share          int // rows in the next pass
}

// Prompts are the prompts of a batch as ids, the recipe's own first; nil where the
// recipe has none. The recipe has been prepared.
func Prompts(m *library.Loaded, r sim.Recipe) [][]int {
	if r.Batch == nil {
		return nil
	}
	b := r.Batch
	r.Batch = nil
	encode := func(prompt string, tokens []int, maxNew int) []int {
		r.Prompt, r.Tokens, r.MaxNew = prompt, tokens, maxNew
		ids, _ := m.Prepare(r) // the run has prepared it already
		return ids
	}
	all := [][]int{encode(r.Prompt, r.Tokens, r.MaxNew)}
	for _, q := range b.Requests {
		all = append(all, encode(q.Prompt, q.Tokens, q.MaxNew))
	}
	return all
}

// plans are the requests of a batch, the recipe's own prompt first.
func plans(r sim.Recipe, prompts [][]int) []*plan {
	all := []*plan{{prompt: len(prompts[0]), maxNew: r.MaxNew}}
	for i, q := range r.Batch.Requests {
		all = append(all, &plan{prompt: len(prompts[i+1]), maxNew: q.MaxNew, arrive: q.Arrive})
	}
	return all
}

// running tells whether it has begun and not ended; with nothing to generate its prompt
// is all.
func (q *plan) running() bool {
	return q.started && (q.chosen < q.maxNew || q.maxNew == 0 && q.fed < q.prompt)
}

// planned is how many passes a batch has if every request goes to its maximum, finds
// memory at once and shares nothing: the schedule without the model. Passes that are
// alike are counted at once, so that it takes as long as there are events, and turns
// says how many; it does not depend on how many tokens or passes there are.
func planned(b *sim.Batch, all []*plan) (passes, turns int) {
	for ; ; turns++ {
		joinPlans(all, b, passes)
		if !sharePass(all, b) {
			return passes, turns
		}
		n := alike(all, passes)
		for _, q := range all {
			if q.share > 0 {
				q.feed(n)
			}
		}
		passes += n
	}
}

// joinPlans lets requests that wait join, as the run does.
func joinPlans(all []*plan, b *sim.Batch, pass int) {
	running := 0
	for _, q := range all {
		if q.running() {
			running++
		}
	}
	if b.Schedule == sim.ScheduleStatic && running > 0 {
		return
	}
	for _, q := range all {
		if q.started || running >= b.Slots || q.arrive > pass && running > 0 {
			continue
		}
		if q.started = true; q.running() {
			running++
		}
	}
}

// sharePass gives every request its rows in the next pass; false if there is no pass.
func sharePass(all []*plan, b *sim.Batch) (any bool) {
	left := -1 // rows that the pass may still have; -1: any number
	if b.Chunk > 0 && b.Schedule == sim.ScheduleContinuous {
		left = b.Chunk
	}
	for _, q := range all {
		q.share = 0
	}
	for _, decoding := range []bool{true, false} {
		for _, q := range all {
			if !q.running() || (q.chosen > 0) != decoding || left == 0 {
				continue
			}
			q.share, any = max(q.prompt-q.fed, 1), true
			if left >= 0 {
				q.share = min(q.share, left)
				left -= q.share
			}
		}
	}
	return any
}

// alike is how many passes from here on are like the next one: until a request ends,
// its prompt is all but fed, or another one comes.
func alike(all []*plan, pass int) int {
	n := 0 // 0: no limit yet
	limit := func(k int) {
		if n == 0 || k < n {
			n = k
		}
	}
	for _, q := range all {
		switch {
		case q.share > 0 && q.chosen > 0:
			limit(q.maxNew - q.chosen)
		case q.share > 0:
			limit(max((q.prompt-q.fed)/q.share, 1))
		case !q.started && q.arrive > pass:
			limit(q.arrive - pass)
		}
	}
	return n
}

// feed gives a request its share in n passes.
func (q *plan) feed(n int) {
	if q.chosen > 0 {
		q.chosen += n
		return
	}
	if q.fed += n * q.share; q.fed >= q.prompt {
		q.chosen++
	}
}

// Length returns how many steps the run has if it goes to its maximum; prompts are
// those of a batch, see Prompts.
func Length(m *library.Loaded, r sim.Recipe, prompts [][]int) int {
	passes := max(r.MaxNew, 1)
	if r.Batch != nil {
		passes, _ = planned(r.Batch, plans(r, prompts))
	}
	return (m.Model.Config.Layers + 1) * passes
}

// Most returns how many tokens the longest sequence of the run comes to hold; prompt is
// the tokens of its prompt, prompts are those of a batch, see Prompts.
func Most(r sim.Recipe, prompt int, prompts [][]int) int {
	if r.Batch == nil {
		return recipe.Fed(prompt, r.MaxNew)
	}
	most := 0
	for _, q := range plans(r, prompts) {
		most = max(most, recipe.Fed(q.prompt, q.maxNew))
	}
	return most
}
