package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAdding carries out every example of docs/adding.md, all in one copy of the tree. What
// the guide promises is there, its tests pass, and without the examples the tree is what it
// was. KVSTEP_ALL=1 carries out each alone too, and leaves out its parts one by one.
func TestAdding(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program once more")
	}
	examples := readExamples(t)
	w := newWorkshop(t)
	all := example{name: "an example"}
	for _, x := range examples {
		all.edits = append(all.edits, x.edits...)
		all.shows = append(all.shows, x.shows...)
		all.forgets = append(all.forgets, x.forgets...)
		all.written = append(all.written, x.written...)
	}
	w.carryOut(t, all)
	if !w.every {
		return
	}
	w.suite(t, all)
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			w.carryOut(t, x)
			for _, f := range x.forgets {
				w.forget(t, x, f)
			}
		})
	}
}

// TestAddingTable: the table of files is what the examples touch, and keeps its bars.
func TestAddingTable(t *testing.T) {
	guide, err := os.ReadFile("adding.md")
	if err != nil {
		t.Fatal(err)
	}
	bars := map[string]int{"A cache policy": 3, "A sampler filter": 2, "A panel with a number of the step": 4, "A message": 1}
	for _, x := range readExamples(t) {
		code, tests, words := x.files()
		want := fmt.Sprintf("| %s | %d | %d | %d |", x.name, len(code), len(tests), len(words))
		if !regexp.MustCompile(`(?m)^\| \[` + x.name + `\]\([^)]*\) \| [^|]* \| ` + regexp.QuoteMeta(strings.SplitN(want, " | ", 2)[1]) + `$`).Match(guide) {
			t.Errorf("the table does not say %s", want)
		}
		if bar, ok := bars[x.name]; ok && len(code) > bar {
			t.Errorf("%s takes %d files, at most %d: %v", x.name, len(code), bar, code)
		}
		delete(bars, x.name)
		if len(x.shows) == 0 || len(x.forgets) == 0 {
			t.Errorf("%s: shows nothing, or nothing of it can be forgotten", x.name)
		}
		for _, e := range x.edits { // what nobody misses would be forgotten
			if !slices.ContainsFunc(x.forgets, func(f forgetting) bool { return f.path == e.path }) && !strings.HasSuffix(e.path, "zh.json") {
				t.Errorf("%s: the guide does not say what happens without %s", x.name, e.path)
			}
		}
	}
	for name := range bars {
		t.Errorf("there is no example of %q", name)
	}
}

func readExamples(t *testing.T) []example {
	t.Helper()
	guide, err := os.ReadFile("adding.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := parseExamples(string(guide))
	if err != nil {
		t.Fatalf("adding.md: %v", err)
	}
	return examples
}
