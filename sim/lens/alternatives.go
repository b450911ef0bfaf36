package lens

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// Alternative is a run of the same prompt within the same budget, kept otherwise.
type Alternative struct {
	Model string `json:"model,omitempty"` // if it is another one
	Cache string `json:"cache"`
	Fits  int    `json:"fits"`  // tokens, predicted
	Whole int    `json:"whole"` // tokens of the whole run
}

// alternatives predicts how far other policies go within the budget, and the same policy
// in the model with the fewest K/V heads that is otherwise alike.
func alternatives(m *Moment) (ways []Alternative) {
	s, budget := m.spec(), m.Recipe.Cache.Budget
	for _, p := range kv.Within(s.Fits(sim.CachePolicy{}, budget)) {
		if fits := s.Fits(p, budget); fits > 0 && p.Kind != m.Recipe.Cache.Kind {
			ways = append(ways, Alternative{Cache: kv.Text(p), Fits: fits, Whole: s.Most})
		}
	}
	if other := fewerHeads(m); other != nil {
		r := m.Recipe
		r.Model = other.Name
		if prompt, err := other.Prepare(r); err == nil {
			s := kv.SpecOf(other.Model.Config, recipe.Fed(len(prompt), r.MaxNew))
			ways = append(ways, Alternative{other.Name, kv.Text(r.Cache), s.Fits(r.Cache, r.Cache.Budget), s.Most})
		}
	}
	return ways
}

// fewerHeads returns the known model with the fewest K/V heads, of those that have as
// many layers and words as this one; nil if none has fewer.
func fewerHeads(m *Moment) *library.Loaded {
	if m.Models == nil {
		return nil
	}
	c := m.Model.Model.Config
	least, which := c.KVHeads, ""
	for _, name := range m.Models.Names() {
		o, _, err := m.Models.Shape(name)
		if err == nil && o.Layers == c.Layers && o.Vocab == c.Vocab && o.Dim == c.Dim && o.KVHeads < least {
			which, least = name, o.KVHeads
		}
	}
	if which == "" || m.Models.Waits(which) { // a frame does not wait for a file
		return nil
	}
	best, err := m.Models.Get(which)
	if err != nil {
		return nil
	}
	return best
}
