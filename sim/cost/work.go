package cost

import (
	"math"

	"kvstep/sim"
)

// Work is what one pass, or many passes together, amount to, whatever the
// model. Every count of this package is linear in it. So a sum of passes is
// counted like one pass, and cutting a prompt into chunks changes no FLOPs:
// it changes neither the rows nor the allowed pairs, only the passes.
type Work struct {
	Passes int64 // times all weights are read
	Rows   int64 // m: token rows computed
	Pairs  int64 // P: (query, key) pairs scored, per head
	Logits int64 // r: rows that get logits
	Reads  int64 // s+m: rows of K read, and as many of V, each once per pass
}

// PassWork is one pass over rows new tokens with cached tokens before them.
//
//	allowed: P = m*s + m*(m+1)/2    every query sees the past and itself
//	dense:   P = m*(s+m)            the masked half is computed too
func PassWork(rows, cached int, sw Switches) Work {
	m, s := int64(rows), int64(cached)
	w := Work{Passes: 1, Rows: m, Pairs: plus(times(m, s), triangle(m)), Logits: 1, Reads: s + m}
	if sw.Pairs == "dense" {
		w.Pairs = times(m, s+m)
	}
	if sw.Logits == "all" {
		w.Logits = m
	}
	return w
}

// decodeWork is passes that feed one token each; the first finds cached
// tokens in the cache. With m = 1 there is nothing to mask: P = s+1 either way.
func decodeWork(passes, cached int) Work {
	g, seen := int64(passes), ramp(int64(cached)+1, int64(passes))
	return Work{Passes: g, Rows: g, Pairs: seen, Logits: g, Reads: seen}
}

// againWork is what the uncached lane does instead: passes over everything so
// far, tokens rows in the first and one more in each that follows.
//
//	allowed: P = sum of T(T+1)/2      dense: T^2 = T(T+1)/2 + (T-1)T/2
func againWork(passes, tokens int, sw Switches) Work {
	n, g := int64(tokens), int64(passes)
	rows := ramp(n, g)
	w := Work{Passes: g, Rows: rows, Pairs: ramps(n, g), Logits: g, Reads: rows}
	if sw.Pairs == "dense" {
		w.Pairs = plus(w.Pairs, ramps(n-1, g))
	}
	if sw.Logits == "all" {
		w.Logits = rows
	}
	return w
}

// The sums below divide before they multiply, so that no step is larger than
// the result: times cannot stick at its limit on the way to a smaller number.

// ramp is n + (n+1) + ..., count terms: count n + count(count-1)/2.
func ramp(n, count int64) int64 {
	if count == 0 {
		return 0
	}
	return plus(times(count, n), triangle(count-1))
}

// ramps is triangle(n) + triangle(n+1) + ..., count terms. As triangle(n+i) is
// triangle(n) + n i + triangle(i), the sum over i < count is
// count triangle(n) + n triangle(count-1) + (count-1) count (count+1)/6.
func ramps(n, count int64) int64 {
	if count == 0 {
		return 0
	}
	return plus(plus(times(count, triangle(n)), times(n, triangle(count-1))), tetrahedron(count-1))
}

// triangle is 1 + 2 + ... + n = n(n+1)/2; one of the factors is even.
func triangle(n int64) int64 {
	if n%2 == 0 {
		return times(n/2, n+1)
	}
	return times(n, (n+1)/2)
}

// tetrahedron is triangle(1) + ... + triangle(n) = n(n+1)(n+2)/6; one of three
// neighbours is a multiple of 3, and its third is even if it was.
func tetrahedron(n int64) int64 {
	x := [3]int64{n, n + 1, n + 2}
	x[(3-n%3)%3] /= 3
	for i := range x {
		if x[i]%2 == 0 {
			x[i] /= 2
			break
		}
	}
	return times(x[:]...)
}

// Generation is the cost of generating tokens, by phase and by lane.
type Generation struct {
	Prefill     [2]sim.Counters // by sim.Lane; the cache changes nothing yet
	Decode      [2]sim.Counters
	Total       [2]sim.Counters
	CacheTokens int64 // held at the end: prompt + newTokens - 1, the last is never fed
}

// Generate counts newTokens tokens after a prompt: one prefill, which gives
// the first of them, and newTokens-1 decode passes. It takes the same time for
// any length. Counts beyond an int64 are Problem "cost.overflow".
func (s Shape) Generate(prompt, newTokens int, sw Switches) (Generation, error) {
	if err := s.checkGeneration(prompt, newTokens); err != nil {
		return Generation{}, err
	}
	first, decodes := PassWork(prompt, 0, sw), newTokens-1
	g := Generation{CacheTokens: int64(prompt) + int64(decodes)}

	g.Prefill[sim.Cached] = s.flows(first, sw)
	s.hold(&g.Prefill[sim.Cached], int64(prompt))
	g.Decode[sim.Cached] = s.flows(decodeWork(decodes, prompt), sw)
	s.hold(&g.Decode[sim.Cached], g.CacheTokens)

	g.Prefill[sim.Uncached] = Uncached(g.Prefill[sim.Cached])
	g.Decode[sim.Uncached] = Uncached(s.flows(againWork(decodes, prompt+1, sw), sw))

	for lane := range g.Total {
		g.Total[lane] = Add(g.Prefill[lane], g.Decode[lane])
		if tooLarge(g.Total[lane]) {
			return Generation{}, sim.NewProblem("cost.overflow", "Tokens", g.CacheTokens)
		}
	}
	return g, nil
}

// Generate is Of(c).Generate.
func Generate(c sim.Config, prompt, newTokens int, sw Switches) (Generation, error) {
	return Of(c).Generate(prompt, newTokens, sw)
}

// tooLarge tells whether a count stuck at the largest int64 (see times).
func tooLarge(c sim.Counters) bool {
	all := Switches{Scope: "matmul+elementwise"}
	bytes := plus(plus(c.KVBytes, c.WeightBytes), plus(c.KVReadBytes, c.KVWriteBytes))
	return max(Headline(c, all), bytes) == math.MaxInt64
}
