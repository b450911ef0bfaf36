package sample

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// stages returns the distribution of the tokens at ranks after each filter that is on, and
// before the first of them.
func (f *filtered) stages(first whole, ranks []int) []sim.Stage {
	ids := make([]int, len(ranks))
	for i, rank := range ranks {
		ids[i] = f.Order[rank]
	}
	last, sum := sim.Stage{Filter: sim.StageSoftmax, Possible: first.positive, Kept: 1}, first.mass
	for _, id := range ids {
		last.Probs = append(last.Probs, float64(first.exp(id))/sum)
	}
	list := []sim.Stage{last}
	add := func(name string, next sim.Stage, nextSum float64) {
		next.Filter = name
		last, sum = next, nextSum
		list = append(list, next)
	}
	rescored, dropped := 0, uint8(0)
	for _, on := range f.on {
		if on.Rescore != nil {
			next, nextSum := f.rescored[rescored].stage(ids)
			add(on.Name, next, nextSum)
			rescored++
			continue
		}
		dropped++
		next, nextSum := f.cut(dropped, ranks)
		if next.Possible < last.Possible { // else the share is 1, whatever the sums' last bits
			next.Kept = nextSum / sum
		}
		add(on.Name, next, nextSum)
	}
	if f.sampler.Kind == "greedy" {
		next, _ := f.cut(0, ranks)
		next.Kept = last.Probs[0]
		add(sim.StageGreedy, next, 1)
	}
	return list
}

// stage returns the softmax of all scores, of ids, and the sum of its weights.
func (s *Scores) stage(ids []int) (sim.Stage, float64) {
	highest := s.Of(s.rank(1)[0])
	weights := make([]float32, len(s.Logits))
	for id := range weights {
		weights[id] = s.weight(s.Of(id), highest)
	}
	sum, positive := mat.Mass(weights)
	stage := sim.Stage{Possible: positive, Kept: 1}
	for _, id := range ids {
		stage.Probs = append(stage.Probs, float64(weights[id])/sum)
	}
	return stage, sum
}

// cut returns what filter number n and those before it have left, at ranks, and its sum.
func (d *Dist) cut(n uint8, ranks []int) (sim.Stage, float64) {
	sum, left := d.sum(n)
	stage := sim.Stage{Possible: left, Kept: 1, Probs: make([]float64, len(ranks))}
	for i, rank := range ranks {
		if rank < len(d.dropped) && d.had(rank, n) {
			stage.Probs[i] = float64(d.Weights[rank]) / sum
		}
	}
	return stage, sum
}
