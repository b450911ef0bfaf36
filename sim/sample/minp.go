package sample

import "kvstep/sim"

// Min-p (Nguyen et al., 2024) leaves the tokens that have at least this share of the
// likeliest's probability.
var minP = Filter{
	Number: sim.Number{Name: "min_p", Least: 0, Most: 1, Step: 0.01},
	Key:    "minp", Off: 0,
	own: func(s *sim.Sampler) any { return &s.MinP },
	Apply: func(d *Dist, p float64) {
		least := -1.0 // as soon as the likeliest that is left is known, p times its weight
		d.Keep(func(_ int, w float32) bool {
			if least < 0 {
				least = p * float64(w)
			}
			return float64(w) >= least
		})
	},
}
