package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web"
	"kvstep/web/limits"
	"kvstep/web/room"
)

func newServe() *cobra.Command {
	var addr, model, tokenizer, memory, lessons string
	var noOpen bool
	var within *limits.Limits
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the page (the default)",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			limit, err := memoryLimit(memory, c.Flags().Changed("memory"))
			if err != nil {
				return usageError{err}
			}
			if model == "" && tokenizer != "" {
				return usageError{sim.NewProblem("cli.tokenizer", "Model", "--model")}
			}
			if lessons != "" {
				if _, err := os.Stat(lessons); err != nil {
					return sim.NewProblem("file.open", "File", lessons).Because(err)
				}
			}
			var given []*library.Loaded
			if model != "" {
				m, err := loadUntil(c.Context(), model, tokenizer, c.ErrOrStderr())
				if m == nil {
					return err
				}
				given = append(given, m)
			}
			l, err := web.Listen(addr)
			if err != nil {
				return err
			}
			url := "http://" + l.Addr().String() + "/"
			fmt.Fprintln(c.ErrOrStderr(), message("cli.serving", map[string]any{"URL": url}))
			if !noOpen && isTerminal(c.OutOrStdout()) {
				openBrowser(url)
			}
			room.KeepListening()
			models := newLibrary(c.ErrOrStderr(), given...)
			go closeUnused(c.Context(), models, count(models, limit))
			go web.Ready() // while the browser starts
			played := web.Lessons()
			if lessons != "" {
				go follow(c.Context(), played, lessons, c.ErrOrStderr())
			}
			return web.Serve(c.Context(), l, models, played, version, *within)
		},
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8787", "loopback address to listen on; port 0 picks a free one")
	c.Flags().StringVar(&model, "model", "", "embedded model, one of the models folder, Hugging Face folder or llama2.c .bin file (default: the first embedded one)")
	c.Flags().StringVar(&tokenizer, "tokenizer", "", "tokenizer.bin of a llama2.c model")
	c.Flags().StringVar(&memory, "memory", "", "bytes that runs and models may hold together, such as 2GiB (default: half of the machine's memory)")
	c.Flags().StringVar(&lessons, "lessons", "", "a lesson of your own, or a folder of them, to play beside those that are built in; saved files change the page")
	within = defineLimits(c)
	c.Flags().BoolVar(&noOpen, "no-open", false, "do not open a browser")
	return c
}

// loadUntil loads a model, and gives neither model nor error if ctx ends before: a server
// that is told to stop has done so.
func loadUntil(ctx context.Context, model, tokenizer string, stderr io.Writer) (*library.Loaded, error) {
	type loaded struct {
		m   *library.Loaded
		err error
	}
	done := make(chan loaded, 1)
	go func() {
		m, err := loadShown(model, tokenizer, stderr)
		done <- loaded{m, err}
	}()
	select {
	case l := <-done:
		return l.m, l.err
	case <-ctx.Done():
		return nil, nil
	}
}

// openBrowser asks the desktop to show a page; that it may not is no error,
// since the address has been printed.
func openBrowser(url string) {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	command := exec.Command(name, args...)
	if command.Start() == nil {
		go func() { _ = command.Wait() }()
	}
}
