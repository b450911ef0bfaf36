package lesson

import (
	"context"
	"encoding/json"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// Player runs recipes whole and keeps their steps: whoever has no room that does so checks, grades
// and prints lessons with it.
type Player struct {
	models *library.Library
	runs   map[string]*played
}

type played struct {
	model  *library.Loaded
	recipe sim.Recipe
	prompt []int
	plan   *run.Plan
	steps  []sim.Step
	kept   *lens.Kept
}

// maxPlayed is how many runs are kept; lessons have few, and go from one to the next.
const maxPlayed = 32

// NewPlayer plays on these models.
func NewPlayer(models *library.Library) *Player {
	return &Player{models: models, runs: map[string]*played{}}
}

// Stage returns a recipe's run, whole, with the cursor at its end. A recipe that no run has is refused
// with the Problem that says so.
func (p *Player) Stage(ctx context.Context, r sim.Recipe, lang string) (Stage, error) {
	model, err := p.models.Get(r.Model)
	if err != nil {
		return Stage{}, err
	}
	r = model.Filled(r, lang)
	r.Model = model.Name
	key, _ := json.Marshal(r)
	x := p.runs[string(key)]
	if x == nil {
		if x, err = play(ctx, model, r); err != nil {
			return Stage{}, err
		}
		if len(p.runs) >= maxPlayed {
			clear(p.runs)
		}
		p.runs[string(key)] = x
	}
	return Stage{Model: x.model.Name, Config: x.model.Model.Config, Steps: len(x.steps), Most: len(x.steps), Cursor: len(x.steps) - 1, At: x.at}, nil
}

// Filled completes a recipe as its model does, whatever there is of it.
func (p *Player) Filled(r sim.Recipe, lang string) sim.Recipe {
	if model, err := p.models.Get(r.Model); err == nil {
		r = model.Filled(r, lang)
		r.Model = model.Name
	}
	return r
}

// refuses tells why a recipe has no run that could be played here, without running it.
func (p *Player) refuses(r sim.Recipe, lang string) error {
	model, err := p.models.Get(r.Model)
	if err != nil {
		return err
	}
	_, _, err = prepare(model, model.Filled(r, lang))
	return err
}

// prepare returns a run's prompt and plan.
func prepare(model *library.Loaded, r sim.Recipe) (prompt []int, plan *run.Plan, err error) {
	if prompt, err = model.Prepare(r); err != nil {
		return nil, nil, err
	}
	plan = run.NewPlan(model, r, prompt)
	if rows := mostRows(r, plan); rows > maxRows {
		return nil, nil, sim.NewProblem("lesson.rows", "Have", rows, "Most", maxRows)
	}
	return prompt, plan, nil
}

func play(ctx context.Context, model *library.Loaded, r sim.Recipe) (*played, error) {
	prompt, plan, err := prepare(model, r)
	if err != nil {
		return nil, err
	}
	x := &played{model: model, recipe: r, prompt: prompt, plan: plan, kept: lens.NewKept(nil)}
	for s, err := range run.Steps(ctx, model, r, func() float64 { return 0 }) {
		if err != nil {
			return nil, err
		}
		x.steps = append(x.steps, s)
	}
	return x, nil
}

// maxRows is how many rows the passes of a run may compute that nobody watches: half a minute of a small model.
const maxRows = 1 << 16

// mostRows returns how many rows a run may compute at most, in the lane that computes all of them again in each pass.
func mostRows(r sim.Recipe, p *run.Plan) (rows int) {
	for i, prompt := range p.Prompts {
		more := r.MaxNew
		if i > 0 {
			more = r.Batch.Requests[i-1].MaxNew
		}
		last := recipe.Fed(len(prompt), more)
		rows += (len(prompt) + last) * max(more, 1) / 2
	}
	return rows * max(r.Sampler.Width, 1)
}

// at returns the moment after a step.
func (x *played) at(n int, view lens.View) *lens.Moment {
	m := &lens.Moment{
		Model: x.model, Recipe: x.recipe, Prompt: len(x.prompt), Waiting: x.prompt, Plan: x.plan,
		Recorded: len(x.steps), View: view, Kept: x.kept,
	}
	m.Place(n, func(n int) *sim.Step { return &x.steps[n] })
	return m
}
