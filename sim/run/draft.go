package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/model"
	"kvstep/sim/sample"
)

// drafter is the small model of speculative decoding with a cache of its own.
type drafter struct {
	m         *model.Model
	lane      *lane
	cache     *kv.Contiguous
	numCached int // tokens in its cache
	count     cost.Switches
	clock     Clock
	sampler   sim.Sampler
	total     sim.Counters
}

func newDrafter(m *model.Model, held *sim.Memory, maxTokens int, r sim.Recipe, count cost.Switches, clock Clock) (*drafter, error) {
	spec, lane := kv.SpecOf(m.Config, maxTokens), newLane(m)
	// All of it at once: a proposal is not refused half way. Beside the cache there are the
	// distributions of proposals, its own and the model's, in float64.
	dists := int64(2*(r.Propose+1)*m.Config.Vocab) * 8
	if err := held.Fits(spec.Bytes(sim.CachePolicy{}) + lane.wants(maxTokens, maxTokens, 1) + dists); err != nil {
		return nil, err
	}
	held.Add(dists)
	lane.memory = held
	lane.begin(maxTokens, maxTokens)
	lane.reserveLogits(1)
	cache, err := kv.NewContiguous(spec, kv.NewArena(0).In(held))
	if err != nil {
		return nil, err
	}
	return &drafter{m: m, lane: lane, cache: cache, count: count, clock: clock, sampler: r.Sampler}, nil
}

// feed runs the tokens that the cache lacks and gives the last one's logits.
func (d *drafter) feed(tokens []int) (logits []float32, paid sim.Counters) {
	start, rows := d.clock(), len(tokens)-d.numCached
	d.lane.begin(rows, len(tokens))
	d.lane.add(tokens[d.numCached:], d.numCached, d.cache)
	for l := range d.m.Config.Layers {
		d.lane.layer(l)
	}
	logits = d.lane.head([]int{rows - 1}).Row(0)
	paid = cost.Pass(d.m.Config, rows, d.numCached, d.count)
	d.numCached = len(tokens)
	paid.Seconds = d.clock() - start
	return logits, paid
}

// propose draws n tokens to follow tokens, one by one, and the distributions
// that they were drawn from. at is the place of the first in the generated text.
func (d *drafter) propose(tokens []int, n int, at uint64) (*sim.Speculation, [][]float64, error) {
	s, tokens := &sim.Speculation{}, append(make([]int, 0, len(tokens)+n), tokens...)
	var dists [][]float64
	for i := range n {
		logits, paid := d.feed(tokens)
		s.Cost = cost.Add(s.Cost, paid)
		q, err := sample.Probs(logits, d.sampler, tokens)
		if err != nil {
			return nil, nil, err
		}
		token := sample.Draw(q, sample.Random(d.sampler.Seed, at+uint64(i), sample.ForDraft))
		s.Proposed, dists, tokens = append(s.Proposed, token), append(dists, q), append(tokens, token)
	}
	d.total = cost.Add(d.total, s.Cost)
	s.Total = d.total
	return s, dists, nil
}

// rollBack takes tokens from position n on out of the cache.
func (d *drafter) rollBack(n int) {
	d.numCached = min(d.numCached, n)
	d.cache.Truncate(d.numCached)
}

// rebuild brings the cache to where recorded passes left it.
func (d *drafter) rebuild(prefix []sim.Step) {
	for i := range prefix {
		s := &prefix[i]
		if s.Part == sim.HeadPart && s.Speculation != nil {
			d.total = s.Speculation.Total
			if fed := min(s.Cached+len(s.Speculation.Proposed), s.Cached+s.Committed()); fed > d.numCached {
				d.feed(s.Tokens[:fed])
			}
		}
	}
}
