package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An example of docs/adding.md: a section with files to write, what they show, and what
// goes red where one of them is left out.
type example struct {
	name    string
	edits   []edit
	written []string     // generated files that change, or the folder of many
	shows   []expect     // in the table "ask, shows"
	forgets []forgetting // in the table "forget, ask, says"
}

// edit is one fenced block after a line "`PATH`, new:" or "`PATH`:".
type edit struct {
	path string
	kind string // "new": the whole file; "messages": lines of a catalogue; "diff": hunks
	text string
}

// expect is a request or a command, and what stands in its answer.
type expect struct{ ask, shows string }

// forgetting is an edit that is left out, and a command that fails then, saying so.
type forgetting struct{ path, ask, says string }

var (
	editLine    = regexp.MustCompile("^`([^`]+)`(, new)?:$")
	tableLine   = regexp.MustCompile("^\\| `([^`]+)` \\| `([^`]+)` \\|(?: `([^`]+)` \\|)?$")
	writtenLine = regexp.MustCompile("^`make generate` rewrites (.*)\\.$")
)

// parseExamples reads the sections that have edits.
func parseExamples(guide string) (all []example, err error) {
	var x *example
	lines := strings.Split(guide, "\n")
	for i := 0; i < len(lines); i++ {
		if name, ok := strings.CutPrefix(lines[i], "## "); ok {
			all = append(all, example{name: name})
			x = &all[len(all)-1]
		} else if m := editLine.FindStringSubmatch(lines[i]); m != nil {
			if i += 2; i >= len(lines) || x == nil || !strings.HasPrefix(lines[i], "```") {
				return nil, fmt.Errorf("line %d: no block for %s", i, m[1])
			}
			e := edit{path: m[1], kind: strings.TrimPrefix(lines[i], "```")}
			if m[2] != "" {
				e.kind = "new"
			} else if e.kind == "json" {
				e.kind = "messages"
			}
			for i++; i < len(lines) && lines[i] != "```"; i++ {
				e.text += lines[i] + "\n"
			}
			x.edits = append(x.edits, e)
		} else if m := tableLine.FindStringSubmatch(lines[i]); m != nil && m[3] != "" {
			x.forgets = append(x.forgets, forgetting{m[1], m[2], m[3]})
		} else if m != nil {
			x.shows = append(x.shows, expect{m[1], m[2]})
		} else if m := writtenLine.FindStringSubmatch(lines[i]); m != nil {
			for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
				x.written = append(x.written, q[1])
			}
		}
	}
	all = slices.DeleteFunc(all, func(x example) bool { return len(x.edits) == 0 })
	return all, nil
}

// files are those of an example that a person writes: code, tests, and words (messages and guides).
func (x example) files() (code, tests, words []string) {
	for _, e := range x.edits {
		list := &code
		if strings.HasSuffix(e.path, "_test.go") || strings.HasSuffix(e.path, ".test.js") {
			list = &tests
		} else if e.kind == "messages" || strings.HasSuffix(e.path, ".md") {
			list = &words
		}
		if !slices.Contains(*list, e.path) {
			*list = append(*list, e.path)
		}
	}
	return code, tests, words
}

// tree is a copy of the working tree.
type tree struct{ root string }

// copyTree copies files of the working tree, named from its root, to a folder.
func copyTree(root string, files []string) (tree, error) {
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		} else if err != nil {
			return tree{}, err
		}
		to := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return tree{}, err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return tree{}, err
		}
	}
	return tree{root}, nil
}

// read returns all files of the tree by their names.
func (t tree) read() (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(t.root, path)
		all[name] = string(data)
		return err
	})
	return all, err
}

// do carries out an edit, or takes it back.
func (t tree) do(e edit, back bool) error {
	path := filepath.Join(t.root, e.path)
	if e.kind == "new" {
		if back {
			return os.Remove(path)
		}
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%s is there already", e.path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(e.text), 0o644)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(data)
	switch e.kind {
	case "messages":
		for line := range strings.Lines(e.text) {
			if text, err = putMessage(text, line, back); err != nil {
				return fmt.Errorf("%s: %w", e.path, err)
			}
		}
	case "diff":
		for _, hunk := range regexp.MustCompile(`(?m)^@@.*\n`).Split(e.text, -1) {
			from, to := sides(hunk)
			if back {
				from, to = to, from
			}
			if n := strings.Count("\n"+text, "\n"+from); n != 1 || from == "" {
				return fmt.Errorf("%s has this %d times, not once:\n%s", e.path, n, from)
			}
			text = strings.TrimPrefix(strings.Replace("\n"+text, "\n"+from, "\n"+to, 1), "\n")
		}
	default:
		return fmt.Errorf("%s: a block of %q is no edit", e.path, e.kind)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// sides are the lines of a hunk before and after.
func sides(hunk string) (before, after string) {
	for line := range strings.Lines(hunk) {
		switch rest := line[1:]; line[0] {
		case '-':
			before += rest
		case '+':
			after += rest
		default:
			before, after = before+rest, after+rest
		}
	}
	return before, after
}

var messageID = regexp.MustCompile(`^ "([^"]+)":`) // forms of a plural stand further in

// putMessage adds a line of a catalogue before the first id that comes after its own, or
// takes it out.
func putMessage(catalogue, line string, back bool) (string, error) {
	id := messageID.FindStringSubmatch(line)
	if id == nil {
		return "", fmt.Errorf("%q is no message", line)
	}
	if back {
		return strings.Replace(catalogue, line, "", 1), nil
	}
	at := 0
	for there := range strings.Lines(catalogue) {
		m := messageID.FindStringSubmatch(there)
		if m != nil && m[1] == id[1] {
			return "", fmt.Errorf("%s is there already", id[1])
		}
		if m != nil && m[1] > id[1] {
			return catalogue[:at] + line + catalogue[at:], nil
		}
		at += len(there)
	}
	return "", fmt.Errorf("%s would be the last", id[1])
}
