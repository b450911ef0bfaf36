package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/sweep"
)

// sweepFlags are what kvstep sweep is asked.
type sweepFlags struct {
	plan                 sweep.Plan
	prompts              []string
	promptTokens         []int
	lengths, out, format string
	tokenizer            string
	fit                  bool
}

func newSweep() *cobra.Command {
	a := sweepFlags{plan: sweep.Plan{Repeats: 3, Lanes: "both", Pairs: "allowed", Logits: "last"}}
	c := &cobra.Command{
		Use:   "sweep",
		Short: "Run the engine over lengths, models and prompts, and write one tidy table",
		Long: "sweep runs every model with every prompt to the longest of the lengths, some times over, and\n" +
			"writes what was counted and measured at each length on the way. Stopped (Ctrl-C) and started\n" +
			"again with the same flags, it goes on after the runs it has. docs/sweep.md has every column.",
		Example: "  kvstep sweep --out growth.csv\n" +
			"  kvstep sweep --lengths 8:512:8 --repeats 1 --fit --out full.csv\n" +
			"  kvstep sweep --prompt-tokens 16,64,256 --lengths 1,2,4,8,16,32 --lanes cached --out prompts.jsonl",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.run(c) },
	}
	f := c.Flags()
	f.StringSliceVar(&a.plan.Models, "model", []string{"story"}, "models: embedded names, those of the models folder, folders or llama2.c files, separated by commas")
	f.StringVar(&a.tokenizer, "tokenizer", "", "tokenizer.bin of llama2.c models, for text prompts")
	f.StringArrayVar(&a.prompts, "prompt", nil, "text to start from (may be repeated)")
	f.IntSliceVar(&a.promptTokens, "prompt-tokens", nil, "prompts of so many tokens, whatever they say (default 1)")
	f.StringVar(&a.lengths, "lengths", "", "tokens to generate: numbers and ranges from:to:step, separated by commas (default: 50 up to 250)")
	f.IntVar(&a.plan.Repeats, "repeats", a.plan.Repeats, "runs of each, for the median of the time")
	f.StringVar(&a.plan.Lanes, "lanes", a.plan.Lanes, "lanes to run: both, cached or uncached")
	f.StringVar(&a.plan.Pairs, "pairs", a.plan.Pairs, "pairs to count: allowed or dense")
	f.StringVar(&a.plan.Logits, "logits", a.plan.Logits, "logits to count: last or all")
	f.BoolVar(&a.fit, "fit", false, "print the exponents fitted to the upper half of the lengths, to standard error")
	f.StringVar(&a.out, "out", "", "file to write, .csv or .jsonl (default: standard output, and then it cannot go on)")
	f.StringVar(&a.format, "format", "", "csv or jsonl (default: as --out is called, else csv)")
	return c
}

func (a *sweepFlags) run(c *cobra.Command) error {
	writeRows, err := a.writer()
	if err != nil {
		return err
	}
	models, err := a.prepare(c.ErrOrStderr())
	if err != nil {
		return err
	}
	var done []sweep.Result
	var j *journal
	if a.out != "" {
		if j, done, err = openJournal(a.out, a.plan); err != nil {
			return err
		}
		defer j.file.Close()
	}
	if done, err = a.execute(c.Context(), models, j, done, c.ErrOrStderr()); err != nil {
		if errors.Is(err, context.Canceled) && j != nil {
			return sim.NewProblem("sweep.stopped", "Done", len(done), "All", len(a.plan.Runs()), "File", j.name()).Because(err)
		}
		return err
	}
	rows := a.plan.Table(done)
	if j != nil {
		err = j.finish(func(w io.Writer) error { return writeRows(forPeople(w, a.format), rows) })
	} else {
		err = writeRows(c.OutOrStdout(), rows)
	}
	if err == nil && a.fit {
		err = a.writeFits(c.ErrOrStderr(), rows)
	}
	return err
}

// writer returns how rows are written.
func (a *sweepFlags) writer() (func(io.Writer, []sweep.Row) error, error) {
	format := a.format
	if format == "" {
		if format = strings.TrimPrefix(filepath.Ext(a.out), "."); a.out == "" {
			format = "csv"
		}
	}
	a.format = format
	switch format {
	case "csv":
		return sweep.WriteCSV, nil
	case "jsonl":
		return sweep.WriteJSONL, nil
	}
	return nil, sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", []string{"csv", "jsonl"})
}

// prepare completes the plan and opens its models.
func (a *sweepFlags) prepare(stderr io.Writer) (map[string]*library.Loaded, error) {
	p := &a.plan
	for _, text := range a.prompts {
		p.Prompts = append(p.Prompts, sweep.Prompt{Text: text})
	}
	if len(a.prompts) == 0 && len(a.promptTokens) == 0 {
		a.promptTokens = []int{1}
	}
	for _, n := range a.promptTokens {
		p.Prompts = append(p.Prompts, sweep.Prompt{Tokens: n})
	}
	if a.tokenizer != "" && !slices.ContainsFunc(p.Models, takesTokenizer) {
		return nil, usageError{sim.NewProblem("cli.tokenizer", "Model", strings.Join(p.Models, ", "))}
	}
	models := map[string]*library.Loaded{}
	longest := 250
	for _, name := range p.Models {
		words := ""
		if takesTokenizer(name) {
			words = a.tokenizer
		}
		m, err := loadShown(name, words, stderr)
		if err != nil {
			return nil, err
		}
		models[name] = m
		for _, prompt := range p.Prompts {
			n, _, err := p.Longest(m, prompt)
			if err != nil {
				return nil, err
			}
			longest = min(longest, n)
		}
	}
	var err error
	if p.Lengths, err = parseLengths(a.lengths, longest); err != nil {
		return nil, usageError{err}
	}
	if err := p.Check(); err != nil {
		return nil, usageError{err}
	}
	for _, m := range models { // before the first run, not in the middle
		for _, prompt := range p.Prompts {
			if err := p.Fits(m, prompt); err != nil {
				return nil, err
			}
		}
	}
	return models, nil
}

// parseLengths reads "1,2,4" and "16:256:16"; "" means up to 50 lengths, the
// longest included.
func parseLengths(text string, longest int) ([]int, error) {
	const points = 50
	if text == "" {
		var all []int
		for i := range points {
			all = append(all, max(1, (i+1)*longest/points))
		}
		return slices.Compact(all), nil
	}
	var all []int
	for _, piece := range strings.Split(text, ",") {
		var n []int
		for _, number := range strings.Split(piece, ":") {
			x, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil || x < 1 || x > 1<<24 {
				return nil, sim.NewProblem("sweep.lengths", "Have", piece)
			}
			n = append(n, x)
		}
		switch {
		case len(n) == 1:
			all = append(all, n[0])
		case len(n) == 3 && n[0] <= n[1]:
			for x := n[0]; x <= n[1]; x += n[2] {
				all = append(all, x)
			}
		default:
			return nil, sim.NewProblem("sweep.lengths", "Have", piece)
		}
		if len(all) > 1<<16 {
			return nil, sim.NewProblem("sweep.lengths", "Have", piece)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// execute does the runs that are not done yet and gives all of them.
func (a *sweepFlags) execute(ctx context.Context, models map[string]*library.Loaded, j *journal, done []sweep.Result, stderr io.Writer) ([]sweep.Result, error) {
	runs := a.plan.Runs()
	bar, err := a.bar(models, runs, stderr)
	if err != nil {
		return done, err
	}
	defer bar.Close()
	started := time.Now()
	clock := func() float64 { return time.Since(started).Seconds() }
	for _, r := range runs {
		if slices.ContainsFunc(done, func(d sweep.Result) bool { return d.Run == r }) {
			_ = bar.Add64(a.size(models[r.Model], r.Prompt))
			continue
		}
		result, err := a.plan.Do(ctx, models[r.Model], r, clock, func(tokens int) { _ = bar.Add(tokens) })
		if err != nil {
			return done, err
		}
		if j != nil {
			if err := j.write(result); err != nil {
				return done, sim.NewProblem("file.write", "File", j.name()).Because(err)
			}
		}
		done = append(done, result)
	}
	return done, nil
}

// size estimates the work of a run: the rows of its uncached passes.
func (a *sweepFlags) size(m *library.Loaded, p sweep.Prompt) int64 {
	_, n, _ := a.plan.Longest(m, p) // checked before
	g := int64(a.plan.Lengths[len(a.plan.Lengths)-1])
	return g*int64(n) + g*(g-1)/2
}

// bar returns a progress bar on a terminal, and nothing elsewhere.
func (a *sweepFlags) bar(models map[string]*library.Loaded, runs []sweep.Run, stderr io.Writer) (*progressbar.ProgressBar, error) {
	total := int64(0)
	for _, r := range runs {
		total += a.size(models[r.Model], r.Prompt)
	}
	if !isTerminal(stderr) {
		return progressbar.DefaultSilent(total), nil
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(beneath(stderr)),
		progressbar.OptionSetDescription(message("cli.sweep", map[string]any{"Points": a.plan.Points(), "Repeats": a.plan.Repeats})),
		progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish()), nil
}

// writeFits prints how the numbers grow.
func (a *sweepFlags) writeFits(w io.Writer, rows []sweep.Row) error {
	t := columns{}
	t.add("model\tprompt\tlane\tmetric\texponent\tr2\tpoints\ttokens")
	for _, model := range a.plan.Models {
		for _, prompt := range a.plan.Prompts {
			for _, lane := range []string{"cached", "uncached"} {
				for _, m := range sweep.Metrics {
					if f, ok := sweep.FitOf(rows, model, prompt.Name(), lane, m); ok {
						t.add("%s\t%s\t%s\t%s\t%.3f\t%.5f\t%d\t%.0f to %.0f", quoted(model), quoted(prompt.Name()), lane, m.Name, f.Exponent, f.R2, f.Points, f.From, f.To)
					}
				}
			}
		}
	}
	return t.write(w)
}
