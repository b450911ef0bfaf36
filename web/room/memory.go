package room

import (
	"context"
	"iter"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run"
)

// unknown is what a room may hold where nobody says what all of them may: recorded steps of all its
// branches, their caches and the working memory of both lanes. Else rooms share it alike.
const unknown = 64 << 20

// minTokens is how long a run of one sequence in both lanes every room has memory for, as long as the
// server has.
const minTokens = 512

// memory returns what the room counts its branches by. Where they are short of it, the one that
// was on screen longest ago goes.
func (s *state) memory() *sim.Memory {
	if s.counts == nil {
		s.counts = sim.NewShare(s.models.Memory(), "memory.room", unknown)
		s.counts.Spare(func() bool { return s.evictBranch("budget") })
	}
	return s.counts
}

// leave ends the room: it shares the server's memory no longer.
func (s *state) leave() {
	s.closeAll()
	s.memory().Leave()
}

// counted runs a recipe within the room's memory.
func (s *state) counted(ctx context.Context, m *library.Loaded, r sim.Recipe, clock run.Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
	return run.StepsWithin(ctx, s.memory(), m, r, clock, prefix...)
}

// foretell gives the room what it has in any case with a model, and tells how many tokens of a run
// there is memory for then, nil where it is all. A run of one sequence whose prompt is too long for
// it is refused with Problem "memory.prompt".
func (s *state) foretell(m *library.Loaded, r sim.Recipe, p *run.Plan) (*lens.Short, error) {
	c, least := m.Model.Config, int64(unknown)
	if s.models.Memory().Limit() > 0 {
		least = 0
	}
	s.memory().SetLimit(max(least, run.NewNeeds(c, sim.Recipe{Lanes: "both"}, minTokens).At(minTokens)))
	return s.foretold(m, r, p)
}

func (s *state) foretold(m *library.Loaded, r sim.Recipe, p *run.Plan) (*lens.Short, error) {
	var prompts []int
	for _, ids := range p.Prompts {
		prompts = append(prompts, len(ids))
	}
	needs, room := run.NewNeeds(m.Model.Config, r, prompts...), s.memory().Room()
	fits := needs.Fits(room)
	switch {
	case fits == needs.Whole():
		return nil, nil
	case fits == 0 && r.Batch == nil:
		return nil, sim.NewProblem("memory.prompt", "Prompt", len(p.Prompts[0]), "Fits", needs.Prompt(room), "Allowed", max(room, 0)/1e6)
	}
	return &lens.Short{Fits: fits, Whole: needs.Whole()}, nil
}

// shut closes a branch: its steps go, what frames have worked out of them, and its model if nobody else has it.
func (s *state) shut(b *branch) {
	b.tape.Close()
	b.kept.Close()
	b.release()
}
