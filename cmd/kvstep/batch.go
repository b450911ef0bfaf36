package main

import (
	"github.com/spf13/cobra"

	"kvstep/sim"
)

// batchFlags say which requests a traced run has beside its own prompt.
type batchFlags struct {
	prompts []string
	arrive  []int
	plan    sim.Batch
}

func (b *batchFlags) define(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&b.prompts, "request", nil, "another prompt that is served in the same passes (may be repeated)")
	f.IntSliceVar(&b.arrive, "arrive", nil, "pass from which each --request is there, in order (default 0)")
	f.StringVar(&b.plan.Schedule, "schedule", sim.ScheduleContinuous, "how requests take turns: static or continuous")
	f.IntVar(&b.plan.Slots, "slots", 4, "requests that a pass may have")
	f.IntVar(&b.plan.Chunk, "chunk", 0, "rows that a pass may have; longer prompts are fed in pieces (0: any number)")
	f.BoolVar(&b.plan.Share, "share-prefix", false, "prompts that begin alike share the blocks of their beginning (needs --cache paged)")
}

// read is the batch that the flags ask for, nil if there is only one prompt and
// nothing to schedule.
func (b *batchFlags) read(maxNew int) (*sim.Batch, error) {
	if len(b.prompts) == 0 && b.plan.Chunk == 0 {
		return nil, nil
	}
	if len(b.arrive) > len(b.prompts) {
		return nil, usageError{sim.NewProblem("cli.arrive", "Have", len(b.arrive), "Requests", len(b.prompts))}
	}
	plan := b.plan
	for i, p := range b.prompts {
		q := sim.Request{Prompt: p, MaxNew: maxNew}
		if i < len(b.arrive) {
			q.Arrive = b.arrive[i]
		}
		plan.Requests = append(plan.Requests, q)
	}
	return &plan, nil
}
