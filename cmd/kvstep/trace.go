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
	"kvstep/sim/export"
	"kvstep/sim/library"
	simrun "kvstep/sim/run"
	"kvstep/web/text"
)

func newTrace() *cobra.Command {
	var model, tokenizer, format string
	var flags recipeFlags
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
			r, err := flags.read()
			if err != nil {
				return err
			}
			m, err := loadShown(model, tokenizer, c.ErrOrStderr())
			if err != nil {
				return err
			}
			if r.Model = m.Name; !c.Flags().Changed("max-new") {
				r = m.Fitted(r)
			}
			if format == "safetensors" {
				write = func(w io.Writer, all steps) error { return traceTensors(beneath(w), m, r, all) } // numbers, not text
			}
			started := time.Now()
			clock := func() float64 { return time.Since(started).Seconds() }
			run := simrun.Once(c.Context(), m, r, clock)
			if format == "safetensors" { // which is written when all of it is there
				run = simrun.Steps(c.Context(), m, r, clock)
			}
			return write(c.OutOrStdout(), func(yield func(*sim.Step, error) bool) {
				for s, err := range run {
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
	flags.define(c)
	f.StringVar(&format, "format", "table", "table, jsonl or safetensors (every number)")
	return c
}

type steps = iter.Seq2[*sim.Step, error]

func traceWriter(format string) (func(io.Writer, steps) error, error) {
	switch format {
	case "jsonl":
		return export.WriteTrace, nil
	case "table":
		return traceTable, nil
	case "safetensors": // needs the model; newTrace fills it in
		return nil, nil
	}
	return nil, sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", []string{"table", "jsonl", "safetensors"})
}

// traceTensors writes all steps as one safetensors file (export.Safetensors).
func traceTensors(w io.Writer, m *library.Loaded, r sim.Recipe, all steps) error {
	var kept []sim.Step
	for s, err := range all {
		if err != nil {
			return err
		}
		kept = append(kept, *s)
	}
	f, err := export.Safetensors(m, r, kept)
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
				chosen, said = fmt.Sprint(s.Token), text.Isolate(fmt.Sprintf("%q", s.Text))
			}
			if s.RunFinishReason != "" {
				said += " (" + s.RunFinishReason + ")"
			}
		}
		identical := "yes"
		switch {
		case s.Waits():
			identical = "not run"
		case !s.Identical:
			identical = "NO: " + s.Differs
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", s.N, s.Phase, part, s.Rows, s.Cached,
			s.Lanes[sim.Cached].Flops.Total(), s.Lanes[sim.Uncached].Flops.Total(),
			s.Lanes[sim.Cached].KVBytes, identical, chosen, said)
	}
	return t.Flush()
}
