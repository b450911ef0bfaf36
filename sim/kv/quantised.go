package kv

import "kvstep/sim"

var (
	int8Policy = quantisedPolicy(sim.CacheInt8, 8)
	int4Policy = quantisedPolicy(sim.CacheInt4, 4)
)

// The axes along which numbers of K share a scale.
const (
	AxisToken   = "token"
	AxisChannel = "channel"
)

// quantisedPolicy keeps every token, in so many bits a number (KIVI, Liu et al. 2024).
func quantisedPolicy(kind string, bits int) *Policy {
	d := coded{bits: bits}
	return &Policy{
		Kind: kind,
		Params: []Param{
			{Number: sim.Number{Name: "axis"}, Words: []string{AxisToken, AxisChannel}, at: func(p *sim.CachePolicy) any { return &p.Axis }},
			groupParam(),
		},
		Traits: func(p sim.CachePolicy) Traits {
			t := Traits{Bits: bits, Group: p.Group}
			if p.Axis == AxisChannel {
				t.GroupTokens = p.Group
			}
			return t
		},
		Open: func(_ Spec, p sim.CachePolicy, a *Arena) Source {
			return func(s Spec) (Cache, error) { return made(newQuantised(s, p, d, a)) }
		},
		Sizes: d,
		check: func(p sim.CachePolicy, headDim int) error {
			if p.Group > 0 && headDim%p.Group != 0 { // V's groups divide a head
				return sim.NewProblem("cache.group", "Have", p.Group, "HeadDim", headDim)
			}
			return nil
		},
	}
}

// groupParam makes the parameter of how many numbers share a scale, at most a head; 0 is a
// head, where groups lie along one.
func groupParam() Param {
	x := count("group", 0, maxTokens, 0, func(p *sim.CachePolicy) any { return &p.Group })
	x.Divides = true
	x.depends = func(p sim.CachePolicy) int {
		if p.Axis == AxisChannel {
			return 8
		}
		return 0
	}
	x.narrow = func(n sim.Number, p sim.CachePolicy, headDim int) sim.Number {
		if n.Most = float64(headDim); p.Axis == AxisChannel {
			n.Least = 1
		}
		return n
	}
	return x
}

// grouped returns p with the size of its groups written out.
func (s Spec) grouped(p sim.CachePolicy) sim.CachePolicy {
	if p.Group == 0 {
		p.Group = s.HeadDim
	}
	return p
}
