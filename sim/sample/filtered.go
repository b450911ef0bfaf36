package sample

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// activeFilter is a filter that is on, and what it is set to.
type activeFilter struct {
	*Filter
	x float64
}

// active returns the filters that apply under a sampler, in order.
func active(s *sim.Sampler) (on []activeFilter) {
	for _, f := range Filters {
		if f.On(s) {
			on = append(on, activeFilter{f, f.In(s).Get()})
		}
	}
	return on
}

// Changes reports whether a sampler chooses from another distribution than the softmax of the logits.
func Changes(s sim.Sampler) bool { return len(active(&s)) > 0 }

// filtered is a row of logits and what the filters that are on made of it.
type filtered struct {
	*Dist
	sampler  sim.Sampler
	on       []activeFilter
	rescored []Scores // after each filter that changes scores
}

// applyFilters applies the filters. The temperature of the weights and the ranking come from
// all that change scores. Greedy leaves one token.
func applyFilters(logits []float32, s sim.Sampler, past []int) (*filtered, error) {
	if err := checkSettings(&s); err != nil {
		return nil, err
	}
	if err := checkLogits(logits); err != nil {
		return nil, err
	}
	f := &filtered{sampler: s, on: active(&s)}
	scores := Scores{Logits: logits, Past: past, T: 1}
	for _, on := range f.on {
		if on.Rescore != nil {
			on.Rescore(&scores, on.x)
			f.rescored = append(f.rescored, scores)
		}
	}
	n := needed(s.Kind, f.on, len(logits))
	if s.Kind == "greedy" {
		f.Dist = (&Dist{Scores: scores, Order: scores.rank(n), Weights: []float32{1}}).all()
		return f, nil
	}
	f.Dist = newDist(scores, n)
	for _, on := range f.on {
		if on.Apply != nil {
			f.turn++
			on.Apply(f.Dist, on.x)
		}
	}
	return f, nil
}

// random returns the number in [0, 1) that choice draw of the run falls on; 0 when greedy.
func (f *filtered) random(draw uint64) float64 {
	if f.sampler.Kind != "sample" {
		return 0
	}
	return Random(f.sampler.Seed, draw, ForToken)
}

// describe fills in the candidates, options and stages of a choice of rank chosen.
func (f *filtered) describe(c *Choice, chosen int) {
	first := softmax(f.Scores.Logits)
	c.Top = f.top(first)
	ranks := f.listed(chosen)
	c.Options = f.options(ranks)
	c.Stages = f.stages(first, ranks)
}

// listed returns the ranks of the options: the highest scores, and the chosen token.
func (f *filtered) listed(chosen int) (ranks []int) {
	for rank, id := range f.Order[:min(shown, len(f.Order))] {
		if f.Scores.Logits[id] >= -math.MaxFloat32 {
			ranks = append(ranks, rank)
		}
	}
	if chosen >= shown {
		ranks = append(ranks, chosen)
	}
	return ranks
}

// options returns the tokens of ranks, with their stretches of the cumulative line.
func (f *filtered) options(ranks []int) (list []sim.Option) {
	sum := f.Total()
	from, seen := 0.0, 0.0
	for rank, id := range f.Order[:ranks[len(ranks)-1]+1] {
		if f.Has(rank) {
			seen += float64(f.Weights[rank])
		}
		to := seen / sum
		if slices.Contains(ranks, rank) {
			list = append(list, sim.Option{ID: id, Logit: f.Scores.Logits[id], Score: f.Scores.Of(id), From: from, To: to})
		}
		from = to
	}
	return list
}

// top returns the ten likeliest before any filter, given the softmax of the logits.
func (f *filtered) top(first whole) (top []sim.Candidate) {
	logits := f.Scores.Logits
	ids := f.Order
	if f.Scores.Changed != nil {
		ids = ranked(logits, min(shown, len(logits)))
	}
	ids = ids[:min(shown, len(ids))]
	drawn := f.chosenFrom(first, ids)
	for i, id := range ids {
		rank := slices.Index(f.Order, id) // -1 where a penalty has put it behind all that are looked at
		top = append(top, sim.Candidate{
			ID: id, Logit: logits[id], Prob: first.exp(id) / first.sum, Drawn: drawn[i], Kept: rank >= 0 && f.Has(rank),
		})
	}
	return top
}

// chosenFrom returns the probabilities of ids in the distribution that the token is chosen from. Greedy
// chooses the likeliest of all tokens, so that is the one before the last stage.
func (f *filtered) chosenFrom(first whole, ids []int) []float64 {
	if f.sampler.Kind == "greedy" && len(f.rescored) > 0 {
		stage, _ := f.rescored[len(f.rescored)-1].stage(ids)
		return stage.Probs
	}
	probs, sum := make([]float64, len(ids)), f.Total()
	for i, id := range ids {
		switch rank := slices.Index(f.Order, id); {
		case f.sampler.Kind == "greedy":
			probs[i] = float64(first.exp(id)) / first.mass
		case rank >= 0 && f.Has(rank):
			probs[i] = float64(f.Weights[rank]) / sum
		}
	}
	return probs
}

// whole is the softmax of all logits before its division.
type whole struct {
	logits   []float32
	highest  float32 // logit
	sum      float32 // of exp(logit - highest)
	mass     float64 // the same sum in float64
	positive int     // how many of them are above 0
}

// softmax sums the exponentials of all logits.
func softmax(logits []float32) whole {
	w := whole{logits: logits, highest: mat.Max(logits)}
	w.sum, w.mass, w.positive = mat.Partition(logits, w.highest)
	return w
}

// exp returns a token's exp(logit - highest).
func (w *whole) exp(id int) float32 { return mat.Exp(w.logits[id] - w.highest) }
