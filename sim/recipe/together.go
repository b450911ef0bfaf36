package recipe

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// Fed is how many tokens a run feeds: its prompt, and of the generated ones all but
// the last.
func Fed(prompt, maxNew int) int { return prompt + max(maxNew-1, 0) }

// MostNew is how many tokens can be generated after a prompt in a context: Fed is then all of it.
func MostNew(prompt, context int) int { return context - prompt + 1 }

// Single is the recipe of one request of a batch without the others.
func Single(r sim.Recipe, q sim.Request) sim.Recipe {
	r.Prompt, r.Tokens, r.MaxNew, r.Batch = q.Prompt, q.Tokens, q.MaxNew, nil
	return r
}

// CheckTogether refuses what cannot go together in one run.
func CheckTogether(r sim.Recipe) error {
	apart := func(a, b string) error { return sim.NewProblem("recipe.together", "A", a, "B", b) }
	beam := r.Sampler.Kind == "beam"
	switch {
	case beam && kv.TraitsOf(r.Cache).Block == 0 && r.Lanes != "uncached":
		return apart("beam", r.Cache.Kind)
	case beam && r.Draft != "":
		return apart("beam", "draft")
	case beam && r.Batch != nil:
		return apart("beam", "batch")
	case beam && len(r.Forced) > 0:
		return apart("beam", "fork")
	case r.Draft != "" && r.Batch != nil:
		return apart("draft", "batch")
	case r.Batch != nil:
		return checkBatch(r)
	}
	return nil
}

// checkBatch refuses a batch whose parts do not go together.
func checkBatch(r sim.Recipe) error {
	if r.Batch.Share && kv.TraitsOf(r.Cache).Block == 0 {
		return sim.NewProblem("recipe.together", "A", "share", "B", r.Cache.Kind)
	}
	return nil
}
