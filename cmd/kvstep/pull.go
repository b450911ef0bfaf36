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
			"checked against the hub's checksum; of two at once the second waits. HF_ENDPOINT names another\n" +
			"hub, HF_TOKEN a token for models that want one; HF_HUB_OFFLINE=1 forbids it all. Nothing but\n" +
			"this command ever asks another machine for anything.\n\n" +
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
		fmt.Fprintln(stderr, "kvstep: "+message(id, map[string]any{"Model": name, "Place": place}))
	}
	if modelsDir == "" {
		return usageError{sim.NewProblem("cli.models_folder")}
	}
	client := hub.New(os.Getenv("HF_ENDPOINT"), os.Getenv("HF_TOKEN"))
	client.Off = offline()
	client.OnWait = func(string) { tell("cli.pull_waits", "") }
	done := pullProgress(client, name, stderr)
	place, again, err := client.Pull(c.Context(), name, modelsDir)
	done()
	if err != nil && c.Context().Err() != nil {
		return sim.NewProblem("hub.stopped", "Name", name).Because(err)
	}
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

// offline returns why no hub may be asked, nil if it may: HF_HUB_OFFLINE and its like, read
// as the hub's own programs read them.
func offline() error {
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		have := os.Getenv(name)
		if slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(strings.TrimSpace(have))) {
			return sim.NewProblem("hub.off", "Variable", name, "Value", have)
		}
	}
	return nil
}

// pullProgress shows a bar on a terminal, and elsewhere every tenth of the way as a line.
func pullProgress(client *hub.Client, name string, stderr io.Writer) (done func()) {
	what := message("cli.pulling", map[string]any{"Model": name})
	if isTerminal(stderr) {
		var bar *progressbar.ProgressBar
		client.OnProgress = func(n, total int64) {
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
	client.OnProgress = func(n, total int64) {
		if tenth := 10 * n / max(total, 1); tenth > last {
			last = tenth
			fmt.Fprintf(stderr, "kvstep: %s: %s / %s\n", what, si(float64(n), "B"), si(float64(total), "B"))
		}
	}
	return func() {}
}
