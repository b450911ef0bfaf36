package cost

import (
	"math"
	"math/big"

	"kvstep/sim"
)

// Job is a generation: what there is to count.
type Job struct {
	Prompt int // tokens of the prompt
	New    int // tokens to generate
	Batch  int // sequences generated side by side, all alike; they share what is read of the weights
}

// Bill is the cost of a generation, by phase and by lane. With a batch, all
// counters are those of all its sequences together.
type Bill struct {
	Prefill [2]Counts // by sim.Lane; the cache changes nothing yet
	Decode  [2]Counts
	Total   [2]Counts
}

// Bill counts a job: one prefill, which gives the first token, and New-1 decode
// passes; the last token is never fed. The cached lane then feeds one token in
// each pass, the uncached lane everything so far. It takes the same time for any
// length, and is exact at any size.
func (s Shape) Bill(j Job, sw Switches) (Bill, error) {
	if err := s.checkJob(j); err != nil {
		return Bill{}, err
	}
	var b Bill
	n, decodes := int64(j.Prompt), int64(j.New-1)
	count := func(p passes, tokens int64) Counts {
		t := s.tally(p)
		c := t.counts(s, sw)
		c.KVTokens, c.KVBytes = s.cacheLevels(tokens, int64(j.Batch))
		return c
	}
	b.Prefill[sim.Cached] = count(s.prefill(j, sw), n)
	b.Decode[sim.Cached] = count(s.decode(j, sim.Cached, 0, decodes, sw), n+decodes)
	b.Prefill[sim.Uncached] = b.Prefill[sim.Cached].uncached()
	b.Decode[sim.Uncached] = count(s.decode(j, sim.Uncached, 0, decodes, sw), 0).uncached()
	for lane := range b.Total {
		b.Total[lane] = b.Prefill[lane].then(b.Decode[lane])
	}
	return b, nil
}

// passes are some passes of a job: the work of the layers of a group.
type passes func(group) bigWork

func (s Shape) prefill(j Job, sw Switches) passes {
	return func(g group) bigWork { return s.recomputed(1, int64(j.Prompt), j.Batch, g, sw) }
}

// decode returns count decode passes of one lane, the first of them number from.
func (s Shape) decode(j Job, lane sim.Lane, from, count int64, sw Switches) passes {
	tokens := int64(j.Prompt) + from // before the first of these passes
	if lane == sim.Cached {
		return func(g group) bigWork { return s.oneByOne(count, tokens, j.Batch, g) }
	}
	return func(g group) bigWork { return s.recomputed(count, tokens+1, j.Batch, g, sw) }
}

// tally counts what some passes cost, all layers and the head.
func (s Shape) tally(p passes) *tally {
	var t tally
	all := p(group{})
	t.add(s.entryPrice(), 1, all)
	t.add(s.headPrice(), 1, all)
	for _, g := range s.groups() {
		if g.layers > 0 {
			t.add(s.price(g.half), g.layers, p(g))
		}
	}
	return &t
}

// oneByOne returns passes that feed one token each of every sequence; the first
// finds cached tokens in the cache. With m = 1 there is nothing to mask.
func (s Shape) oneByOne(passes, cached int64, batch int, g group) bigWork {
	each := func(n *big.Int) *big.Int { return timesBig(n, big.NewInt(int64(batch))) }
	seen := each(clipped(cached+1, passes, g.window))
	var w bigWork
	w[perPass] = big.NewInt(passes)
	w[perRow], w[perLogit] = each(w[perPass]), each(w[perPass])
	w[perPair], w[perRead] = seen, seen
	if s.MLA.KVRank > 0 {
		if s.absorbs(true) {
			w[perLatent], w[perPair] = seen, nil
		} else {
			w[perExpand] = each(ramp(cached, passes))
		}
	}
	if g.half == experts {
		w[perExpert] = timesBig(w[perPass], big.NewInt(min(int64(s.MoE.Experts), times(int64(s.MoE.Active), int64(batch)))))
	}
	return w
}

// recomputed returns passes over everything so far: tokens rows of every sequence in the
// first and one more in each that follows. One of them is a prefill.
//
//	allowed: P = sum of T(T+1)/2, or less with a window      dense: T^2
func (s Shape) recomputed(passes, tokens int64, batch int, g group, sw Switches) bigWork {
	each := func(n *big.Int) *big.Int { return timesBig(n, big.NewInt(int64(batch))) }
	rows := each(ramp(tokens, passes))
	var w bigWork
	w[perPass], w[perRow], w[perRead] = big.NewInt(passes), rows, rows
	w[perPair] = each(clippedPairs(tokens, passes, g.window))
	if sw.Pairs == "dense" {
		w[perPair] = each(squares(tokens, passes))
	}
	w[perLogit] = each(w[perPass])
	if sw.Logits == "all" {
		w[perLogit] = rows
	}
	if s.MLA.KVRank > 0 && s.absorbs(false) {
		w[perLatent], w[perPair] = w[perPair], nil
	}
	if g.half == experts { // min(E, k rows) in each pass
		e, k := int64(s.MoE.Experts), times(int64(s.MoE.Active), int64(batch))
		some := within(tokens, passes, e/k) // passes whose rows do not reach all experts
		w[perExpert] = plusBig(timesBig(big.NewInt(k), ramp(tokens, some)), timesBig(big.NewInt(e), big.NewInt(passes-some)))
	}
	return w
}

// cacheLevels returns the levels of the cache after tokens positions of every sequence:
// tokens in the layer that holds most, and bytes in all layers.
func (s Shape) cacheLevels(tokens, batch int64) (inLayer, size *big.Int) {
	perSequence := plusBig(
		timesBig(big.NewInt(int64(s.Local)), big.NewInt(s.keeps(0, tokens))),
		timesBig(big.NewInt(int64(s.Layers-s.Local)), big.NewInt(tokens)))
	numbers := timesBig(perSequence, big.NewInt(batch), big.NewInt(s.kvPrice()))
	return timesBig(big.NewInt(s.keeps(s.Layers-1, tokens)), big.NewInt(batch)), bigBytes(numbers, s.KVBits)
}

// Generation is a Bill for one sequence that fits into int64.
type Generation struct {
	Prefill     [2]sim.Counters // by sim.Lane
	Decode      [2]sim.Counters
	Total       [2]sim.Counters
	CacheTokens int64 // held at the end: prompt + newTokens - 1, the last is never fed
}

// Generate returns the Bill of one sequence, as counters. Counts beyond an int64 are
// Problem "cost.overflow".
func (s Shape) Generate(prompt, newTokens int, sw Switches) (Generation, error) {
	b, err := s.Bill(Job{prompt, newTokens, 1}, sw)
	if err != nil {
		return Generation{}, err
	}
	g := Generation{CacheTokens: int64(prompt) + int64(newTokens) - 1}
	for lane := range b.Total {
		for _, f := range []struct {
			from Counts
			to   *sim.Counters
		}{{b.Prefill[lane], &g.Prefill[lane]}, {b.Decode[lane], &g.Decode[lane]}, {b.Total[lane], &g.Total[lane]}} {
			var fits bool
			if *f.to, fits = f.from.Counters(); !fits {
				return Generation{}, sim.NewProblem("cost.overflow", "Tokens", g.CacheTokens)
			}
		}
	}
	return g, nil
}

// Generate returns Of(c).Generate.
func Generate(c sim.Config, prompt, newTokens int, sw Switches) (Generation, error) {
	return Of(c).Generate(prompt, newTokens, sw)
}

// largest is the largest number of a Job: with it, no int64 of its work overflows.
const largest = math.MaxInt32
