package run

import (
	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/schedule"
)

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

// plans are the requests of a batch as the scheduler forecasts them, the recipe's own
// prompt first.
func plans(r sim.Recipe, prompts [][]int) []schedule.Prompt {
	all := []schedule.Prompt{{Tokens: len(prompts[0]), MaxNew: r.MaxNew}}
	for i, q := range r.Batch.Requests {
		all = append(all, schedule.Prompt{Tokens: len(prompts[i+1]), MaxNew: q.MaxNew, Arrive: q.Arrive})
	}
	return all
}

// Length returns how many steps the run has if it goes to its maximum; prompts are
// those of a batch, see Prompts.
func Length(m *library.Loaded, r sim.Recipe, prompts [][]int) int {
	passes := max(r.MaxNew, 1)
	if r.Batch != nil {
		passes, _ = schedule.For(r.Batch).Forecast(plans(r, prompts))
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
		most = max(most, recipe.Fed(q.Tokens, q.MaxNew))
	}
	return most
}
