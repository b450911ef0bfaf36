package docs_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
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
	var all example
	for _, x := range examples {
		all.edits = append(all.edits, x.edits...)
		all.shows = append(all.shows, x.shows...)
		all.forgets = append(all.forgets, x.forgets...)
		all.written = append(all.written, x.written...)
	}
	w.carryOut(t, all)
	if os.Getenv("KVSTEP_ALL") == "" {
		return
	}
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
		code, tests, messages := x.files()
		want := fmt.Sprintf("| %s | %d | %d | %d |", x.name, len(code), len(tests), len(messages))
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

// workshop is a copy of the tree in which examples are carried out.
type workshop struct {
	tree
	before map[string]string
	bin    string // where programs are built
	env    []string
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
	w := &workshop{tree: copied, bin: t.TempDir()}
	if w.before, err = w.read(); err != nil {
		t.Fatal(err)
	}
	// Without paths in it, a package is compiled once for all copies.
	w.env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false", "GOWORK=off", "KVSTEP_ALL=", "KVSTEP_BROWSER=skip",
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
	w.types(t)
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

// takeBack undoes the edits, last first, and puts generated files back; nothing else is left.
func (w *workshop) takeBack(t *testing.T, x example) {
	t.Helper()
	for _, e := range slices.Backward(x.edits) {
		if err := w.do(e, true); err != nil && !t.Failed() {
			t.Errorf("%s cannot be taken back: %v", x.name, err)
		}
	}
	for _, name := range w.changed(t) {
		if !t.Failed() && !isWritten(x, name) {
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

// generate runs what make generate runs, but for the programs that write from templates and
// kernels, which no example touches, and checks which files that changes.
func (w *workshop) generate(t *testing.T, x example) {
	t.Helper()
	before := w.changed(t)
	commands := 0
	for line := range strings.Lines(w.must(t, "make --no-print-directory -n generate")) {
		if strings.HasPrefix(line, "go test ") {
			w.must(t, strings.TrimSuffix(line, ">/dev/null\n"))
			commands++
		}
	}
	if commands < 3 {
		t.Errorf("make generate has %d commands that write from lists", commands)
	}
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

// types checks the modules of the page, where node_modules is there.
func (w *workshop) types(t *testing.T) {
	modules, err := filepath.Abs("../static/test/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(modules); err != nil {
		t.Log("no node_modules: tsc did not run")
		return
	}
	link := filepath.Join(w.root, "static/test/node_modules")
	if err := os.Symlink(modules, link); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	w.must(t, "cd static/test && npm run --silent check")
	_ = os.Remove(link)
}

var goTest = regexp.MustCompile(`^go test (\S+) -run (\S+)$`)

// tests runs the tests that would notice a forgotten part: with all parts they pass.
func (w *workshop) tests(t *testing.T, x example) {
	t.Helper()
	var packages, names []string
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

// forget leaves an edit out: the command that the guide names fails, and says so.
func (w *workshop) forget(t *testing.T, x example, f forgetting) {
	less := x
	less.edits = slices.DeleteFunc(slices.Clone(x.edits), func(e edit) bool { return e.path == f.path })
	if len(less.edits) == len(x.edits) {
		t.Errorf("%s has no edit of %s", x.name, f.path)
	}
	defer w.takeBack(t, less)
	w.apply(t, less)
	out, err := w.run("make --no-print-directory -n generate | grep '^go test' | sh; " + f.ask)
	if err == nil || !strings.Contains(out, f.says) {
		t.Errorf("without %s, %s says (%v), not %q:\n%s", f.path, f.ask, err, f.says, out)
	}
}

// look asks for what the example shows: commands first, then the server.
func (w *workshop) look(t *testing.T, x example) {
	t.Helper()
	var asked []expect
	for _, e := range x.shows {
		if strings.HasPrefix(e.ask, "GET ") || strings.HasPrefix(e.ask, "OPEN ") {
			asked = append(asked, e)
		} else if out := w.must(t, e.ask); !strings.Contains(out, e.shows) {
			t.Errorf("%s does not say %q:\n%s", e.ask, e.shows, out)
		}
	}
	host, stop := w.serve(t)
	defer stop()
	for _, e := range asked {
		var answer string
		if path, ok := strings.CutPrefix(e.ask, "GET "); ok {
			answer = get(t, "http://"+host+path)
		} else {
			answer = open(t, host, strings.TrimPrefix(e.ask, "OPEN "), e.shows)
		}
		if !strings.Contains(answer, e.shows) {
			t.Errorf("%s does not show %q in %d bytes: %.300s", e.ask, e.shows, len(answer), answer)
		}
	}
}

// serve starts the program that was built and returns its address.
func (w *workshop) serve(t *testing.T) (host string, stop func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(w.bin, "kvstep"), "serve", "--no-open", "--addr", "127.0.0.1:0", "--models", filepath.Join(w.bin, "models"))
	cmd.Env = w.env
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := regexp.MustCompile(`http://([^/ ]+)/`).FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return m[1], stop
		}
	}
	stop()
	t.Fatal("the server does not say where it listens")
	return "", nil
}

var packedFrames = regexp.MustCompile(`[A-Za-z0-9+/]{200,}={0,2}`)

// get is an answer; frames inside a handout are read too.
func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %v", url, r.Status, err)
	}
	all := bytes.NewBuffer(body)
	for _, m := range packedFrames.FindAll(body, -1) {
		packed, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(m)))
		if err != nil {
			continue // long names are no frames
		}
		if _, err := io.Copy(all, packed); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	return all.String()
}

// open is what a socket hears that opens a link, up to what is looked for.
func open(t *testing.T, host, link, shows string) string {
	t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial("ws://"+host+"/live", http.Header{"Origin": {"http://" + host}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":`+strconv.Quote(link)+`}`)); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, data, err := socket.ReadMessage()
		if err != nil {
			t.Errorf("%s: %v after %d bytes", link, err, all.Len())
			return all.String()
		}
		all.Write(data)
		if strings.Contains(string(data), shows) {
			return all.String()
		}
	}
}
