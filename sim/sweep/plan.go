// Package sweep runs the engine over models, prompts and lengths and makes one
// tidy table of what it counted and of the time it took.
//
// A run of G tokens passes through every shorter length on its way: generating
// is the same up to there. So one run gives a point for each length, and a sweep
// is as long as its longest runs. Each is repeated, for the medians.
package sweep

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// Plan is an experiment: every model with every prompt, to every length.
type Plan struct {
	Models  []string `json:"models"`
	Prompts []Prompt `json:"prompts"`
	Lengths []int    `json:"lengths"` // tokens generated, rising
	Repeats int      `json:"repeats"` // runs of each, at least 1
	Lanes   string   `json:"lanes"`   // as in sim.Recipe, and so are the next two
	Pairs   string   `json:"pairs"`
	Logits  string   `json:"logits"`
}

// Prompt is a text; or a number of tokens, which are then the model's own first
// prompt over and over, since what a run costs does not depend on what they say.
type Prompt struct {
	Text   string `json:"text,omitempty"`
	Tokens int    `json:"tokens,omitempty"`
}

// Name returns what a prompt is called in a table.
func (p Prompt) Name() string {
	if p.Text != "" {
		return p.Text
	}
	if p.Tokens == 1 {
		return "1 token"
	}
	return fmt.Sprintf("%d tokens", p.Tokens)
}

// Check refuses a plan that cannot be run, naming the field.
func (p Plan) Check() error {
	for _, f := range []struct {
		name, have string
		allowed    []string
	}{{"lanes", p.Lanes, []string{"both", "cached", "uncached"}}, {"pairs", p.Pairs, []string{"allowed", "dense"}}, {"logits", p.Logits, []string{"last", "all"}}} {
		if !slices.Contains(f.allowed, f.have) {
			return sim.NewProblem("recipe.choice", "Field", f.name, "Have", f.have, "Allowed", f.allowed)
		}
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"model", len(p.Models)}, {"prompt", len(p.Prompts)}, {"lengths", len(p.Lengths)}, {"repeats", p.Repeats}} {
		if f.n < 1 {
			return sim.NewProblem("cost.range", "Field", f.name, "Have", f.n, "Min", 1, "Max", maxRuns)
		}
	}
	for i, n := range p.Lengths {
		if n < 1 || i > 0 && n <= p.Lengths[i-1] {
			return sim.NewProblem("sweep.lengths", "Have", n)
		}
	}
	if n := len(p.Models) * len(p.Prompts) * p.Repeats; n > maxRuns || p.Repeats > maxRuns {
		return sim.NewProblem("cost.range", "Field", "repeats", "Have", p.Repeats, "Min", 1, "Max", maxRuns/(len(p.Models)*len(p.Prompts)))
	}
	return nil
}

// maxRuns bounds a sweep; what it makes is kept in memory until it is written.
const maxRuns = 10000

// Points returns how many rows of each lane and phase the table will have.
func (p Plan) Points() int { return len(p.Models) * len(p.Prompts) * len(p.Lengths) }

// Run is one run of a plan.
type Run struct {
	Model  string `json:"model"`
	Prompt Prompt `json:"prompt"`
	Repeat int    `json:"repeat"` // from 0
}

// Runs returns all runs of a plan. Repeats come last, so that what a machine does
// beside the sweep does not fall on one point alone.
func (p Plan) Runs() []Run {
	var all []Run
	for repeat := range p.Repeats {
		for _, m := range p.Models {
			for _, prompt := range p.Prompts {
				all = append(all, Run{m, prompt, repeat})
			}
		}
	}
	return all
}

// Result is what one run gave.
type Result struct {
	Run
	PromptTokens int     `json:"prompt_tokens"`
	Points       []Point `json:"points"` // one for each length
}

// Point is a run up to a length.
type Point struct {
	New       int      `json:"new"`
	Identical bool     `json:"identical"` // both lanes gave the same bits so far
	Lanes     [2]*Lane `json:"lanes"`     // by sim.Lane; nil if it did not run
}

// Lane is what one lane paid, by phase.
type Lane struct {
	Prefill sim.Counters `json:"prefill"`
	Decode  sim.Counters `json:"decode"`
}

// Do executes one run to the longest length of the plan and notes every length
// on its way. tick is called after each pass, with the tokens fed so far. The run
// never ends before: the model's own choices are kept, but its end of text is a
// token like any other.
func (p Plan) Do(ctx context.Context, m *library.Loaded, r Run, clock run.Clock, tick func(tokens int)) (Result, error) {
	m = endless(m)
	recipe, err := p.recipe(m, r.Prompt, p.Lengths[len(p.Lengths)-1])
	if err != nil {
		return Result{}, err
	}
	result := Result{Run: r}
	var prefill [2]sim.Counters
	identical, made := true, 0
	for s, err := range run.Once(ctx, m, recipe, clock) {
		if err != nil {
			return Result{}, err
		}
		identical = identical && s.Identical
		if s.Part != sim.HeadPart {
			continue
		}
		if made++; s.Phase == sim.Prefill {
			prefill, result.PromptTokens = s.Totals, s.Rows
		}
		if slices.Contains(p.Lengths, made) {
			result.Points = append(result.Points, pointAt(made, identical, s, prefill))
		}
		tick(s.Cached + s.Rows)
	}
	if len(result.Points) != len(p.Lengths) {
		return Result{}, sim.NewProblem("internal", "Why", fmt.Sprintf("a run ended after %d tokens", made))
	}
	return result, nil
}

// recipe returns a run of a prompt to some length.
func (p Plan) recipe(m *library.Loaded, prompt Prompt, length int) (sim.Recipe, error) {
	r := recipe.Default()
	r.Model, r.Prompt, r.MaxNew = m.Name, prompt.Text, length
	r.Lanes, r.Pairs, r.Logits = cmp.Or(p.Lanes, r.Lanes), cmp.Or(p.Pairs, r.Pairs), cmp.Or(p.Logits, r.Logits)
	if prompt.Text != "" {
		return r, nil
	}
	var err error
	r.Tokens, err = filler(m, prompt.Tokens)
	return r, err
}

// Longest returns how many tokens a model can generate after a prompt, which has n
// tokens: the last one is never fed.
func (p Plan) Longest(m *library.Loaded, prompt Prompt) (longest, n int, err error) {
	r, err := p.recipe(m, prompt, 1)
	if err != nil {
		return 0, 0, err
	}
	ids, err := m.Prepare(r)
	return m.Model.Config.Context - len(ids) + 1, len(ids), err
}

// Fits refuses a model and a prompt that have no room for the longest length.
func (p Plan) Fits(m *library.Loaded, prompt Prompt) error {
	r, err := p.recipe(m, prompt, p.Lengths[len(p.Lengths)-1])
	if err == nil {
		_, err = m.Prepare(r)
	}
	return err
}

// Has reports whether a result is one of a run of this plan, and whole.
func (p Plan) Has(r Result) bool {
	return slices.Contains(p.Runs(), r.Run) && r.PromptTokens > 0 &&
		slices.EqualFunc(r.Points, p.Lengths, func(point Point, n int) bool {
			return point.New == n && (point.Lanes[sim.Cached] != nil) == (p.Lanes != "uncached") && (point.Lanes[sim.Uncached] != nil) == (p.Lanes != "cached")
		})
}

// pointAt splits the totals of a step into those of the prefill and the rest.
func pointAt(n int, identical bool, s sim.Step, prefill [2]sim.Counters) Point {
	p := Point{New: n, Identical: identical}
	for lane := range p.Lanes {
		if s.Counted[lane] {
			p.Lanes[lane] = &Lane{prefill[lane], minus(s.Totals[lane], prefill[lane])}
		}
	}
	return p
}

// minus returns what came after before: flows are differences, levels are as now.
func minus(now, before sim.Counters) sim.Counters {
	f, g := &now.Flops, before.Flops
	f.QKV, f.Scores, f.AV = f.QKV-g.QKV, f.Scores-g.Scores, f.AV-g.AV
	f.Out, f.MLP, f.Head = f.Out-g.Out, f.MLP-g.MLP, f.Head-g.Head
	now.Elementwise -= before.Elementwise
	now.KVReadBytes -= before.KVReadBytes
	now.KVWriteBytes -= before.KVWriteBytes
	now.WeightBytes -= before.WeightBytes
	now.Seconds -= before.Seconds
	now.Untimed -= before.Untimed
	return now
}

// endless returns m without an end of text.
func endless(m *library.Loaded) *library.Loaded {
	c := *m.Model
	c.Config.EOS = -1
	return &library.Loaded{Name: m.Name, Model: &c, Tokenizer: m.Tokenizer, TrainingSet: m.TrainingSet, Meta: m.Meta}
}

// filler returns n tokens of the model's default prompt, over and over.
func filler(m *library.Loaded, n int) ([]int, error) {
	if n < 1 || n > m.Model.Config.Context {
		return nil, sim.NewProblem("cost.range", "Field", "prompt-tokens", "Have", n, "Min", 1, "Max", m.Model.Config.Context)
	}
	ids, err := m.Prepare(withOne(m.Default("en")))
	if err != nil {
		ids = []int{max(m.Model.Config.BOS, 0)}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = ids[i%len(ids)]
	}
	return all, nil
}

func withOne(r sim.Recipe) sim.Recipe {
	r.MaxNew = 1
	return r
}

// String writes a plan as it is written into a journal.
func (p Plan) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
