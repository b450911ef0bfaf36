package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/cost"
	simrun "kvstep/sim/run"
)

func newModels() *cobra.Command {
	return &cobra.Command{
		Use:   "models",
		Short: "List the embedded models, and the presets whose shapes are known",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			library := simrun.NewLibrary()
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "name\tparameters\tlayers\theads\tkv heads\thead_dim\tffn\tvocabulary\tcontext\tKV bytes/token")
			row := func(name string, x sim.Config, bytesPer int) {
				fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name, cost.Params(x), x.Layers, x.Heads,
					x.KVHeads, x.HeadDim, x.FFN, x.Vocab, x.Context, cost.KVBytesPerToken(x, bytesPer))
			}
			fmt.Fprintln(t, "embedded (weights in this binary; fp32 cache)")
			for _, name := range library.Names() {
				m, err := library.Get(name)
				if err != nil {
					return err
				}
				row(name, m.Model.Config, 4)
			}
			fmt.Fprintln(t, "presets (shapes only; fp16 cache)")
			for _, name := range cost.Presets() {
				x, err := cost.Preset(name)
				if err != nil {
					return err
				}
				row(name, x, 2)
			}
			return t.Flush()
		},
	}
}
