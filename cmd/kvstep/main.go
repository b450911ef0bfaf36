// Command kvstep runs a small real transformer and lets people stop it: after
// every layer of prefill and after every decode step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/plain"
	"kvstep/web/text"
	"kvstep/web/wall"
)

// version is what the page and --version show; releases set it with -ldflags.
var version = "dev"

// patience is how long a command that is asked to end may take to do so.
const patience = 1700 * time.Millisecond

func main() {
	start := time.Now()
	mat.Clock = func() int64 { return int64(time.Since(start)) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) }()
	select {
	case err := <-done:
		os.Exit(exitCode(err))
	case <-asked:
	}
	signal.Stop(asked) // the next one ends the process at once, as it does where nobody listens
	cancel()
	select {
	case err := <-done:
		os.Exit(exitCode(err))
	case <-time.After(patience): // it writes to somebody who does not read, or loads a model
		abandonFiles()
		fmt.Fprintln(os.Stderr, "kvstep: "+catalogue().T("cli.stopped", nil))
		os.Exit(1)
	}
}

// run returns the whole command. What it was asked for goes to stdout; everything
// else, errors included, to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	out, errs := &screen{to: stdout}, &screen{to: stderr}
	defer out.flush()
	defer errs.flush()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(errs)
	err := useKernels(os.Getenv("KVSTEP_KERNELS"))
	if err == nil {
		err = wall.Try("command", "", func() error { return root.ExecuteContext(ctx) })
	}
	if err != nil {
		fmt.Fprintln(errs, "kvstep: "+say(err))
		if exitCode(err) == 2 {
			fmt.Fprintln(errs, "kvstep: "+message("cli.see_help", nil))
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{flagProblem(err)} })
	root.AddCommand(serve, newTrace(), newCost(), newSweep(), newPlot(), newModels(), newBench(), newPull(), newLesson())
	return root
}

// useKernels makes the kernels of a level, by name, those of this process; they
// differ in speed only. Without a name the processor's fastest are used.
func useKernels(name string) error {
	var known []string
	for _, l := range mat.Levels() {
		if l.String() == name {
			return mat.Select(l)
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

// oneArg wants one argument, which its usage calls so.
func oneArg(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return usageError{sim.NewProblem("cli.missing", "Name", name)}
		}
		return usageError{sim.NewProblem("cli.unknown", "Have", args[1])}
	}
}

// exitCode returns 0, 1 (failed) or 2 (usage).
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
	var file *fs.PathError
	switch {
	case errors.As(err, &p) && ofFile(p):
		return sayFile(p)
	case errors.As(err, &p) && strings.HasPrefix(p.ID, "hub."):
		return sayHub(p)
	case errors.As(err, &p):
		return message("problem."+p.ID, p.Args)
	case errors.Is(err, context.Canceled):
		return message("cli.stopped", nil)
	case errors.As(err, &file) && file.Op == "write": // standard output
		return sayFile(sim.NewProblem("file.write", "File", file.Path).Because(err))
	}
	return plain.Text(err.Error())
}

// catalogue returns the message catalogue of the terminal's language.
func catalogue() *text.Catalogue { return text.In(terminalLang()) }

// terminalLang returns the language of the terminal, as POSIX orders its variables.
func terminalLang() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			lang, _, _ := strings.Cut(v, ".")
			return text.Match(strings.ReplaceAll(lang, "_", "-"))
		}
	}
	return "en"
}

// languageFlag returns the language that --lang names, the terminal's where it names none.
func languageFlag(lang string) (string, error) {
	switch {
	case lang == "":
		return terminalLang(), nil
	case slices.Contains(text.Langs(), lang):
		return lang, nil
	}
	return "", sim.NewProblem("recipe.choice", "Field", "lang", "Have", lang, "Allowed", text.Langs())
}
