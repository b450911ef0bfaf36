package room

import (
	"context"
	"iter"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/run"
)

// TapeBudget bounds the memory of one room: recorded steps of all its branches, their
// caches and the working memory of both lanes. A run of several sequences has twice as much,
// and a model that needs more for a run of plainTokens has that.
const TapeBudget = 64 << 20

// minTokens is how long a run of one sequence in both lanes every room has memory for.
const minTokens = 512

// memory returns what the room counts its branches by. Where they are short of it, the one that
// was on screen longest ago goes.
func (s *state) memory() *sim.Memory {
	if s.counts == nil {
		s.counts = sim.NewMemory(s.models.Memory(), "memory.room", s.budget)
		s.counts.Spare(func() bool { return s.evictBranch("budget") })
	}
	return s.counts
}

// counted runs a recipe within the room's memory.
func (s *state) counted(ctx context.Context, m *library.Loaded, r sim.Recipe, clock run.Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return run.StepsWithin(ctx, s.memory(), m, r, clock, prefix...)
}

// allow gives the room what its run needs.
func (s *state) allow(m *library.Loaded, r sim.Recipe) {
	limit := s.budget
	if r.Batch != nil || r.Sampler.Kind == "beam" {
		limit *= 2
	}
	s.memory().SetLimit(max(limit, run.Needs(m.Model.Config, minTokens)))
}

// shut closes a branch: its steps go, and its model if nobody else has it.
func (s *state) shut(b *branch) {
	b.tape.Close()
	b.release()
}
