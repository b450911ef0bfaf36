package sample

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// describe fills in the options and the stages of a choice of rank chosen.
func (f *filtered) describe(c *sim.Choice, chosen int) {
	var ranks []int
	for rank, id := range f.order[:min(shown, len(f.order))] {
		if f.logits[id] >= -math.MaxFloat32 {
			ranks = append(ranks, rank)
		}
	}
	if chosen >= shown {
		ranks = append(ranks, chosen)
	}
	sum := total(f.possible())
	from, seen := 0.0, 0.0
	for rank, id := range f.order[:ranks[len(ranks)-1]+1] {
		if rank < f.minP {
			seen += float64(f.weights[rank])
		}
		to := seen / sum
		if slices.Contains(ranks, rank) {
			c.Options = append(c.Options, sim.Option{ID: id, Logit: f.logits[id], Score: f.score(id), From: from, To: to})
		}
		from = to
	}
	c.Stages = f.stages(ranks)
}

// stages is what each filter that is on made of the tokens at ranks.
func (f *filtered) stages(ranks []int) []sim.Stage {
	s := f.sampler
	ids := make([]int, len(ranks))
	for i, rank := range ranks {
		ids[i] = f.order[rank]
	}
	last, sum := sim.Stage{Filter: sim.StageSoftmax, Possible: f.positive, Kept: 1}, f.mass
	for _, id := range ids {
		last.Probs = append(last.Probs, float64(f.exp(id))/sum)
	}
	list := []sim.Stage{last}
	add := func(next sim.Stage, nextSum float64) {
		last, sum = next, nextSum
		list = append(list, next)
	}
	if penalises(s) {
		add(f.flatten(sim.StagePenalty, 1, ids))
	}
	if s.Kind == "greedy" {
		add(f.cut(sim.StageGreedy, 1, ranks), 1)
		list[len(list)-1].Kept = list[len(list)-2].Probs[0]
		return list
	}
	if s.Temperature != 1 {
		add(f.flatten(sim.StageTemperature, s.Temperature, ids))
	}
	for _, filter := range []struct {
		name string
		on   bool
		n    int
	}{
		{sim.StageTopK, s.TopK > 0, f.topK},
		{sim.StageTopP, s.TopP < 1, f.topP},
		{sim.StageMinP, s.MinP > 0, f.minP},
	} {
		if !filter.on {
			continue
		}
		next, nextSum := f.cut(filter.name, filter.n, ranks), total(f.weights[:filter.n])
		if next.Possible < last.Possible { // else the share is 1, whatever the sums' last bits
			next.Kept = nextSum / sum
		}
		add(next, nextSum)
	}
	return list
}

// flatten is the stage of softmax(scores / t), of ids, and the sum of its weights.
func (f *filtered) flatten(name string, t float64, ids []int) (sim.Stage, float64) {
	highest := f.score(f.order[0])
	weights := make([]float32, len(f.logits))
	for id := range weights {
		weights[id] = weight(f.score(id), highest, t)
	}
	sum, positive := mat.Mass(weights)
	stage := sim.Stage{Filter: name, Possible: positive, Kept: 1}
	for _, id := range ids {
		stage.Probs = append(stage.Probs, float64(weights[id])/sum)
	}
	return stage, sum
}

// cut is the stage in which the first n tokens are left.
func (f *filtered) cut(name string, n int, ranks []int) sim.Stage {
	stage := sim.Stage{Filter: name, Possible: n, Kept: 1, Probs: make([]float64, len(ranks))}
	sum := total(f.weights[:n])
	for i, rank := range ranks {
		if rank < n {
			stage.Probs[i] = float64(f.weights[rank]) / sum
		}
	}
	return stage
}
