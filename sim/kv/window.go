package kv

import "kvstep/sim"

// windowPolicy keeps the first sinks and the newest window tokens (StreamingLLM, Xiao et
// al. 2023, without its renumbering of positions); without sinks it is a sliding window.
var windowPolicy = &Policy{
	Kind: sim.CacheWindow,
	Params: []Param{
		newest(8),
		count("sinks", 0, maxTokens, 0, func(p *sim.CachePolicy) any { return &p.Sinks }),
	},
	Offers: []Offer{
		{Name: "window", Start: sim.CachePolicy{Kind: sim.CacheWindow}, Hides: []string{"sinks"}},
		{Name: "sinks", Start: sim.CachePolicy{Kind: sim.CacheWindow, Sinks: 2}},
	},
	Traits: func(p sim.CachePolicy) Traits {
		return evictingTraits(Keeps{First: p.Sinks, Newest: p.Window, Most: p.Sinks + p.Window})
	},
	Open: func(_ Spec, p sim.CachePolicy, a *Arena) Source {
		oldest := rule{victim: func(*held) int { return p.Sinks }}
		return func(s Spec) (Cache, error) { return made(newEvicting(s, p.Sinks+p.Window, oldest, a)) }
	},
	Sizes: bounded{},
	Within: func(room int) sim.CachePolicy { // as much of 8 tokens and 2 sinks as there is room for
		sinks := min(2, room/3)
		return sim.CachePolicy{Kind: sim.CacheWindow, Window: min(8, room-sinks), Sinks: sinks}
	},
}
