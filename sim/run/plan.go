package run

import (
	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/schedule"
)

// Plan is what is known of a run before anything runs. It is made once for a recipe.
type Plan struct {
	Prompts    [][]int // ids of its requests, the recipe's own first
	Steps      int     // that it has if every request goes to its maximum
	MostSteps  int     // that it can have: who is preempted is recomputed, which takes passes
	MostTokens int     // that its longest sequence comes to hold
}

// NewPlan plans a prepared recipe, whose own prompt is given as ids, see Prepare.
func NewPlan(m *library.Loaded, r sim.Recipe, prompt []int) *Plan {
	p := &Plan{Prompts: [][]int{prompt}, MostTokens: recipe.Fed(len(prompt), r.MaxNew)}
	passes := max(r.MaxNew, 1)
	var requests []schedule.Prompt
	if r.Batch != nil {
		requests = []schedule.Prompt{{Tokens: len(prompt), MaxNew: r.MaxNew}}
		for _, q := range r.Batch.Requests {
			ids, _ := m.Encode(recipe.Single(r, q)) // it has been encoded before
			p.Prompts = append(p.Prompts, ids)
			p.MostTokens = max(p.MostTokens, recipe.Fed(len(ids), q.MaxNew))
			requests = append(requests, schedule.Prompt{Tokens: len(ids), MaxNew: q.MaxNew, Arrive: q.Arrive})
		}
		passes, _ = schedule.For(r.Batch).Forecast(requests)
	}
	steps := m.Model.Config.Layers + 1 // of a pass
	p.Steps = steps * passes
	p.MostSteps = p.Steps
	if r.Batch != nil && r.Cache.Budget > 0 { // every pass takes the oldest request one token further
		tokens := 0
		for _, q := range requests {
			tokens += q.Tokens + max(q.MaxNew, 1)
		}
		p.MostSteps = max(p.Steps, steps*tokens)
	}
	return p
}
