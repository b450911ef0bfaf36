package main

import (
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/plain"
)

// costFlags are what kvstep cost is asked.
type costFlags struct {
	model, draft, dtype, kvDType, mla, hardware, format string

	noWindow    bool
	speculation cost.Speculation
	job         cost.Job
	sw          cost.Switches
}

// defaultCostFlags returns those that cost and plot begin with.
func defaultCostFlags() costFlags {
	return costFlags{
		sw: cost.Default(), job: cost.Job{Prompt: 128, New: 128, Batch: 1}, speculation: cost.Speculation{Guesses: 4, Accept: 0.8},
		format: "table", mla: "auto",
	}
}

func newCost() *cobra.Command {
	a := defaultCostFlags()
	c := &cobra.Command{
		Use:   "cost",
		Short: "Count what a generation costs, for any model, and model its time on a device",
		Long: "cost counts FLOPs and bytes of a generation from the shapes of a model: exactly, at any size,\n" +
			"with the KV cache and without. With --hardware it also models the time on a device, which is\n" +
			"a lower bound. docs/cost.md explains every number.",
		Example: "  kvstep cost --model story --prompt 64 --new 64\n" +
			"  kvstep cost --model Llama-3-8B --prompt 1024 --new 256 --hardware H100\n" +
			"  kvstep cost --model ./config.json --prompt 4096 --new 1 --batch 8 --format json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.report()
			if err != nil {
				return err
			}
			if a.format == "json" {
				return r.writeJSON(c.OutOrStdout())
			}
			return r.writeTable(c.OutOrStdout(), catalogue())
		},
	}
	f := c.Flags()
	f.StringVar(&a.model, "model", "story", "embedded model, preset (see kvstep models), Hugging Face config.json or folder, or llama2.c .bin file")
	f.IntVar(&a.job.Prompt, "prompt", a.job.Prompt, "tokens of the prompt")
	f.IntVar(&a.job.New, "new", a.job.New, "tokens to generate")
	f.IntVar(&a.job.Batch, "batch", a.job.Batch, "sequences side by side")
	f.StringVar(&a.dtype, "dtype", "", "numbers of weights and cache: "+strings.Join(cost.DTypes(), ", ")+" (default fp32 for embedded models, else fp16)")
	f.StringVar(&a.kvDType, "kv-dtype", "", "numbers of the cache, if they are others (default: as --dtype; fp16 with int4)")
	f.StringVar(&a.sw.Pairs, "pairs", a.sw.Pairs, "pairs to count: allowed or dense")
	f.StringVar(&a.sw.Logits, "logits", a.sw.Logits, "logits to count: last or all")
	f.StringVar(&a.sw.Unit, "unit", a.sw.Unit, "what a multiply-add is: flop (two) or mac (one)")
	f.StringVar(&a.sw.Scope, "scope", a.sw.Scope, "what a headline adds up: matmul or matmul+elementwise")
	f.BoolVar(&a.noWindow, "no-window", false, "count layers with a sliding window as if they saw everything")
	f.StringVar(&a.mla, "mla", "auto", "form of latent attention: auto (expanded in prefill, absorbed after it), absorbed or expanded")
	f.StringVar(&a.hardware, "hardware", "", "device to model the time on, such as H100, A100, RTX-4090 or M2 (kvstep models lists all)")
	f.StringVar(&a.draft, "draft", "", "a small model that guesses for this one: speculative decoding (a model as for --model)")
	f.IntVar(&a.speculation.Guesses, "guesses", a.speculation.Guesses, "with --draft: tokens it guesses for each pass")
	f.Float64Var(&a.speculation.Accept, "accept", a.speculation.Accept, "with --draft: probability that a guess is accepted")
	f.StringVar(&a.format, "format", "table", "table or json")
	return c
}

// report counts, and models where a device is named.
func (a costFlags) report() (*costReport, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	r, err := a.count(a.model)
	if err != nil || a.draft == "" {
		return r, err
	}
	d, err := a.count(a.draft)
	if err != nil {
		return nil, err
	}
	r.Speculation = newSpeculation(r, d, a.speculation)
	return r, nil
}

// count makes the report of one model.
func (a costFlags) count(model string) (*costReport, error) {
	s, name, source, err := costModel(model)
	if err != nil {
		return nil, err
	}
	d, kv, err := a.numbers(source)
	if err != nil {
		return nil, err
	}
	s = s.Wide(d.Bits, kv.Bits)
	if a.noWindow {
		s = s.Full()
	}
	if s.MLA.KVRank > 0 && a.mla != "auto" {
		s.MLA.Form = a.mla
	}
	if err := s.CheckContext(a.job); err != nil {
		return nil, err
	}
	b, err := s.Bill(a.job, a.sw)
	if err != nil {
		return nil, err
	}
	r := newCostReport(s, b, a)
	r.Model, r.Source, r.DType, r.KVDType = name, source, d.Name, kv.Name
	if a.hardware != "" {
		h, err := cost.HardwarePreset(a.hardware)
		if err != nil {
			return nil, err
		}
		m, err := s.Roofline(h, d, a.job, a.sw)
		if err != nil {
			return nil, err
		}
		r.Modelled = &m
	}
	return r, nil
}

// check refuses flags whose values are not among those allowed.
func (a costFlags) check() error {
	if err := cost.CheckSwitches(a.sw); err != nil {
		return err
	}
	for _, f := range []struct {
		name, have string
		allowed    []string
	}{{"format", a.format, []string{"table", "json"}}, {"mla", a.mla, []string{"auto", cost.Absorbed, cost.Expanded}}} {
		if !slices.Contains(f.allowed, f.have) {
			return sim.NewProblem("recipe.choice", "Field", f.name, "Have", f.have, "Allowed", f.allowed)
		}
	}
	if err := errors.Join(a.job.Check(), a.speculation.Check()); err != nil {
		return usageError{err}
	}
	return nil
}

// numbers returns the types of weights and cache.
func (a costFlags) numbers(source string) (weights, kv cost.DType, err error) {
	name := a.dtype
	if name == "" {
		name = map[bool]string{true: "fp32", false: "fp16"}[source == "embedded"]
	}
	if weights, err = cost.ParseDType("dtype", name); err != nil {
		return weights, kv, err
	}
	if name = a.kvDType; name == "" {
		name = weights.KV
	}
	kv, err = cost.ParseDType("kv-dtype", name)
	return weights, kv, err
}

// costReport is what cost prints; docs/cost.md explains it.
type costReport struct {
	Model  string `json:"model"`
	Source string `json:"source"` // "embedded", "preset" or "file"

	Switches cost.Switches `json:"switches"`
	DType    string        `json:"dtype"`
	KVDType  string        `json:"kv_dtype"`
	Window   bool          `json:"window"`        // some layers have one, and it is counted
	MLA      string        `json:"mla,omitempty"` // form of latent attention
	Prompt   int           `json:"prompt"`
	New      int           `json:"new"`
	Batch    int           `json:"batch"`

	Parameters       int64    `json:"parameters"`
	ActiveParameters int64    `json:"active_parameters"` // those that one token meets
	ParameterBytes   int64    `json:"parameter_bytes"`
	KVBytesPerToken  int64    `json:"kv_bytes_per_token"` // of one sequence
	KVTokens         *big.Int `json:"kv_tokens"`          // held at the end, in the layer that holds most
	KVBytes          *big.Int `json:"kv_bytes"`           // held at the end

	Prefill costPhase `json:"prefill"`
	Decode  costPhase `json:"decode"`
	Total   costPhase `json:"total"`

	Crossovers cost.Crossovers `json:"crossovers"`
	Modelled   *cost.Roofline  `json:"modelled,omitempty"`

	Speculation *costSpeculation `json:"speculation,omitempty"`

	shape cost.Shape
}

// costPhase has the lanes and counters of a line of kvstep trace.
type costPhase struct {
	Lanes costLanes `json:"lanes"`
}

type costLanes struct {
	Cached   costCounts `json:"cached"`
	Uncached costCounts `json:"uncached"`
}

type costCounts struct {
	cost.Counts
	Headline *big.Int `json:"headline"` // the sum of flops, and of elementwise if the scope says so
}

func newCostReport(s cost.Shape, b cost.Bill, a costFlags) *costReport {
	phase := func(lanes [2]cost.Counts) costPhase {
		c, u := lanes[sim.Cached], lanes[sim.Uncached]
		return costPhase{costLanes{costCounts{c, c.Headline(a.sw)}, costCounts{u, u.Headline(a.sw)}}}
	}
	r := &costReport{
		Switches: a.sw, Window: s.Local > 0, Prompt: a.job.Prompt, New: a.job.New, Batch: a.job.Batch,
		Parameters: s.Params(), ActiveParameters: s.ActiveParams(), ParameterBytes: s.WeightBytes(), KVBytesPerToken: s.KVBytesPerToken(),
		KVTokens: b.Total[sim.Cached].KVTokens, KVBytes: b.Total[sim.Cached].KVBytes,
		Prefill: phase(b.Prefill), Decode: phase(b.Decode), Total: phase(b.Total),
		Crossovers: s.Crossovers(), shape: s,
	}
	if s.MLA.KVRank > 0 {
		r.MLA = a.mla
	}
	return r
}

// costSpeculation is decoding with a draft: all of it is modelled.
type costSpeculation struct {
	Draft string `json:"draft"`
	cost.Speculation
	Tokens     float64 `json:"tokens_per_pass"`
	Operations float64 `json:"operations"`        // times those of the model alone
	Speedup    float64 `json:"speedup,omitempty"` // times as fast; left out without a device
}

// newSpeculation compares the decode passes of a model and of its draft.
func newSpeculation(r, draft *costReport, s cost.Speculation) *costSpeculation {
	x := &costSpeculation{Draft: draft.Model, Speculation: s, Tokens: s.Tokens()}
	flops := func(r *costReport) float64 { return toFloat(r.Decode.Lanes.Cached.Headline) }
	if r.New > 1 {
		x.Operations = s.Operations(flops(draft) / flops(r))
		if r.Modelled != nil {
			x.Speedup = s.Speedup(draft.Modelled.Lanes.Cached.PerToken / r.Modelled.Lanes.Cached.PerToken)
		}
	}
	return x
}

func (r *costReport) writeJSON(w io.Writer) error {
	_, err := w.Write(append(plain.Indented(r, "  "), '\n'))
	return err
}
