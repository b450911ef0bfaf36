package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/sim/sweep"
	"kvstep/web/text"
)

// plotFlags are what kvstep plot is asked.
type plotFlags struct {
	cost      costFlags // the model, its job, the switches, the device
	out, lang string
	data      string
	print     bool
}

func newPlot() *cobra.Command {
	a := plotFlags{cost: defaultCostFlags()}
	c := &cobra.Command{
		Use:   "plot NAME",
		Short: "Draw a figure of complexity as SVG, PNG, PDF or CSV",
		Long: "plot draws one of these figures, for any model that kvstep cost knows:\n\n  " + strings.Join(chart.Names(), "\n  ") +
			"\n\nWhat is measured (time, and the points of speedup) comes from a table of kvstep sweep (--data),\nor is run now. docs/plot.md shows all of them.",
		Example: "  kvstep plot total-flops --out growth.svg\n" +
			"  kvstep plot kv-bytes --model Llama-3-8B --hardware H100 --lang zh --out cache.pdf\n" +
			"  kvstep sweep --out growth.csv && kvstep plot time --data growth.csv --out time.png",
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.run(c, args) },
	}
	f := c.Flags()
	f.StringVar(&a.cost.model, "model", "story", "embedded model, preset (see kvstep models), or a Hugging Face config.json")
	f.IntVar(&a.cost.job.Prompt, "prompt", 16, "tokens of the prompt")
	f.IntVar(&a.cost.job.New, "new", 0, "tokens to generate (default: until the context is full, at most 8,192)")
	f.IntVar(&a.cost.job.Batch, "batch", 1, "sequences side by side, for roofline")
	f.StringVar(&a.cost.dtype, "dtype", "", "numbers of weights and cache: "+strings.Join(cost.DTypes(), ", ")+" (default fp32 for embedded models but under a roofline, else fp16)")
	f.StringVar(&a.cost.sw.Pairs, "pairs", a.cost.sw.Pairs, "pairs to count: allowed or dense")
	f.StringVar(&a.cost.sw.Logits, "logits", a.cost.sw.Logits, "logits to count: last or all")
	f.StringVar(&a.cost.sw.Unit, "unit", a.cost.sw.Unit, "what a multiply-add is: flop (two) or mac (one)")
	f.StringVar(&a.cost.hardware, "hardware", "", "device, for roofline, intensity and kv-bytes (see kvstep cost --help)")
	f.StringVar(&a.out, "out", "", "file to write: .svg, .png, .pdf or .csv")
	f.StringVar(&a.lang, "lang", "", "language of the words: en or zh (default: the terminal's)")
	f.BoolVar(&a.print, "print", false, "for paper: stronger lines, dashes beside colours")
	f.StringVar(&a.data, "data", "", "table of kvstep sweep, for time and speedup")
	return c
}

func (a plotFlags) run(c *cobra.Command, args []string) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	if len(args) > 1 {
		return usageError{sim.NewProblem("cli.unknown", "Have", args[1])}
	}
	format := strings.TrimPrefix(filepath.Ext(a.out), ".")
	if a.out == "" {
		return usageError{sim.NewProblem("plot.out")}
	}
	if !slices.Contains(chart.Formats(), format) {
		return sim.NewProblem("recipe.choice", "Field", "out", "Have", filepath.Base(a.out), "Allowed", chart.Formats())
	}
	lang, err := languageFlag(a.lang)
	if err != nil {
		return err
	}
	if a.cost.dtype == "" && chart.NeedsDevice(name) {
		a.cost.dtype = "fp16" // what devices are rated for
	}
	if c.Flags().Changed("new") {
		if err := inRange("new", a.cost.job.New, 1, math.MaxInt32); err != nil {
			return usageError{err}
		}
	}
	r, err := a.request()
	if err != nil {
		return err
	}
	if a.data != "" || chart.NeedsMeasured(name) {
		if r.Measured, err = a.measured(c.Context(), r); err != nil {
			return err
		}
	}
	f, err := chart.Make(name, r)
	if err != nil {
		return usageError{err}
	}
	return writeWhole(a.out, func(w io.Writer) error {
		return chart.Write(forPeople(w, format), f, format, chart.Style{Print: a.print, Say: text.In(lang).T})
	})
}

// request returns what the flags say of the figure's subject.
func (a plotFlags) request() (chart.Request, error) {
	var r chart.Request
	s, name, source, err := costModel(a.cost.model)
	if err != nil {
		return r, err
	}
	if a.cost.job.New == 0 {
		a.cost.job.New = max(1, min(s.Context-a.cost.job.Prompt+1, 8192))
	}
	if err := a.cost.check(); err != nil {
		return r, err
	}
	d, kv, err := a.cost.numbers(source)
	if err != nil {
		return r, err
	}
	r = chart.Request{
		Subject: chart.Subject{Name: name, Shape: s.Wide(d.Bits, kv.Bits), Prompt: a.cost.job.Prompt, New: a.cost.job.New, Switches: a.cost.sw},
		DType:   d, Batch: a.cost.job.Batch,
	}
	if a.cost.hardware != "" {
		h, err := cost.HardwarePreset(a.cost.hardware)
		if err != nil {
			return r, err
		}
		r.Device = &h
	}
	return r, nil
}

// maxTable bounds a table that is read again, in bytes.
const maxTable = 256 << 20

// measured takes the subject's medians from a table of kvstep sweep, or runs it now,
// at sixteen lengths.
func (a plotFlags) measured(ctx context.Context, r chart.Request) (chart.Measured, error) {
	if a.data != "" {
		data, err := readRegular(a.data, maxTable)
		if err != nil {
			return chart.Measured{}, err
		}
		rows, err := sweep.Read(bytes.NewReader(data))
		if err != nil {
			return chart.Measured{}, err
		}
		m := chart.MeasuredOf(rows, r.Name)
		if len(m.Tokens) < 2 {
			return m, sim.NewProblem("plot.data", "File", a.data, "Model", r.Name)
		}
		return m, nil
	}
	m, err := load(a.cost.model, "")
	if err != nil {
		return chart.Measured{}, err
	}
	started := time.Now()
	return chart.Measure(ctx, m, r.Prompt, r.New, r.Switches, func() float64 { return time.Since(started).Seconds() })
}
