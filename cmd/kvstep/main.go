// Command kvstep runs a small real transformer and lets people stop it: after
// every layer of prefill and after every decode step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/web/text"
	"kvstep/web/wall"
)

// version is what the page and --version show; releases set it with -ldflags.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(exitCode(err))
}

// run is the whole command. What it was asked for goes to stdout; everything
// else, errors included, to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := useKernels(os.Getenv("KVSTEP_KERNELS"))
	if err == nil {
		err = wall.Try("command", "", func() error { return root.ExecuteContext(ctx) })
	}
	if err != nil {
		fmt.Fprintln(stderr, "kvstep: "+say(err))
		if exitCode(err) == 2 {
			fmt.Fprintln(stderr, "kvstep: "+catalogue().T("cli.see_help", nil))
		}
	}
	return err
}

func newRoot() *cobra.Command {
	serve := newServe()
	root := &cobra.Command{
		Use:           "kvstep",
		Short:         "Step through prefill, decode and the KV cache of a real transformer",
		Long:          "kvstep runs a small, real, trained transformer and stops after every layer of prefill\nand every decode step. Without a subcommand it serves the page (see kvstep serve --help).",
		Version:       version,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          serve.RunE,
	}
	root.Flags().AddFlagSet(serve.Flags())
	root.PersistentFlags().StringVar(&modelsDir, "models", defaultModels(), "models folder: what lies there can be named, and chosen on the page")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serve, newTrace(), newCost(), newSweep(), newPlot(), newModels(), newBench(), newPull())
	return root
}

// useKernels makes the kernels of a level, by name, those of this process; they
// differ in speed only. Without a name the processor's fastest are used.
func useKernels(name string) error {
	var known []string
	for _, l := range mat.Levels() {
		if l.String() == name {
			return mat.Use(l)
		}
		known = append(known, l.String())
	}
	if name == "" {
		return nil
	}
	return usageError{sim.NewProblem("cli.kernels", "Have", name, "Known", strings.Join(known, ", "))}
}

// usageError is a command line that makes no sense: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{sim.NewProblem("cli.unknown", "Have", args[0])}
	}
	return nil
}

// exitCode is 0, 1 (failed) or 2 (usage).
func exitCode(err error) int {
	var usage usageError
	var problem *sim.Problem
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &problem) && (strings.HasPrefix(problem.ID, "recipe.") || strings.HasPrefix(problem.ID, "sampler.")):
		return 2 // a flag's value is not one of those allowed
	}
	return 1
}

// say words an error in the person's language.
func say(err error) string {
	var p *sim.Problem
	if errors.As(err, &p) {
		return catalogue().T("problem."+p.ID, p.Args)
	}
	return err.Error()
}

// catalogue is the message catalogue of the terminal's language, as POSIX
// orders its variables.
func catalogue() *text.Catalogue {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			lang, _, _ := strings.Cut(v, ".")
			return text.In(text.Match(strings.ReplaceAll(lang, "_", "-")))
		}
	}
	return text.In("en")
}
