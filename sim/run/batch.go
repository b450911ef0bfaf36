package run

import (
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

// requests returns the recipe's own prompt and those of its batch. The recipe has
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
