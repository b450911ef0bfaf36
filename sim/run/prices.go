package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// prices are what the passes of one lane cost. In the middle of a run the weights push
// everything else out of the processor's caches, this counting too: so passes of one
// token of one sequence, which come one after the other, are counted some at a time.
type prices struct {
	lane  sim.Lane
	shape cost.Shape // as the lane has it
	count cost.Switches

	spans  []cost.Span // of the pass, as the lane computes it
	layer  []sim.Counters
	single *priced // the pass, if it is one of those

	first int // tokens cached before the first of them
	ahead []priced
}

// priced is one pass.
type priced struct {
	layers []sim.Counters
	head   sim.Counters // of one row of logits
}

// lookahead is how many passes are counted at a time.
const lookahead = 16

// pass turns to a pass over spans, by what is cached.
func (p *prices) pass(spans []cost.Span) {
	p.spans = p.spans[:0]
	for _, s := range spans {
		p.spans = append(p.spans, p.span(s))
	}
	if p.single = nil; len(spans) == 1 && spans[0].Rows == 1 {
		p.single = p.one(spans[0].Cached)
		return
	}
	p.layer = p.layers(p.layer[:0], p.spans)
}

// one returns the pass of one token after cached ones.
func (p *prices) one(cached int) *priced {
	if i := cached - p.first; i < 0 || i >= len(p.ahead) {
		p.first, p.ahead = cached, make([]priced, lookahead)
		for i := range p.ahead {
			spans := []cost.Span{p.span(cost.Span{Rows: 1, Cached: cached + i})}
			p.ahead[i] = priced{p.layers(nil, spans), p.headOf(spans, 1)}
		}
	}
	return &p.ahead[cached-p.first]
}

// of returns what layer l of the pass costs.
func (p *prices) of(l int) sim.Counters {
	if p.single != nil {
		return p.single.layers[l]
	}
	return p.layer[l]
}

// head returns what the head of the pass costs, with logits of so many rows.
func (p *prices) head(rows int) sim.Counters {
	if p.single != nil && rows == 1 {
		return p.single.head
	}
	return p.headOf(p.spans, rows)
}

// span returns what the lane computes of one: the uncached lane everything again.
func (p *prices) span(s cost.Span) cost.Span {
	if p.lane == sim.Uncached {
		return cost.Span{Rows: s.Cached + s.Rows}
	}
	return s
}

func (p *prices) layers(all []sim.Counters, spans []cost.Span) []sim.Counters {
	all = p.shape.LayersOf(all, spans, p.count)
	if p.lane == sim.Uncached {
		for l, c := range all {
			all[l] = cost.Uncached(c)
		}
	}
	return all
}

func (p *prices) headOf(spans []cost.Span, rows int) sim.Counters {
	c := p.shape.UnembedOf(spans, rows, p.count)
	if p.lane == sim.Uncached {
		c = cost.Uncached(c)
	}
	return c
}
