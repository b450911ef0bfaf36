package kv

import "kvstep/sim"

// h2oPolicy keeps the newest window tokens and, of the others, the heavy ones that were
// attended most so far (H2O, Zhang et al. 2023, algorithm 1). It evicts before it appends,
// so that its memory is never exceeded.
var h2oPolicy = &Policy{
	Kind: sim.CacheH2O,
	Params: []Param{
		newest(4),
		count("heavy", 0, maxTokens, 4, func(p *sim.CachePolicy) any { return &p.Heavy }),
	},
	Traits: func(p sim.CachePolicy) Traits {
		t := evictingTraits(Keeps{Newest: p.Window, Most: p.Heavy + p.Window})
		t.Alike, t.Scored = false, true
		return t
	},
	Open: func(_ Spec, p sim.CachePolicy, a *Arena) Source {
		lightest := rule{
			victim: func(x *held) int { return x.least(p.Window) },
			score: func(x *held, probs []float32, _ bool) { // received from all queries so far
				for i, prob := range probs {
					x.scores[i] += prob
				}
			},
		}
		return func(s Spec) (Cache, error) { return made(newEvicting(s, p.Heavy+p.Window, lightest, a)) }
	},
	Sizes: bounded{},
}
