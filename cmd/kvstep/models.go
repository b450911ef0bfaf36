package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kvstep/sim/cost"
	"kvstep/sim/library"
)

func newModels() *cobra.Command {
	return &cobra.Command{
		Use:   "models",
		Short: "List the embedded models, those of the models folder, the presets whose shapes are known, and devices",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			lib, models := library.New(), newLibrary(c.ErrOrStderr())
			t := &columns{}
			t.add("name\tweights\tcache\tparameters\tlayers\theads\tkv heads\thead_dim\tffn\tvocabulary\tcontext\tKV bytes/token")
			row := func(name, weights, cache string, x cost.Shape) {
				t.add("%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d", quoted(name), weights, cache, x.Params(), x.Layers, x.Heads,
					x.KVHeads, x.HeadDim, x.FFN, x.Vocab, x.Context, x.KVBytesPerToken())
			}
			for _, name := range lib.Names() {
				m, err := lib.Get(name)
				if err != nil {
					return err
				}
				row(name, "embedded", "fp32", cost.Of(m.Model.Config))
			}
			for _, found := range shelf(modelsDir, io.Discard) {
				if shape, _, err := models.Shape(found.Name); err == nil {
					row(found.Name, "models folder", "fp32", cost.Of(shape))
				} else {
					fmt.Fprintln(c.ErrOrStderr(), "kvstep: "+quoted(found.Name)+": "+say(err))
				}
			}
			for _, name := range cost.Presets() {
				x, _, err := cost.Preset(name)
				if err != nil {
					return err
				}
				row(name, "shape only", "fp16", x)
			}
			if err := t.write(c.OutOrStdout()); err != nil {
				return err
			}
			t = &columns{}
			t.add("")
			t.add("device\tbandwidth\tmemory\tpeak rates")
			for _, name := range cost.HardwareNames() {
				h, err := cost.HardwarePreset(name)
				if err != nil {
					return err
				}
				var peaks []string
				for _, kind := range slices.Sorted(maps.Keys(h.Peaks)) {
					peaks = append(peaks, kind+" "+si(h.Peaks[kind], "FLOP/s"))
				}
				t.add("%s\t%s\t%s\t%s", h.Name, si(h.Bandwidth, "B/s"), si(float64(h.Memory), "B"), strings.Join(peaks, ", "))
			}
			return t.write(c.OutOrStdout())
		},
	}
}
