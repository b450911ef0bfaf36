package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/web/export"
	"kvstep/web/page"
)

// paperFlags are what kvstep lesson print is asked.
type paperFlags struct{ out, lang, kind string }

func newLessonPrint() *cobra.Command {
	var a paperFlags
	c := &cobra.Command{
		Use:   "print NAME|DIR",
		Short: "Write a worksheet, its answer key, or slides, as HTML or PDF",
		Long: "print takes the name of a lesson that is built in (./NAME is a folder), a lesson's folder, or a folder of\n" +
			"lessons, which become one document. A PDF is printed by a Chromium or Chrome of this machine; where there\n" +
			"is none, the same stands in a file that ends with .html, to be printed by any browser.",
		Example: "  kvstep lesson print attention --out attention.html\n  kvstep lesson print my-lessons --kind key --lang zh --out key.pdf",
		Args:    oneArg("NAME"),
		RunE:    func(c *cobra.Command, args []string) error { return a.run(c, args[0]) },
	}
	c.Flags().StringVar(&a.out, "out", "", "file to write: .html or .pdf")
	c.Flags().StringVar(&a.lang, "lang", lesson.Languages[0], "language of the lesson: "+strings.Join(lesson.Languages, " or "))
	c.Flags().StringVar(&a.kind, "kind", page.Worksheet, "what to print: "+strings.Join(page.PaperKinds, ", "))
	return c
}

func (a paperFlags) run(c *cobra.Command, name string) error {
	format := filepath.Ext(a.out)
	for _, x := range []struct {
		field, have string
		allowed     []string
	}{{"out", format, []string{".html", ".pdf"}}, {"lang", a.lang, lesson.Languages}, {"kind", a.kind, page.PaperKinds}} {
		if !slices.Contains(x.allowed, x.have) {
			return usageError{sim.NewProblem("recipe.choice", "Field", x.field, "Have", x.have, "Allowed", x.allowed)}
		}
	}
	lessons, bad, err := toPrint(name)
	if err != nil {
		return err
	}
	if tellFaults(c.ErrOrStderr(), bad); len(bad) > 0 {
		return sim.NewProblem("lesson.bad", "Have", len(bad))
	}
	how := export.Print{Kind: a.kind, Lang: a.lang, Version: version}
	if format == ".pdf" {
		how.Size = "a4"
	}
	html, _, err := export.Paper(c.Context(), newLibrary(c.ErrOrStderr()), lessons, how)
	if err != nil {
		return err
	}
	data := html
	if format == ".pdf" {
		if data, err = toPDF(c.Context(), html); err != nil {
			a.out = strings.TrimSuffix(a.out, format) + ".html"
			data, err = html, sim.NewProblem("lesson.pdf", "File", a.out).Because(err)
		}
	}
	return errors.Join(writeWhole(a.out, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}), err)
}

// toPrint returns the lesson that is built in under a name, or those of a folder.
func toPrint(name string) ([]*lesson.Lesson, []*lesson.Fault, error) {
	own := ownLessons()
	if l := own.Find(name); l != nil {
		return []*lesson.Lesson{l}, nil, nil
	}
	shelf, bad, err := openLessons(name, besideOf(name, own))
	if err != nil {
		return nil, nil, err
	}
	return shelf.Lessons, bad, nil
}

// browsers are the programs that can print a page without a window, the smallest first.
var browsers = []string{
	"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// findBrowser returns the path of the first of them that there is, "" for none.
func findBrowser() string {
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// printWait is how long a browser may print.
const printWait = 2 * time.Minute

// toPDF prints a page by a browser of this machine, which has no network for it.
func toPDF(ctx context.Context, html []byte) ([]byte, error) {
	browser := findBrowser()
	if browser == "" {
		return nil, exec.ErrNotFound
	}
	dir, err := os.MkdirTemp("", "kvstep-print-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	from, to := filepath.Join(dir, "printed.html"), filepath.Join(dir, "printed.pdf")
	if err := os.WriteFile(from, html, 0o600); err != nil {
		return nil, err
	}
	args := []string{
		"--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + filepath.Join(dir, "profile"), "--window-size=1280,1000",
		"--no-pdf-header-footer", "--print-to-pdf=" + to, (&url.URL{Scheme: "file", Path: filepath.ToSlash(from)}).String(),
	}
	if os.Geteuid() == 0 { // a browser has no sandbox for root; the page is ours, and offline
		args = append([]string{"--no-sandbox"}, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, printWait)
	defer cancel()
	said, err := exec.CommandContext(ctx, browser, args...).CombinedOutput()
	data, missing := os.ReadFile(to)
	if missing != nil {
		return nil, errors.Join(err, missing, errors.New(string(bytes.TrimSpace(said))))
	}
	return data, nil
}
