// Command mutate asks whether the lists of this program notice what is done to them: it
// takes one entry away, or gives one field another name, and looks for a build, a type
// check or a test that is red. It finds the entries in the sources by itself, and works in
// a copy of the tree. docs/reliability.md says what it found.
//
//	make mutate                     every kind; hours on two cores
//	make mutate KIND='filter|lens'  those kinds
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// mutation is one change, and the commands that may notice it, the cheapest first.
type mutation struct {
	kind, entry string
	edits       map[string]string // path: text
	checks      []string
	red         string // the command that noticed
}

var (
	wanted  = flag.String("kind", ".", "kinds to try, a regular expression")
	entry   = flag.String("entry", ".", "entries to try, a regular expression")
	sample  = flag.Int("sample", 40, "how many of a kind that has a great many; 0: all")
	seed    = flag.Uint64("seed", 15, "which of them")
	workers = flag.Int("workers", 1, "copies to work in at once")
	list    = flag.Bool("list", false, "only list what would be tried")
)

func main() {
	flag.Parse()
	began := time.Now()
	mutations := chosen()
	if *list {
		for _, m := range mutations {
			fmt.Println(m.kind, m.entry)
		}
		return
	}
	if err := try(mutations); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if green := report(mutations, time.Since(began)); green > 0 {
		os.Exit(1)
	}
}

// chosen returns the mutations of the kinds and entries that are wanted.
func chosen() (all []*mutation) {
	kind, name := regexp.MustCompile(*wanted), regexp.MustCompile(*entry)
	for _, k := range kinds {
		if !kind.MatchString(k.name) {
			continue
		}
		found := k.find()
		if len(found) == 0 {
			panic(k.name + ": no entry was found")
		}
		for _, m := range found {
			if m.kind = k.name; len(m.checks) == 0 {
				m.checks = k.checks
			}
			if name.MatchString(m.entry) {
				all = append(all, m)
			}
		}
	}
	return all
}

// try carries out all mutations, each in a copy of the tree. A check that is red without
// any would notice nothing: that is an error.
func try(mutations []*mutation) error {
	work, failed := make(chan *mutation), make(chan error, *workers)
	var all sync.WaitGroup
	for range *workers {
		dir, err := copyTree()
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		all.Add(1)
		go func() {
			defer all.Done()
			for m := range work {
				if err := m.try(dir); err != nil {
					failed <- err
					return
				}
			}
		}()
		if err := sound(dir, mutations); err != nil {
			return err
		}
	}
	var err error
	for _, m := range mutations {
		select {
		case work <- m:
		case err = <-failed:
		}
		if err != nil {
			break
		}
	}
	close(work)
	all.Wait()
	return err
}

// sound reports a check that is red on the tree as it is.
func sound(dir string, mutations []*mutation) error {
	seen := map[string]bool{}
	for _, m := range mutations {
		for _, c := range m.checks {
			if !seen[c] {
				if out, ok := run(dir, c); !ok {
					return fmt.Errorf("%s is red without a mutation:\n%s", c, out)
				}
				seen[c] = true
			}
		}
	}
	return nil
}

// try carries out one mutation, and takes it back.
func (m *mutation) try(dir string) error {
	for _, path := range written {
		path := filepath.Join(dir, path)
		before, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		defer os.WriteFile(path, before, 0o644)
	}
	for path, text := range m.edits {
		path := filepath.Join(dir, path)
		before, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		defer os.WriteFile(path, before, 0o644)
		if string(before) == text {
			return fmt.Errorf("%s %s changes nothing", m.kind, m.entry)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, c := range m.checks {
		if out, ok := run(dir, c); !ok {
			m.red = c
			fmt.Printf("%s %s -> red by %s: %s\n", m.kind, m.entry, c, why(out))
			return nil
		}
	}
	fmt.Printf("%s %s -> GREEN\n", m.kind, m.entry)
	return nil
}

// run runs a command and reports whether it was green.
func run(dir, command string) (out string, ok bool) {
	c := exec.Command("timeout", "600", "bash", "-c", command)
	c.Dir, c.Env = dir, append(os.Environ(), "KVSTEP_BROWSER=skip", "KVSTEP_ALL=")
	text, err := c.CombinedOutput()
	return string(text), err == nil
}

var reason = regexp.MustCompile(`(?m)^.*(\.go:\d+|\.js[:(]\d+|error TS|panic:|not ok |is gone).*$`)

// why is the first line of an output that says what is wrong.
func why(out string) string {
	line := []rune(strings.TrimSpace(reason.FindString(out)))
	return string(line[:min(len(line), 140)])
}

// copyTree copies what git knows of, as it is now, and links the page's tools.
func copyTree() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "mutate"); err != nil {
		return "", err
	}
	copied := exec.Command("bash", "-c", `git ls-files -z --cached --others --exclude-standard |
		tar -c --null -T - | tar -x -C "$0" && ln -s "$PWD/static/test/node_modules" "$0/static/test/"`, dir)
	var said bytes.Buffer
	if copied.Stderr = &said; copied.Run() != nil {
		return "", fmt.Errorf("copying: %s", said.String())
	}
	return dir, nil
}

// report prints what came of each kind as a table, and returns how many nobody noticed.
func report(mutations []*mutation, took time.Duration) (green int) {
	type row struct{ all, green int }
	rows, names := map[string]*row{}, []string{}
	for _, m := range mutations {
		if rows[m.kind] == nil {
			rows[m.kind], names = &row{}, append(names, m.kind)
		}
		if rows[m.kind].all++; m.red == "" {
			rows[m.kind].green++
			green++
		}
	}
	fmt.Printf("\n| kind | mutations | red |\n|---|---|---|\n")
	for _, name := range names {
		fmt.Printf("| %s | %d | %d |\n", name, rows[name].all, rows[name].all-rows[name].green)
	}
	fmt.Printf("\n%d mutations, %d green, %s\n", len(mutations), green, took.Round(time.Second))
	return green
}
