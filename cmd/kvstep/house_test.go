package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// floors is the house of docs/architecture.md, from the ground up. A room
// imports rooms of lower floors only.
var floors = [][]string{
	{"sim/mat", "sim/plain", "sim/pattern", "static", "docs", "web/limits", "web/pack"},
	{"sim", "sim/sheet"},
	{"sim/hf", "sim/schedule"},
	{"web/wall", "sim/model", "sim/kv", "sim/sample", "sim/token", "sim/cost", "sim/checkpoint"},
	{"sim/recipe"},
	{"sim/library"},
	{"sim/run", "sim/tape", "sim/explain", "sim/breakpoint"},
	{"sim/lens", "web/text", "web/bundle", "sim/sweep", "sim/export"},
	{"sim/lesson"},
	{"web/wire"},
	{"web/room", "web/page", "sim/chart"},
	{"web/live", "web/export"},
	{"web", "cmd/kvstep/hub"},
	{"cmd/kvstep"},
}

// owners names the one room that may import a third-party module.
var owners = map[string]string{
	"github.com/gorilla/websocket":     "web/live",
	"github.com/andybalholm/brotli":    "web/pack",
	"github.com/evanw/esbuild":         "web/bundle",
	"github.com/a-h/templ":             "web/page",
	"github.com/nicksnyder/go-i18n/v2": "web/text",
	"golang.org/x/text/language":       "web/text",
	"golang.org/x/text/unicode/norm":   "sim/token",
	"github.com/spf13/cobra":           "cmd/kvstep",
	"github.com/spf13/pflag":           "cmd/kvstep", // cobra's flags
	"golang.org/x/sys/cpu":             "sim/mat",
	"golang.org/x/sys/unix":            "cmd/kvstep",
	"github.com/schollz/progressbar":   "cmd/kvstep",
	"gonum.org/v1/plot":                "sim/chart",
	"rsc.io/qr":                        "web/export",
	"github.com/yuin/goldmark":         "sim/lesson",
	"github.com/expr-lang/expr":        "sim/lesson",
	"github.com/goccy/go-yaml":         "sim/lesson",
	"golang.org/x/image":               "sim/chart",
}

// testOnly are modules and rooms that only tests may import.
var testOnly = []string{"pgregory.net/rapid", "go.uber.org/goleak", "github.com/chromedp", "sim/model/modeltest", "sim/run/runtest", "sim/lens/lenstest", "web/browsertest", "web/wall/walltest"}

// outside is what the simulator may not know of: files arrive as readers, the
// time as a function.
var outside = []string{"net/http", "net", "log", "log/slog", "time", "os"}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "kvstep/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func floorOf(room string) int {
	return slices.IndexFunc(floors, func(rooms []string) bool { return slices.Contains(rooms, room) })
}

func TestImportsGoDownOnly(t *testing.T) {
	for _, p := range listPackages(t) {
		room := strings.TrimPrefix(p.ImportPath, "kvstep/")
		if slices.Contains(testOnly, room) {
			continue
		}
		floor := floorOf(room)
		if floor < 0 {
			t.Errorf("%s is in no floor of the house: give it one in docs/architecture.md and here", room)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, room, floor, imported)
		}
	}
}

// skips are calls that skip a benchmark.
var skips = regexp.MustCompile(`\bb\.Skip(Now|f)?\(.*`)

// TestBenchmarksSayWhatTheySkip: go test says nothing of a benchmark that is skipped, so none may
// skip in silence; web/browsertest has a function that writes why to standard error.
func TestBenchmarksSayWhatTheySkip(t *testing.T) {
	benchmarks := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		benchmarks += bytes.Count(text, []byte("\nfunc Benchmark"))
		for _, call := range skips.FindAll(text, -1) {
			if !bytes.Contains(call, []byte("short mode")) { // which somebody has asked for
				t.Errorf("%s: %s skips a benchmark in silence", path, call)
			}
		}
		return err
	})
	if err != nil || benchmarks < 40 {
		t.Errorf("%d benchmarks were found: %v", benchmarks, err)
	}
}

func checkImport(t *testing.T, room string, floor int, imported string) {
	t.Helper()
	if inner, ok := strings.CutPrefix(imported, "kvstep/"); ok {
		if slices.Contains(testOnly, inner) {
			t.Errorf("%s imports %s, which is for tests", room, inner)
		} else if floorOf(inner) >= floor {
			t.Errorf("%s (floor %d) imports %s (floor %d): imports go down only", room, floor, inner, floorOf(inner))
		}
		return
	}
	if (room == "sim" || strings.HasPrefix(room, "sim/")) && slices.Contains(outside, imported) {
		t.Errorf("%s imports %s: the simulator knows nothing of the outside", room, imported)
	}
	if room == "sim/lens" && (strings.HasPrefix(imported, "encoding/") || imported == "net/url") {
		t.Errorf("%s imports %s: a lens derives, web/wire writes", room, imported)
	}
	if imported == "encoding/csv" && room != "sim/sheet" && room != "sim/sweep" { // which reads
		t.Errorf("%s imports %s: tables are written by sim/sheet, which lets no cell be a formula", room, imported)
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return // standard library
	}
	for module, owner := range owners {
		if imported == module || strings.HasPrefix(imported, module+"/") {
			if room != owner {
				t.Errorf("%s imports %s, which belongs to %s alone", room, module, owner)
			}
			return
		}
	}
	t.Errorf("%s imports %s, which has no room: name its owner here", room, imported)
}

// TestTopLevel: nothing is committed beside the house.
func TestTopLevel(t *testing.T) {
	list, err := exec.Command("git", "-C", "../..", "ls-tree", "--name-only", "HEAD").Output()
	if err != nil {
		t.Skip("skipped: not a checkout:", err)
	}
	house := strings.Fields("cmd docs notebooks sim static web go.mod go.sum README.md LICENSE Makefile .ci .gitignore")
	for _, name := range strings.Fields(string(list)) {
		if !slices.Contains(house, name) {
			t.Errorf("%s stands beside the house", name)
		}
	}
}
