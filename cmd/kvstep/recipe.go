package main

import (
	"strings"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

// recipeFlags are the flags of a recipe, one for every field of sim/recipe that has a
// flag, and the lists. A flag that is not given leaves its field out, so that a 0 which
// is given means 0.
type recipeFlags struct {
	command  *cobra.Command
	tokens   []int
	stop     []string
	requests []string
	arrive   []string
}

// usage says what each flag of a field is for, by its name.
var usage = map[string]string{
	"prompt":             "text to start from",
	"max-new":            "tokens to generate at most (0: prefill alone)",
	"sampler":            "greedy, sample or beam",
	"width":              "beam: texts that are followed at a time",
	"length-penalty":     "beam: finished texts compare by log-probability / length^this",
	"temperature":        "divide the logits by this before sampling (0: greedy)",
	"top-k":              "sample from the K likeliest (0: all)",
	"top-p":              "sample from the smallest set of this probability",
	"min-p":              "sample from what has this share of the likeliest's probability (0: all)",
	"repetition-penalty": "divide positive logits of tokens in the text by this, multiply negative ones (1: off)",
	"seed":               "names the random sequence",
	"cache":              "how K and V are kept: contiguous, paged:BLOCK, window:WINDOW:SINKS, h2o:WINDOW:HEAVY, int8:AXIS:GROUP or int4:AXIS:GROUP (axis token or channel)",
	"budget":             "bytes that the cache may take, such as 64KiB (0: no limit)",
	"draft":              "model that proposes tokens for this one to verify (speculative decoding), such as story-draft",
	"propose":            "tokens that the draft model proposes at a time",
	"schedule":           "how requests take turns: static or continuous",
	"slots":              "requests that a pass may have",
	"chunk":              "rows that a pass may have; longer prompts are fed in pieces (0: any number)",
	"share-prefix":       "prompts that begin alike share the blocks of their beginning (needs --cache paged)",
	"lanes":              "lanes to run: both, cached or uncached",
	"pairs":              "pairs to count: allowed or dense",
	"logits":             "logits to count: last or all",
}

// given is a flag's text as it was typed.
type given struct {
	text string
	kind string // as help shows it: "int", "float", ...
}

func (g *given) String() string     { return g.text }
func (g *given) Set(s string) error { g.text = s; return nil }
func (g *given) Type() string       { return g.kind }

func (b *recipeFlags) define(c *cobra.Command) {
	f := c.Flags()
	b.command = c
	none := recipe.Default()
	for i := range recipe.Fields {
		x := &recipe.Fields[i]
		if x.Flag == "" {
			continue
		}
		help := usage[x.Flag]
		if x.Number != nil && x.Number.Most < 1<<20 {
			help += ", from " + x.Number.Write(x.Number.Least) + " to " + x.Number.Write(x.Number.Most)
		}
		f.Var(&given{x.Default(&none), kindOf(x)}, x.Flag, help)
		if x.Path == "batch.share" {
			f.Lookup(x.Flag).NoOptDefVal = "true"
		}
	}
	f.IntSliceVar(&b.tokens, "tokens", nil, "token ids to start from, instead of a prompt")
	f.StringArrayVar(&b.stop, "stop", nil, "end when the generated text contains this (may be repeated)")
	f.StringArrayVar(&b.requests, "request", nil, "another prompt that is served in the same passes (may be repeated)")
	f.StringSliceVar(&b.arrive, "arrive", nil, "pass from which each --request is there, in order (default 0)")
}

func kindOf(x *recipe.Field) string {
	switch {
	case x.Path == "batch.share":
		return "bool"
	case x.Path == "cache.budget" || x.Number == nil:
		return "string"
	case x.Number.Whole:
		return "int"
	}
	return "float"
}

// read returns the recipe that the flags ask for. It is one of a batch where there are
// more requests, or something to schedule.
func (b *recipeFlags) read() (sim.Recipe, error) {
	r := sim.Recipe{Tokens: b.tokens, Stop: b.stop}
	if len(b.requests) > 0 || b.command.Flags().Changed("chunk") {
		r.Batch = &sim.Batch{}
	}
	if len(b.arrive) > len(b.requests) {
		return r, usageError{sim.NewProblem("cli.arrive", "Have", len(b.arrive), "Requests", len(b.requests))}
	}
	r, err := recipe.Read(r, func(f *recipe.Field) (string, bool) {
		x := b.command.Flags().Lookup(f.Flag)
		if f.Flag == "" || !x.Changed {
			return "", false
		}
		return x.Value.String(), true
	})
	if err != nil {
		return r, err
	}
	for i, p := range b.requests {
		q := sim.Request{Prompt: p, MaxNew: r.MaxNew}
		if i < len(b.arrive) {
			n, err := recipe.Arrive.Read(strings.TrimSpace(b.arrive[i]))
			if err != nil {
				return r, err
			}
			q.Arrive = int(n)
		}
		r.Batch.Requests = append(r.Batch.Requests, q)
	}
	return r, nil
}
