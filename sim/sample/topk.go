package sample

import "kvstep/sim"

// Top-k leaves the K likeliest. Where scores tie for the last place, the lower ids stay:
// exactly K. (Hugging Face's keeps all that tie.)
var topK = Filter{
	Number: sim.Number{Name: "top_k", Least: 0, Most: 1 << 20, Whole: true, Step: 1},
	Key:    "k", Off: 0,
	own:   func(s *sim.Sampler) any { return &s.TopK },
	Limit: func(k float64) int { return int(k) },
	Apply: func(d *Dist, k float64) {
		n := 0.0
		d.Keep(func(int, float32) bool { n++; return n <= k })
	},
}
