package recipe

import (
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/sample"
)

// The numbers that are no sampler's and no cache's.
var (
	MaxNew  = sim.Number{Name: "max_new", Least: 0, Most: 1 << 20, Whole: true, Step: 1} // 0: prefill alone
	Propose = sim.Number{Name: "propose", Least: 1, Most: 16, Whole: true, Step: 1}
	Slots   = sim.Number{Name: "slots", Least: 1, Most: MaxRequests, Whole: true, Step: 1}
	Chunk   = sim.Number{Name: "chunk", Least: 0, Most: 1 << 20, Whole: true, Step: 1} // 0: any number of rows
	Arrive  = sim.Number{Name: "arrive", Least: 0, Most: 1 << 20, Whole: true, Step: 1}
	// UncachedTokens is the N of "both:N", see sim.Recipe.
	UncachedTokens = sim.Number{Name: "uncached_tokens", Least: 0, Most: 1 << 20, Whole: true, Step: 1}

	Seed = sim.Number{Name: "seed", Least: 0, Most: 1<<64 - 1, Whole: true, Step: 1}
)

// MaxRequests is how many prompts a run may have.
const MaxRequests = 16

var requestsRange = sim.Number{Name: "requests", Least: 1, Most: MaxRequests, Whole: true}

// Schedules are the ways in which requests take turns.
var Schedules = []string{sim.ScheduleStatic, sim.ScheduleContinuous}

func beam(r *sim.Recipe) bool  { return r.Sampler.Kind == "beam" }
func draft(r *sim.Recipe) bool { return r.Draft != "" }
func batch(r *sim.Recipe) bool { return r.Batch != nil }

// Fields are all, in the order in which they are read: a default may depend on fields
// before its own. A batch's matter where there is one. The filters' are sim/sample's.
var Fields = slices.Concat([]Field{
	{Path: "model", Key: "model", at: func(r *sim.Recipe) any { return &r.Model }},
	{Path: "prompt", Key: "prompt", Flag: "prompt", at: func(r *sim.Recipe) any { return &r.Prompt }},
	{Path: "tokens", Key: "tokens", Flag: "tokens", at: func(r *sim.Recipe) any { return &r.Tokens }},
	{Path: "max_new", Key: "new", Flag: "max-new", Label: "recipe.new", Number: &MaxNew, Missing: "32", at: func(r *sim.Recipe) any { return &r.MaxNew }},
	{Path: "stop", Key: "stop", Flag: "stop", Many: true, Optional: true, at: func(r *sim.Recipe) any { return &r.Stop }},

	{Path: "sampler.kind", Key: "sampler", Flag: "sampler", name: "sampler", Words: sample.Kinds, Missing: "greedy", at: func(r *sim.Recipe) any { return &r.Sampler.Kind }},
}, filters(), []Field{
	{Path: "sampler.width", Key: "w", Flag: "width", Number: &sample.Width, Missing: "4", Sampler: "beam", matters: beam, at: func(r *sim.Recipe) any { return &r.Sampler.Width }},
	{Path: "sampler.length_penalty", Key: "lp", Flag: "length-penalty", Label: "recipe.length", Number: &sample.Length, Missing: "1", Sampler: "beam", matters: beam, at: func(r *sim.Recipe) any { return &r.Sampler.Length }},
	{Path: "sampler.seed", Key: "seed", Flag: "seed", Number: &Seed, Missing: "0", Sampler: "sample", at: func(r *sim.Recipe) any { return &r.Sampler.Seed }},

	{Path: "cache", Key: "cache", Flag: "cache", Label: "policy.title", missing: cacheOf, at: func(r *sim.Recipe) any { return &r.Cache }},
	{Path: "cache.budget", Key: "budget", Flag: "budget", Label: "policy.budget", Number: &kv.Budget, Missing: "0", at: func(r *sim.Recipe) any { return (*size)(&r.Cache.Budget) }},

	{Path: "draft", Key: "draft", Flag: "draft", Optional: true, at: func(r *sim.Recipe) any { return &r.Draft }},
	{Path: "propose", Key: "propose", Flag: "propose", Number: &Propose, Missing: "4", matters: draft, at: func(r *sim.Recipe) any { return &r.Propose }},

	{Path: "batch.schedule", Key: "schedule", Flag: "schedule", name: "schedule", Label: "several.schedule", Words: Schedules, Missing: sim.ScheduleContinuous, matters: batch, begins: links, Always: true, at: func(r *sim.Recipe) any { return &r.Batch.Schedule }},
	{Path: "batch.slots", Key: "slots", Flag: "slots", Label: "several.slots", Number: &Slots, Missing: "4", matters: batch, Always: true, at: func(r *sim.Recipe) any { return &r.Batch.Slots }},
	{Path: "batch.chunk", Key: "chunk", Flag: "chunk", Label: "several.chunk", Number: &Chunk, Missing: "0", matters: batch, begins: flags, at: func(r *sim.Recipe) any { return &r.Batch.Chunk }},
	{Path: "batch.share", Key: "share", Flag: "share-prefix", name: "share", Label: "several.share", Missing: "0", matters: batch, at: func(r *sim.Recipe) any { return &r.Batch.Share }},
	{Path: "batch.requests", Key: "req", name: "req", Label: "several.title", Many: true, matters: batch, begins: links, at: func(r *sim.Recipe) any { return &r.Batch.Requests }},
	{Flag: "request", name: "request", Label: "several.title", Many: true, matters: batch, begins: flags, at: func(r *sim.Recipe) any { return (*prompts)(r) }},
	{Flag: "arrive", name: "arrive", Label: "several.arrive", Many: true, at: func(r *sim.Recipe) any { return (*arrivals)(r) }},

	{Path: "forced", Key: "fork", name: "fork", Label: "branch.title", Many: true, at: func(r *sim.Recipe) any { return &r.Forced }},
	{Path: "lanes", Key: "lanes", Flag: "lanes", Words: []string{"both", "both:N", "cached", "uncached"}, Tail: &UncachedTokens, Missing: "both", at: func(r *sim.Recipe) any { return &r.Lanes }},
	{Path: "pairs", Key: "pairs", Flag: "pairs", Label: "count.pairs", Words: []string{"allowed", "dense"}, Missing: "allowed", at: func(r *sim.Recipe) any { return &r.Pairs }},
	{Path: "logits", Key: "logits", Flag: "logits", Label: "count.logits", Words: []string{"last", "all"}, Missing: "last", at: func(r *sim.Recipe) any { return &r.Logits }},
})

// filters returns the fields of the filters' settings.
func filters() (fields []Field) {
	for _, f := range sample.Filters {
		field := Field{
			Path: "sampler." + f.Name, Key: f.Key, Flag: strings.ReplaceAll(f.Name, "_", "-"),
			Number: &f.Number, Missing: f.Write(f.Off), Optional: true, Sampler: "sample",
			at: func(r *sim.Recipe) any { return f.In(&r.Sampler) },
		}
		if f.Greedy {
			field.Sampler = ""
		}
		fields = append(fields, field)
	}
	return fields
}

// cacheOf returns the policy of a recipe that names none: beams share blocks.
func cacheOf(r *sim.Recipe) string {
	if beam(r) {
		return kv.Shared().Kind
	}
	return kv.Default().Kind
}
