package run

import (
	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/model"
)

// Needs returns about how many bytes a run of one sequence of so many tokens holds in both
// lanes, with all its steps; of fewer where the model's context is shorter.
func Needs(c sim.Config, tokens int) int64 {
	n := min(tokens, c.Context)
	rows := 4*int64(n)*int64(keptNumbers(c, false)) + int64(n*(c.Layers+1))*sim.StepBytes
	lanes := model.ActsBytes(model.Lent{Stream: true}, c, n, n) + model.ActsBytes(model.Lent{}, c, n, n) + 2*4*int64(c.Vocab)
	spec := kv.SpecOf(c, n)
	one := spec
	one.Layers = 1
	cache := spec.Bytes(sim.CachePolicy{}) + one.Bytes(sim.CachePolicy{})
	return (rows + lanes + cache) * 5 / 4 // slabs that are not full
}
