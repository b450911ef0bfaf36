package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"kvstep/cmd/kvstep/hub"
	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

func newPull() *cobra.Command {
	return &cobra.Command{
		Use:   "pull NAME",
		Short: "Download a model into the models folder",
		Long: "pull downloads a model from a Hugging Face hub into the models folder (--models), where every\n" +
			"command and the page find it by its name. Stopped and started again, it goes on; every file is\n" +
			"checked against the hub's checksum. HF_ENDPOINT names another hub, HF_TOKEN a token for models\n" +
			"that want one. Nothing but this command ever asks another machine for anything.\n\n" +
			"NAME is owner/name, or one of:\n\n  " + strings.Join(slices.Sorted(maps.Keys(hub.Short)), "\n  "),
		Example: "  kvstep pull gpt2\n  kvstep trace --model gpt2 --prompt \"Once upon a time\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{sim.NewProblem("cli.pull_name")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return pullModel(c, args[0])
		},
	}
}

func pullModel(c *cobra.Command, name string) error {
	stderr := c.ErrOrStderr()
	tell := func(id string, place string) {
		fmt.Fprintln(stderr, "kvstep: "+catalogue().T(id, map[string]any{"Model": name, "Place": place}))
	}
	if modelsDir == "" {
		return usageError{sim.NewProblem("cli.models_folder")}
	}
	if os.Getenv("HF_HUB_OFFLINE") == "1" {
		return sim.NewProblem("hub.offline", "Endpoint", "HF_HUB_OFFLINE=1")
	}
	client := hub.New(os.Getenv("HF_ENDPOINT"), os.Getenv("HF_TOKEN"))
	done := pullProgress(client, name, stderr)
	place, again, err := client.Pull(c.Context(), name, modelsDir)
	done()
	if err != nil {
		return err
	}
	// A model that kvstep cannot load is better known of now.
	if _, err := checkpoint.ReadConfig(regularDir(place)); err != nil {
		tell("cli.pulled", place)
		return err
	}
	if again {
		tell("cli.pulled_before", place)
	} else {
		tell("cli.pulled", place)
	}
	fmt.Fprintln(c.OutOrStdout(), place)
	return nil
}

// pullProgress shows a bar on a terminal, and elsewhere every tenth of the way as a line.
func pullProgress(client *hub.Client, name string, stderr io.Writer) (done func()) {
	what := catalogue().T("cli.pulling", map[string]any{"Model": name})
	if isTerminal(stderr) {
		var bar *progressbar.ProgressBar
		client.Heard = func(n, total int64) {
			if bar == nil {
				bar = byteBar(stderr, what, total)
			}
			_ = bar.Set64(n)
		}
		return func() {
			if bar != nil {
				_ = bar.Clear()
			}
		}
	}
	last := int64(-1)
	client.Heard = func(n, total int64) {
		if tenth := 10 * n / max(total, 1); tenth > last {
			last = tenth
			fmt.Fprintf(stderr, "kvstep: %s: %s / %s\n", what, si(float64(n), "B"), si(float64(total), "B"))
		}
	}
	return func() {}
}
