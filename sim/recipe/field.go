// Package recipe is the schema of a recipe: every field that a person may give, its
// ways of being written, its range and its default. Links, messages, flags and forms
// read and write recipes by this list, so that a value means the same wherever it is
// given, and one that is not given is told from a zero.
package recipe

import (
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/sample"
)

// Field is one field of a recipe. Path is its place in JSON, Key its name in links and
// Flag that of the command's flag. A number has a range, a word a list of words; other
// texts may be anything.
type Field struct {
	Path, Key, Flag string
	Number          *sim.Number
	Words           []string
	Missing         string // its default, as text; see Default

	at      func(*sim.Recipe) any // where its value stands
	matters func(*sim.Recipe) bool
	missing func(*sim.Recipe) string // its default where that depends on fields before it
}

// The numbers that are no sampler's and no cache's.
var (
	MaxNew  = sim.Number{Name: "max_new", Least: 0, Most: 1 << 20, Whole: true, Step: 1} // 0: prefill alone
	Propose = sim.Number{Name: "propose", Least: 1, Most: 16, Whole: true, Step: 1}
	Slots   = sim.Number{Name: "slots", Least: 1, Most: MaxRequests, Whole: true, Step: 1}
	Chunk   = sim.Number{Name: "chunk", Least: 0, Most: 1 << 20, Whole: true, Step: 1} // 0: any number of rows
	Arrive  = sim.Number{Name: "arrive", Least: 0, Most: 1 << 20, Whole: true, Step: 1}
	Seed    = sim.Number{Name: "seed", Least: 0, Most: 1<<64 - 1, Whole: true, Step: 1}
)

// MaxRequests is how many prompts a run may have.
const MaxRequests = 16

var requestsRange = sim.Number{Name: "requests", Least: 1, Most: MaxRequests, Whole: true}

// Schedules are the ways in which requests take turns.
var Schedules = []string{sim.ScheduleStatic, sim.ScheduleContinuous}

func beam(r *sim.Recipe) bool  { return r.Sampler.Kind == "beam" }
func draft(r *sim.Recipe) bool { return r.Draft != "" }
func batch(r *sim.Recipe) bool { return r.Batch != nil }

// Fields are all that have one value, in the order in which they are read: a default
// may depend on fields before its own. A batch's matter where there is one.
var Fields = []Field{
	{Path: "model", Key: "model", at: func(r *sim.Recipe) any { return &r.Model }},
	{Path: "prompt", Key: "prompt", Flag: "prompt", at: func(r *sim.Recipe) any { return &r.Prompt }},
	{Path: "max_new", Key: "new", Flag: "max-new", Number: &MaxNew, Missing: "32", at: func(r *sim.Recipe) any { return &r.MaxNew }},

	{Path: "sampler.kind", Key: "sampler", Flag: "sampler", Words: sample.Kinds, Missing: "greedy", at: func(r *sim.Recipe) any { return &r.Sampler.Kind }},
	{Path: "sampler.temperature", Key: "t", Flag: "temperature", Number: &sample.Temperature, Missing: "1", at: func(r *sim.Recipe) any { return &r.Sampler.Temperature }},
	{Path: "sampler.top_k", Key: "k", Flag: "top-k", Number: &sample.TopK, Missing: "0", at: func(r *sim.Recipe) any { return &r.Sampler.TopK }},
	{Path: "sampler.top_p", Key: "p", Flag: "top-p", Number: &sample.TopP, Missing: "1", at: func(r *sim.Recipe) any { return &r.Sampler.TopP }},
	{Path: "sampler.min_p", Key: "minp", Flag: "min-p", Number: &sample.MinP, Missing: "0", at: func(r *sim.Recipe) any { return &r.Sampler.MinP }},
	{Path: "sampler.repetition_penalty", Key: "rp", Flag: "repetition-penalty", Number: &sample.RepetitionPenalty, Missing: "1", at: func(r *sim.Recipe) any { return &r.Sampler.RepetitionPenalty }},
	{Path: "sampler.seed", Key: "seed", Flag: "seed", Number: &Seed, Missing: "0", at: func(r *sim.Recipe) any { return &r.Sampler.Seed }},
	{Path: "sampler.width", Key: "w", Flag: "width", Number: &sample.Width, Missing: "4", matters: beam, at: func(r *sim.Recipe) any { return &r.Sampler.Width }},
	{Path: "sampler.length_penalty", Key: "lp", Flag: "length-penalty", Number: &sample.Length, Missing: "1", matters: beam, at: func(r *sim.Recipe) any { return &r.Sampler.Length }},

	{Path: "cache", Key: "cache", Flag: "cache", missing: cacheOf, at: func(r *sim.Recipe) any { return &r.Cache }},
	{Path: "cache.budget", Key: "budget", Flag: "budget", Number: &kv.Budget, Missing: "0", at: func(r *sim.Recipe) any { return (*size)(&r.Cache.Budget) }},

	{Path: "draft", Key: "draft", Flag: "draft", at: func(r *sim.Recipe) any { return &r.Draft }},
	{Path: "propose", Key: "propose", Flag: "propose", Number: &Propose, Missing: "4", matters: draft, at: func(r *sim.Recipe) any { return &r.Propose }},

	{Path: "batch.schedule", Key: "schedule", Flag: "schedule", Words: Schedules, Missing: sim.ScheduleContinuous, matters: batch, at: func(r *sim.Recipe) any { return &r.Batch.Schedule }},
	{Path: "batch.slots", Key: "slots", Flag: "slots", Number: &Slots, Missing: "4", matters: batch, at: func(r *sim.Recipe) any { return &r.Batch.Slots }},
	{Path: "batch.chunk", Key: "chunk", Flag: "chunk", Number: &Chunk, Missing: "0", matters: batch, at: func(r *sim.Recipe) any { return &r.Batch.Chunk }},
	{Path: "batch.share", Key: "share", Flag: "share-prefix", Missing: "0", matters: batch, at: func(r *sim.Recipe) any { return &r.Batch.Share }},

	{Path: "lanes", Key: "lanes", Flag: "lanes", Words: []string{"both", "cached", "uncached"}, Missing: "both", at: func(r *sim.Recipe) any { return &r.Lanes }},
	{Path: "pairs", Key: "pairs", Flag: "pairs", Words: []string{"allowed", "dense"}, Missing: "allowed", at: func(r *sim.Recipe) any { return &r.Pairs }},
	{Path: "logits", Key: "logits", Flag: "logits", Words: []string{"last", "all"}, Missing: "last", at: func(r *sim.Recipe) any { return &r.Logits }},
}

// size is a number of bytes, which may be written with a unit.
type size int64

// cacheOf is the policy of a recipe that names none: beams share blocks.
func cacheOf(r *sim.Recipe) string {
	if beam(r) {
		return kv.Shared().Kind
	}
	return kv.Default().Kind
}

// Find is the field at a path, nil if there is none.
func Find(path string) *Field {
	if i := slices.IndexFunc(Fields, func(f Field) bool { return f.Path == path }); i >= 0 {
		return &Fields[i]
	}
	return nil
}

// Matters tells whether the run of a recipe depends on the field.
func (f *Field) Matters(r *sim.Recipe) bool { return f.matters == nil || f.matters(r) }

// Default is the text of what a recipe has that does not give the field.
func (f *Field) Default(r *sim.Recipe) string {
	if f.missing != nil {
		return f.missing(r)
	}
	return f.Missing
}

// Text is the field's value as Set reads it.
func (f *Field) Text(r *sim.Recipe) string {
	switch x := f.at(r).(type) {
	case *string:
		return *x
	case *int:
		return strconv.Itoa(*x)
	case *size:
		return strconv.FormatInt(int64(*x), 10)
	case *uint64:
		return strconv.FormatUint(*x, 10)
	case *float64:
		return f.Number.Write(*x)
	case *bool:
		return map[bool]string{false: "0", true: "1"}[*x]
	case *sim.CachePolicy:
		return kv.Text(*x)
	}
	panic("recipe: no text of " + f.Path)
}

// Set reads the field's value from text and checks it: Problem "recipe.range" or
// "recipe.whole" for a number, "recipe.choice" for a word. A value that does not matter is checked too, and
// left out.
func (f *Field) Set(r *sim.Recipe, text string) error {
	if f.Words != nil && !slices.Contains(f.Words, text) {
		return f.choice(text, f.Words)
	}
	if !f.Matters(r) {
		if f.Number != nil {
			_, err := f.Number.Read(text)
			return err
		}
		return nil
	}
	var err error
	switch x := f.at(r).(type) {
	case *string:
		*x = text
	case *int:
		var n float64
		n, err = f.Number.Read(text)
		*x = int(n)
	case *float64:
		*x, err = f.Number.Read(text)
	case *uint64:
		if *x, err = strconv.ParseUint(text, 10, 64); err != nil {
			err = f.Number.Refuse(text)
		}
	case *size:
		var n int64
		n, err = kv.ParseBytes(text)
		*x = size(n)
	case *bool:
		if *x = text == "1" || text == "true"; !*x && text != "0" && text != "false" {
			err = f.choice(text, []string{"0", "1"})
		}
	case *sim.CachePolicy:
		budget := x.Budget
		*x, err = kv.Parse(text)
		x.Budget = budget
	}
	return err
}

// Name is the last part of its path, or the whole's where that says more.
func (f *Field) Name() string {
	switch f.Path {
	case "sampler.kind":
		return "sampler"
	case "batch.schedule":
		return "schedule"
	}
	if f.Number != nil {
		return f.Number.Name
	}
	return f.Path
}

func (f *Field) choice(have string, allowed []string) error {
	if r := []rune(have); len(r) > 40 {
		have = string(r[:40]) + "…"
	}
	return sim.NewProblem("recipe.choice", "Field", f.Name(), "Have", have, "Allowed", allowed)
}

// check refuses a value that a recipe written in Go has and nobody could give.
func (f *Field) check(r *sim.Recipe) error {
	if !f.Matters(r) {
		return nil
	}
	switch x := f.at(r).(type) {
	case *string:
		if f.Words != nil && !slices.Contains(f.Words, *x) {
			return f.choice(*x, f.Words)
		}
	case *int:
		return f.Number.Check(float64(*x))
	case *float64:
		if *x != 0 { // left out in Go; sample.Check knows whether it may be
			return f.Number.Check(*x)
		}
	case *size:
		return f.Number.Check(float64(*x))
	}
	return nil
}
