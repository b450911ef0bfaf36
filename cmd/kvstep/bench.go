package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/plain"
	"kvstep/sim/recipe"
	simrun "kvstep/sim/run"
)

// benchReport is what kvstep bench prints as JSON. Rates are medians over the
// repeats; the limits are of one thread and of the same minute.
type benchReport struct {
	Model      string      `json:"model"`
	Parameters int64       `json:"parameters"`
	Kernels    string      `json:"kernels"`
	Threads    int         `json:"threads"` // that a piece of work may have
	Prompt     int         `json:"prompt"`
	New        int         `json:"new"`
	Repeats    int         `json:"repeats"`
	Limits     benchLimits `json:"limits"`
	Rows       []benchRow  `json:"rows"`
}

// benchLimits are this machine's, measured: how fast numbers that are in registers are multiplied
// and added, with the product rounded before it is added as kvstep does (it is what shares are of),
// and fused, by one thread and by all that may work; and how fast one thread reads memory.
type benchLimits struct {
	Flops    float64 `json:"flops_per_s"`
	Fused    float64 `json:"fused_flops_per_s"` // 0: there are no such instructions
	One      float64 `json:"flops_per_s_one_thread"`
	FusedOne float64 `json:"fused_flops_per_s_one_thread"`

	Bandwidth float64 `json:"bytes_per_s"`
}

// probes are the limits as each round measures them.
type probes [5][]float64

func (p *probes) again(threads int) {
	for i, x := range [5]float64{probePeak(threads, false), probePeak(threads, true), probePeak(1, false), probePeak(1, true), probeBandwidth()} {
		p[i] = append(p[i], x)
	}
}

func (p *probes) limits() benchLimits {
	return benchLimits{median(p[0]), median(p[1]), median(p[2]), median(p[3]), median(p[4])}
}

// benchRow is one thing that was timed.
type benchRow struct {
	What    string  `json:"what"`
	Tokens  int     `json:"tokens"`
	Seconds float64 `json:"seconds"` // median
	PerSec  float64 `json:"tokens_per_s"`
	Flops   float64 `json:"flops_per_s"` // counted FLOPs over measured seconds
	Bytes   float64 `json:"bytes_per_s"` // counted bytes of weights and cache likewise
	Compute float64 `json:"of_compute"`  // share of the limits
	Memory  float64 `json:"of_bandwidth"`
}

func newBench() *cobra.Command {
	var name, tokenizer, format string
	var prompt, made, repeats, threads, bits int
	var random bool
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure prefill and decode, with the cache and without, against this machine's limits",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "table" && format != "json" {
				return usageError{sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", []string{"table", "json"})}
			}
			if err := inRange("threads", threads, 0, mat.MaxPieces); err != nil {
				return usageError{err}
			}
			if bits != 32 && bits != 16 {
				return usageError{sim.NewProblem("recipe.choice", "Field", "bits", "Have", strconv.Itoa(bits), "Allowed", []string{"32", "16"})}
			}
			defer func(most int) { mat.MaxThreads = most }(mat.MaxThreads)
			mat.MaxThreads = threads
			m, err := benchModel(name, tokenizer, random, bits)
			if err != nil {
				return err
			}
			most := m.Model.Config.Context
			if err := cmp.Or(inRange("prompt", prompt, 1, most), inRange("new", made, 2, most), inRange("repeats", repeats, 1, 1000)); err != nil {
				return usageError{err}
			}
			if prompt+made > most {
				return usageError{sim.NewProblem("prompt.long", "Tokens", prompt, "MaxNew", made, "Context", most, "Most", max(most-prompt, 0), "Allowed", max(most-made, 0))}
			}
			r, err := bench(c.Context(), m, prompt, made, repeats)
			if err != nil {
				return err
			}
			if format == "json" {
				_, err := c.OutOrStdout().Write(append(plain.Indented(r, " "), '\n'))
				return err
			}
			return r.table(c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&name, "model", "story", "embedded model, Hugging Face folder, llama2.c .bin file; with --random the name of a shape")
	f.StringVar(&tokenizer, "tokenizer", "", "tokenizer.bin of a llama2.c model")
	f.BoolVar(&random, "random", false, "random weights of a shape that kvstep models lists, or of stories15M, stories110M")
	f.IntVar(&bits, "bits", 32, "bits of a random weight, 32 or 16 (a file's are what they are)")
	f.IntVar(&prompt, "prompt", 64, "tokens of the prompt")
	f.IntVar(&made, "new", 64, "tokens to generate")
	f.IntVar(&repeats, "repeats", 5, "runs of each, for the medians")
	f.IntVar(&threads, "threads", 1, "most threads that a piece of work may have; 0: as many as pay, as every other command does")
	f.StringVar(&format, "format", "table", "table or json")
	return c
}

// bench times everything in turns, so that other work of the machine slows all
// alike.
func bench(ctx context.Context, m *library.Loaded, prompt, made, repeats int) (*benchReport, error) {
	b := &bencher{m: m, made: made}
	for i := range prompt {
		b.prompt = append(b.prompt, (i*7+3)%m.Model.Config.Vocab)
	}
	if err := b.prepare(); err != nil {
		return nil, err
	}
	promoting.Wait()
	var limits probes
	times := map[string][]float64{}
	for range repeats {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		limits.again(mat.MostThreads())
		if err := b.round(ctx, times); err != nil {
			return nil, err
		}
	}
	r := &benchReport{
		Model: m.Name, Parameters: cost.Params(m.Model.Config), Kernels: mat.Current().String(), Threads: mat.MostThreads(), Prompt: prompt, New: made, Repeats: repeats,
		Limits: limits.limits(),
	}
	c, sw := m.Model.Config, cost.Default()
	pre, all := cost.Pass(c, prompt, 0, sw), sim.Counters{}
	for i := range made - 1 {
		all = cost.Add(all, cost.Pass(c, 1, prompt+i, sw))
	}
	again := sim.Counters{}
	for i := range b.again {
		again = cost.Add(again, cost.Uncached(cost.Pass(c, prompt+1+i, 0, sw)))
	}
	for _, x := range []struct {
		what   string
		tokens int
		cost   sim.Counters
	}{{"prefill", prompt, pre}, {"decode", made - 1, all}, {"decode, uncached", b.again, again}, {"prefill, traced", prompt, pre}, {"decode, traced", made - 1, all}} {
		s := median(times[x.what])
		row := benchRow{What: x.what, Tokens: x.tokens, Seconds: s, PerSec: float64(x.tokens) / s}
		row.Flops = float64(x.cost.Flops.Total()) / s
		row.Bytes = float64(x.cost.WeightBytes+x.cost.KVReadBytes) / s
		row.Compute, row.Memory = row.Flops/r.Limits.Flops, row.Bytes/r.Limits.Bandwidth
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

func (r *benchReport) table(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d parameters, %s kernels, %d thread(s), medians of %d\n", r.Model, r.Parameters, r.Kernels, r.Threads, r.Repeats)
	l := r.Limits
	fmt.Fprintf(w, "this machine, measured: %s (%s fused); one thread: %s (%s fused), reads %s\n\n",
		si(l.Flops, "FLOP/s"), si(l.Fused, "FLOP/s"), si(l.One, "FLOP/s"), si(l.FusedOne, "FLOP/s"), si(l.Bandwidth, "B/s"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ttokens\ttokens/s\tFLOP/s\tof compute\tread\tof bandwidth\t")
	for _, x := range r.Rows {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%s\t%.0f %%\t%s\t%.0f %%\t\n", x.What, x.Tokens, x.PerSec, si(x.Flops, "FLOP/s"), 100*x.Compute, si(x.Bytes, "B/s"), 100*x.Memory)
	}
	return t.Flush()
}

// bencher has what every round uses again.
type bencher struct {
	m       *library.Loaded
	prompt  []int
	made    int
	again   int // tokens decoded without a cache: fewer, they take long
	session *simrun.Session
	tokens  []int // what is fed: the text does not matter
}

func (b *bencher) prepare() (err error) {
	b.again = min(b.made-1, 8)
	b.tokens = slices.Clone(b.prompt)
	for range b.made {
		b.tokens = append(b.tokens, 1)
	}
	b.session, err = simrun.NewSession(b.m, len(b.tokens))
	return err
}

// round times everything once. Without a cache every step is a prefill of all
// tokens so far.
func (b *bencher) round(ctx context.Context, times map[string][]float64) error {
	since := func(what string, start time.Time) { times[what] = append(times[what], time.Since(start).Seconds()) }
	b.session.Clear()
	start := time.Now()
	b.session.Feed(b.prompt...)
	since("prefill", start)
	one := []int{1}
	start = time.Now()
	for range b.made - 1 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.session.Feed(one...)
	}
	since("decode", start)
	start = time.Now()
	for i := range b.again {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.session.Clear()
		b.session.Feed(b.tokens[:len(b.prompt)+1+i]...)
	}
	since("decode, uncached", start)

	r := recipe.Default()
	r.Tokens, r.MaxNew, r.Lanes = b.prompt, b.made, "cached"
	for pass := range b.made {
		r.Forced = append(r.Forced, sim.Forced{Pass: pass, Token: 1})
	}
	runtime.GC() // it has the memory of the round before, as the session has
	start = time.Now()
	clock := func() float64 { return time.Since(start).Seconds() }
	for s, err := range simrun.Steps(ctx, b.m, r, clock) {
		if err != nil {
			return err
		}
		if s.Pass == 0 && s.Part == sim.HeadPart {
			since("prefill, traced", start)
			start = time.Now()
		}
	}
	since("decode, traced", start)
	return ctx.Err()
}

// inRange refuses a flag's number outside its range.
func inRange(field string, have, least, most int) error {
	if have >= least && have <= most {
		return nil
	}
	return sim.NewProblem("cost.range", "Field", field, "Have", have, "Min", least, "Max", most)
}
