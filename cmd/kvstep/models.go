package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kvstep/sim/cost"
	simrun "kvstep/sim/run"
)

func newModels() *cobra.Command {
	return &cobra.Command{
		Use:   "models",
		Short: "List the embedded models",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			library := simrun.NewLibrary()
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "name\tparameters\tlayers\theads\tkv heads\thead_dim\tffn\tvocabulary\tcontext\tKV bytes/token")
			for _, name := range library.Names() {
				m, err := library.Get(name)
				if err != nil {
					return err
				}
				x := m.Model.Config
				fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name, cost.Params(x), x.Layers, x.Heads,
					x.KVHeads, x.HeadDim, x.FFN, x.Vocab, x.Context, cost.KVBytesPerToken(x, 4))
			}
			return t.Flush()
		},
	}
}
