package main

import (
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/kv"
	simrun "kvstep/sim/run"
)

func newTrace() *cobra.Command {
	var model, tokenizer, format string
	var cache, budget string
	var batch batchFlags
	r := simrun.Complete(sim.Recipe{})
	c := &cobra.Command{
		Use:   "trace",
		Short: "Run a prompt and print every step",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("prompt") == c.Flags().Changed("tokens") {
				return usageError{sim.NewProblem("cli.prompt_or_tokens")}
			}
			write, err := traceWriter(format)
			if err != nil {
				return err
			}
			if r.Cache, err = kv.Parse(cache); err != nil {
				return err
			}
			if r.Cache.Budget, err = kv.ParseBytes(budget); err != nil {
				return err
			}
			if r.Batch, err = batch.read(r.MaxNew); err != nil {
				return err
			}
			r = simrun.Complete(r) // beams have a cache of their own
			m, err := loadShown(model, tokenizer, c.ErrOrStderr())
			if err != nil {
				return err
			}
			r.Model = m.Name
			if format == "safetensors" {
				write = func(w io.Writer, all steps) error { return traceTensors(beneath(w), m, r, all) } // numbers, not text
			}
			started := time.Now()
			clock := func() float64 { return time.Since(started).Seconds() }
			return write(c.OutOrStdout(), func(yield func(*sim.Step, error) bool) {
				for s, err := range simrun.Steps(c.Context(), m, r, clock) {
					if !yield(&s, err) {
						return
					}
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&model, "model", "story", "embedded model, one of the models folder, Hugging Face folder or llama2.c .bin file")
	f.StringVar(&tokenizer, "tokenizer", "", "tokenizer.bin of a llama2.c model")
	f.StringVar(&r.Prompt, "prompt", "", "text to start from")
	f.IntSliceVar(&r.Tokens, "tokens", nil, "token ids to start from, instead of a prompt")
	f.IntVar(&r.MaxNew, "max-new", r.MaxNew, "tokens to generate at most")
	f.StringVar(&r.Sampler.Kind, "sampler", r.Sampler.Kind, "greedy, sample or beam")
	f.IntVar(&r.Sampler.Width, "width", 4, "beam: texts that are followed at a time, 2 to 8")
	f.Float64Var(&r.Sampler.Length, "length-penalty", 1, "beam: finished texts compare by log-probability / length^this")
	f.Float64Var(&r.Sampler.Temperature, "temperature", r.Sampler.Temperature, "divide the logits by this before sampling")
	f.IntVar(&r.Sampler.TopK, "top-k", 0, "sample from the K likeliest (0: all)")
	f.Float64Var(&r.Sampler.TopP, "top-p", r.Sampler.TopP, "sample from the smallest set of this probability")
	f.Float64Var(&r.Sampler.MinP, "min-p", 0, "sample from what has this share of the likeliest's probability (0: all)")
	f.Float64Var(&r.Sampler.RepetitionPenalty, "repetition-penalty", 0, "divide positive logits of tokens in the text by this, multiply negative ones (0 or 1: off)")
	f.Uint64Var(&r.Sampler.Seed, "seed", 0, "names the random sequence")
	f.StringArrayVar(&r.Stop, "stop", nil, "end when the generated text contains this (may be repeated)")
	f.StringVar(&cache, "cache", sim.CacheContiguous, "how K and V are kept: contiguous, paged:BLOCK, window:WINDOW:SINKS, h2o:WINDOW:HEAVY, int8:AXIS:GROUP or int4:AXIS:GROUP (axis token or channel)")
	f.StringVar(&budget, "budget", "", "bytes that the cache may take, such as 64KiB (none: no limit)")
	batch.define(c)
	f.StringVar(&r.Draft, "draft", "", "model that proposes tokens for this one to verify (speculative decoding), such as story-draft")
	f.IntVar(&r.Propose, "propose", 4, "tokens that the draft model proposes at a time")
	f.StringVar(&r.Lanes, "lanes", r.Lanes, "lanes to run: both, cached or uncached")
	f.StringVar(&r.Pairs, "pairs", r.Pairs, "pairs to count: allowed or dense")
	f.StringVar(&r.Logits, "logits", r.Logits, "logits to count: last or all")
	f.StringVar(&format, "format", "table", "table, jsonl or safetensors (every number)")
	return c
}

type steps = iter.Seq2[*sim.Step, error]

func traceWriter(format string) (func(io.Writer, steps) error, error) {
	switch format {
	case "jsonl":
		return simrun.WriteTrace, nil
	case "table":
		return traceTable, nil
	case "safetensors": // needs the model; newTrace fills it in
		return nil, nil
	}
	return nil, sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", []string{"table", "jsonl", "safetensors"})
}

// traceTensors writes all steps as one safetensors file (simrun.Export).
func traceTensors(w io.Writer, m *simrun.Loaded, r sim.Recipe, all steps) error {
	var kept []sim.Step
	for s, err := range all {
		if err != nil {
			return err
		}
		kept = append(kept, *s)
	}
	f, err := simrun.Export(m, r, kept)
	if err != nil {
		return err
	}
	_, err = w.Write(checkpoint.AppendSafetensors(nil, f))
	return err
}

func traceTable(w io.Writer, all steps) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "n\tphase\tpart\trows\tcached\tFLOPs cached\tFLOPs uncached\tKV bytes\tidentical\ttoken\ttext\t")
	for s, err := range all {
		if err != nil {
			_ = t.Flush() // what ran before the error is still worth reading
			return err
		}
		part, chosen, said := "head", "", ""
		if s.Part == sim.LayerPart {
			part = fmt.Sprintf("layer %d", s.Layer)
		} else {
			if s.Token >= 0 {
				chosen, said = fmt.Sprint(s.Token), fmt.Sprintf("%q", s.Text)
			}
			if s.Done != "" {
				said += " (" + s.Done + ")"
			}
		}
		identical := "yes"
		if !s.Identical {
			identical = "NO: " + s.Differs
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", s.N, s.Phase, part, s.Rows, s.Cached,
			s.Lanes[sim.Cached].Flops.Total(), s.Lanes[sim.Uncached].Flops.Total(),
			s.Lanes[sim.Cached].KVBytes, identical, chosen, said)
	}
	return t.Flush()
}
