package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/sample"
)

// drafter is the small model of speculative decoding with a cache of its own.
type drafter struct {
	from    *Loaded
	m       *model.Model
	lane    *lane
	cache   *kv.Contiguous
	fed     int // tokens in its cache
	count   cost.Switches
	clock   Clock
	sampler sim.Sampler
	total   sim.Counters
}

func newDrafter(from *Loaded, held *sim.Memory, most int, r sim.Recipe, count cost.Switches, clock Clock) (*drafter, error) {
	m := from.Model
	spec, lane := kv.SpecOf(m.Config, most), newLane(m)
	// All of it at once: a proposal is not refused half way. Beside the cache there are the
	// distributions of proposals, its own and the model's, in float64.
	dists := int64(2*(r.Propose+1)*m.Config.Vocab) * 8
	if err := held.Fits(spec.Bytes(sim.CachePolicy{}) + lane.wants(most, most, 1) + dists); err != nil {
		return nil, err
	}
	held.Add(dists)
	lane.memory = held
	lane.begin(most, most)
	lane.room(1)
	cache, err := kv.NewContiguous(spec, kv.NewArena(0).In(held))
	if err != nil {
		return nil, err
	}
	return &drafter{from: from, m: m, lane: lane, cache: cache, count: count, clock: clock, sampler: r.Sampler}, nil
}

// feed runs the tokens that the cache lacks and gives the last one's logits.
func (d *drafter) feed(tokens []int) (logits []float32, paid sim.Counters) {
	start, rows := d.clock(), len(tokens)-d.fed
	d.lane.begin(rows, len(tokens))
	d.lane.add(tokens[d.fed:], d.fed, d.cache)
	for l := range d.m.Config.Layers {
		d.lane.layer(l)
	}
	logits = d.lane.head([]int{rows - 1}).Row(0)
	paid = cost.Pass(d.m.Config, rows, d.fed, d.count)
	d.fed = len(tokens)
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
	d.fed = min(d.fed, n)
	d.cache.Truncate(d.fed)
}

// resume brings the cache to where the recorded passes left it.
func (d *drafter) resume(prefix []sim.Step) {
	for i := range prefix {
		s := &prefix[i]
		if s.Part == sim.HeadPart && s.Speculation != nil {
			d.total = s.Speculation.Total
			if fed := min(s.Cached+len(s.Speculation.Proposed), s.Cached+s.Kept()); fed > d.fed {
				d.feed(s.Tokens[:fed])
			}
		}
	}
}

// propose lets the draft model, if there is one, put its proposals behind the
// token that a decode pass is about to feed. There are no more than the run may
// still generate, since the pass itself gives one token too.
func (e *engine) propose(q *sequence) (err error) {
	q.proposed, q.dists = nil, nil
	if e.drafter == nil || q.chosen == 0 {
		return nil
	}
	n := min(e.recipe.Propose, q.maxNew-q.chosen-1)
	if q.cache != nil && n > 0 {
		room, _ := q.cache.Reserve(1 + n) // as many as there is memory for
		n = min(n, room-1)
	}
	if n <= 0 {
		return nil
	}
	if q.proposed, q.dists, err = e.drafter.propose(q.tokens, n, uint64(q.chosen)); err != nil {
		return err
	}
	q.tokens = append(q.tokens, q.proposed.Proposed...)
	return nil
}

// verify decides which proposals of a head step stay, by the logits of their
// rows, [proposals+1, vocab], and chooses the token after them.
func (e *engine) verify(q *sequence, s *sim.Step, logits mat.Matrix) error {
	x := s.Speculation
	if x == nil {
		return nil
	}
	before := len(s.Tokens) - len(x.Proposed)
	p := make([][]float64, logits.NumRows())
	for i := range p {
		var err error
		if p[i], err = sample.Probs(logits.Row(i), e.recipe.Sampler, s.Tokens[:before+i]); err != nil {
			return err
		}
	}
	v, err := sample.Verify(p, q.dists, x.Proposed, e.recipe.Sampler.Seed, uint64(q.chosen))
	if err != nil {
		return err
	}
	x.Verdicts, x.Accepted, x.Random, s.Token = v.Verdicts, v.Accepted, v.Random, v.Next
	e.drafter.rollBack(s.Cached + s.Kept())
	return nil
}
