package sample

import "kvstep/sim"

// Temperature divides the scores: below 1 the likeliest tokens gain, above 1 they lose.
// 0 would be the greedy sampler, and is written so.
var temperature = Filter{
	Number: sim.Number{Name: "temperature", Least: 0, Most: 100, Step: 0.05},
	Key:    "t", Off: 1,
	own:     func(s *sim.Sampler) any { return &s.Temperature },
	Rescore: func(s *Scores, t float64) { s.T = t },
	Says: func(t float64) string {
		if t < 1 {
			return "cooler"
		}
		return "hotter"
	},
}
