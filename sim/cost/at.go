package cost

import "kvstep/sim"

// Step counts one step of a run in one lane: layer 0..L-1, or the head when
// layer is -1. rows are the new tokens of the pass and cached those before
// them; the uncached lane computes all of them again.
func (s Shape) Step(lane sim.Lane, layer, rows, cached int, sw Switches) sim.Counters {
	if lane == sim.Uncached {
		rows, cached = cached+rows, 0
	}
	var c sim.Counters
	if layer < 0 {
		c = s.Unembed(rows, cached, sw)
	} else {
		c = s.Layer(layer, rows, cached, sw)
	}
	if lane == sim.Uncached {
		c = Uncached(c)
	}
	return c
}

// At counts step n (0-based) of any run after a prompt of that many tokens:
// the step alone, and the run up to and with it, by lane. A run is one prefill
// and then decode passes of one token, each of L layer steps and a head step,
// so that this takes no longer for a late step than for an early one.
func (s Shape) At(prompt, n int, sw Switches) (step, total [2]sim.Counters) {
	pass, part := n/(s.Layers+1), n%(s.Layers+1)
	rows, cached := prompt, 0
	if pass > 0 {
		rows, cached = 1, prompt+pass-1
	}
	for lane := range sim.Lane(2) {
		total[lane] = s.passes(lane, prompt, pass, sw)
		for i := range part + 1 {
			layer := i
			if i == s.Layers {
				layer = -1
			}
			step[lane] = s.Step(lane, layer, rows, cached, sw)
			total[lane] = Add(total[lane], step[lane])
		}
	}
	return step, total
}

// passes returns what the first n passes of a run cost together.
func (s Shape) passes(lane sim.Lane, prompt, n int, sw Switches) sim.Counters {
	if n == 0 {
		return sim.Counters{}
	}
	j := Job{prompt, n, 1}
	c := s.tally(s.prefill(j, sw)).counts(s, sw)
	c = c.then(s.tally(s.decode(j, lane, 0, int64(n-1), sw)).counts(s, sw))
	if c.KVTokens, c.KVBytes = s.cacheLevels(int64(prompt+n-1), 1); lane == sim.Uncached {
		c = c.uncached()
	}
	counters, _ := c.Counters()
	return counters
}
