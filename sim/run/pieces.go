package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// Pieces returns in how many passes a run of one sequence reads its prompt, of so many tokens:
// one, but where groups of tokens wait in float32 until they are full and the budget has no
// room for all of them at once. The recipe has been prepared.
func Pieces(m *library.Loaded, r sim.Recipe, prompt int) int {
	if r.Lanes == "uncached" || r.Cache.Budget == 0 || kv.TraitsOf(r.Cache).GroupTokens == 0 {
		return 1
	}
	c := m.Model.Config
	cache, err := kv.New(kv.SpecOf(c, recipe.Fed(prompt, r.MaxNew)), r.Cache, kv.NewArena(r.Cache.Budget))
	if err != nil {
		return 1
	}
	passes, row := 0, make([]float32, c.KVDim())
	for fed := 0; fed < prompt; passes++ {
		n, _ := cache.Reserve(prompt - fed)
		if n <= 0 { // memory ends in it
			break
		}
		for l := range c.Layers {
			for range n {
				cache.Append(l, row, row)
			}
		}
		cache.EndPass()
		fed += n
	}
	return max(passes, 1)
}
