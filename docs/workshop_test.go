package docs_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// workshop is a copy of the tree in which examples are carried out.
type workshop struct {
	tree
	before map[string]string
	bin    string // where programs are built
	env    []string
	// modules tells that node_modules is there: types are checked.
	modules bool
	// every tells that nothing is left out: KVSTEP_ALL.
	every bool
	// writers are the commands that wrote something when an example was last carried out.
	writers []string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skip("this is no working tree of git: ", err)
	}
	files := strings.Split(strings.TrimRight(string(list), "\x00"), "\x00")
	for _, name := range files { // cached results of this test end when a file comes or goes
		_, _ = os.ReadDir(filepath.Dir(filepath.Join("..", name)))
	}
	copied, err := copyTree(t.TempDir(), files)
	if err != nil {
		t.Fatal(err)
	}
	w := &workshop{tree: copied, bin: t.TempDir(), every: os.Getenv("KVSTEP_ALL") != ""}
	if w.before, err = w.read(); err != nil {
		t.Fatal(err)
	}
	if modules, err := filepath.Abs("../static/test/node_modules"); err == nil && exists("static/test/node_modules") {
		if err := os.Symlink(modules, filepath.Join(w.root, "static/test/node_modules")); err != nil {
			t.Fatal(err)
		}
		w.modules = true
	}
	// Without paths in it, a package is compiled once for all copies, and for make test.
	w.env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false -vet=off", "GOWORK=off", "KVSTEP_ALL=", "KVSTEP_BROWSER=skip",
		"MODELS="+filepath.Join(w.bin, "models"), "PATH="+w.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return w
}

// run is the output of a shell command in the tree.
func (w *workshop) run(command string) (string, error) {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir, cmd.Env = w.root, w.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *workshop) must(t *testing.T, command string) string {
	t.Helper()
	out, err := w.run(command)
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out
}

// carryOut does what an example says, looks at what it shows, and takes it back.
func (w *workshop) carryOut(t *testing.T, x example) {
	defer w.takeBack(t, x)
	w.apply(t, x)
	w.generate(t, x)
	w.must(t, "go build -o "+w.bin+"/kvstep ./cmd/kvstep")
	if w.modules {
		w.must(t, typesOfModules)
	} else {
		t.Log("no node_modules: tsc did not run")
	}
	w.tests(t, x)
	w.look(t, x)
}

func (w *workshop) apply(t *testing.T, x example) {
	t.Helper()
	for _, e := range x.edits {
		if err := w.do(e, false); err != nil {
			t.Fatalf("%s cannot be carried out: %v", x.name, err)
		}
	}
}

const protocol = "docs/protocol.md"

// takeBack undoes the edits, last first. Then the tree is what it was, but for generated
// files, which are put back; where nothing is left out, make generate has to do that itself.
func (w *workshop) takeBack(t *testing.T, x example) {
	t.Helper()
	for _, e := range slices.Backward(x.edits) {
		if err := w.do(e, true); err != nil && !t.Failed() {
			t.Errorf("%s cannot be taken back: %v", x.name, err)
		}
	}
	if w.every && !t.Failed() {
		// A name that is gone from the protocol is struck by hand, make generate says.
		if err := os.WriteFile(filepath.Join(w.root, protocol), []byte(w.before[protocol]), 0o644); err != nil {
			t.Fatal(err)
		}
		w.fromLists(t)
	}
	for _, name := range w.changed(t) {
		if !t.Failed() && (w.every || !isWritten(x, name)) {
			t.Errorf("%s is left changed", name)
		}
		if old, ok := w.before[name]; !ok {
			_ = os.Remove(filepath.Join(w.root, name))
		} else if err := os.WriteFile(filepath.Join(w.root, name), []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// changed are the files that differ from those before.
func (w *workshop) changed(t *testing.T) (names []string) {
	t.Helper()
	now, err := w.read()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range now {
		if old, ok := w.before[name]; !ok || old != text {
			names = append(names, name)
		}
	}
	for name := range w.before {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func isWritten(x example, name string) bool {
	return slices.ContainsFunc(x.written, func(w string) bool { return name == w || strings.HasPrefix(name, w+"/") })
}

// fromLists runs the commands of make generate that write files from lists, and returns
// those that wrote something. The others write from templates and make kernels, which no
// example touches.
func (w *workshop) fromLists(t *testing.T) (writers []string) {
	t.Helper()
	commands := 0
	for line := range strings.Lines(w.must(t, "make --no-print-directory -n generate")) {
		if !strings.HasPrefix(line, "go test ") {
			continue
		}
		commands++
		before, err := w.read()
		if err != nil {
			t.Fatal(err)
		}
		command := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), ">/dev/null"))
		w.must(t, command)
		if after, err := w.read(); err != nil {
			t.Fatal(err)
		} else if !maps.Equal(before, after) {
			writers = append(writers, command)
		}
	}
	if commands < 3 {
		t.Errorf("make generate has %d commands that write from lists", commands)
	}
	return writers
}

// generate writes files from lists and checks which ones that changes.
func (w *workshop) generate(t *testing.T, x example) {
	t.Helper()
	before := w.changed(t)
	w.writers = w.fromLists(t)
	var seen []string
	for _, name := range w.changed(t) {
		if slices.Contains(before, name) {
			continue
		}
		if !isWritten(x, name) {
			t.Errorf("make generate rewrites %s, which the guide does not say", name)
		}
		seen = append(seen, name)
	}
	for _, name := range x.written {
		if !slices.ContainsFunc(seen, func(s string) bool { return s == name || strings.HasPrefix(s, name+"/") }) {
			t.Errorf("make generate does not rewrite %s", name)
		}
	}
}

const typesOfModules = "cd static/test && npm run --silent check"

var goTest = regexp.MustCompile(`^go test (\S+) -run (\S+)$`)

// tests runs the tests that would notice a forgotten part, and that of the floors: with all
// parts they pass.
func (w *workshop) tests(t *testing.T, x example) {
	t.Helper()
	packages, names := []string{"./cmd/kvstep"}, []string{"TestImportsGoDownOnly"}
	for _, f := range x.forgets {
		m := goTest.FindStringSubmatch(f.ask)
		if m == nil {
			continue
		}
		if !slices.Contains(packages, m[1]) {
			packages = append(packages, m[1])
		}
		if !slices.Contains(names, m[2]) {
			names = append(names, m[2])
		}
	}
	w.must(t, "go test "+strings.Join(packages, " ")+" -run '^("+strings.Join(names, "|")+")$'")
}

// suite runs all tests with all examples: no list of anybody is forgotten.
func (w *workshop) suite(t *testing.T, x example) {
	t.Helper()
	defer w.takeBack(t, x)
	w.apply(t, x)
	w.generate(t, x)
	w.must(t, "go vet ./... && go test -short ./...")
	if w.modules {
		w.must(t, "cd static/test && npm run --silent formatted && npm test --silent")
	}
}

// forget leaves an edit out: the command that the guide names fails, and says so. What the
// whole example has generated is generated before, as far as that goes.
func (w *workshop) forget(t *testing.T, x example, f forgetting) {
	less := x
	less.edits = slices.DeleteFunc(slices.Clone(x.edits), func(e edit) bool { return e.path == f.path })
	if len(less.edits) == len(x.edits) {
		t.Errorf("%s has no edit of %s", x.name, f.path)
	}
	if !w.modules && f.ask == typesOfModules {
		return
	}
	quick := *w
	quick.every = false // what is generated from parts is put back
	defer quick.takeBack(t, less)
	w.apply(t, less)
	out, err := w.run(strings.Join(append(slices.Clone(w.writers), f.ask), "; "))
	if err == nil || !strings.Contains(out, f.says) {
		t.Errorf("without %s, %s says (%v), not %q:\n%s", f.path, f.ask, err, f.says, out)
	}
}
