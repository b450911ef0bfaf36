package sample

import "kvstep/sim"

// Top-p, nucleus sampling (Holtzman et al., 2020), leaves the fewest of the likeliest
// whose share of the sum reaches p. Where scores tie for the last place, the lower ids
// stay.
var topP = Filter{
	Number: sim.Number{Name: "top_p", Least: 0.0001, Most: 1, Step: 0.05},
	Key:    "p", Off: 1,
	own: func(s *sim.Sampler) any { return &s.TopP },
	Apply: func(d *Dist, p float64) {
		reached, enough := 0.0, p*d.Total()
		d.Keep(func(_ int, w float32) bool {
			more := reached < enough
			reached += float64(w)
			return more
		})
	},
}
