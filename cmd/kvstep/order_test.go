package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostUpward bounds the calls that go up the reading order of a package. Rooms that are
// read from top to bottom stand here, each with an order of its files in its package's
// comment: lines of an indented block that begin with a file's name, the first to be read
// first. A call goes down if what it calls is declared in its own file or in a later one.
var mostUpward = map[string]int{
	"sim/run":  5,
	"web/wire": 5,
}

func TestCallsGoDown(t *testing.T) {
	for room, most := range mostUpward {
		p := checkTypes(t, room)
		place := map[string]int{}
		for i, file := range readingOrder(p.files) {
			place[file] = i
		}
		for _, f := range p.files {
			if _, ok := place[p.nameOf(f)]; !ok {
				t.Errorf("%s/%s is in no place of the reading order in the package's comment", room, p.nameOf(f))
			}
		}
		for file := range place {
			if !p.has(file) {
				t.Errorf("the reading order of %s names %s, which is not there", room, file)
			}
		}
		up := p.upward(place)
		if len(up) > most {
			t.Errorf("%s: %d calls go up, at most %d may:\n\t%s", room, len(up), most, strings.Join(up, "\n\t"))
		}
	}
}

// TestUpwardCallsAreNoticed: what the counting of TestCallsGoDown is for.
func TestUpwardCallsAreNoticed(t *testing.T) {
	p := check(t, map[string]string{
		"high.go": "// Package p\n//\n//\thigh.go  the loop\n//\tlow.go   a part\npackage p\n\ntype part interface{ do() }\n\nfunc run(x part) { x.do(); help() }\n\nfunc top() {}\n",
		"low.go":  "package p\n\ntype low struct{ then func() }\n\nfunc (l low) do() { help(); l.again() }\n\nfunc (low) again() { top(); low{then: top}.then() }\n\nfunc help() { run(low{}) }\n",
	}, nil)
	order := readingOrder(p.files)
	if len(order) != 2 || order[0] != "high.go" {
		t.Fatalf("reading order %q", order)
	}
	want := []string{"low.go:7 calls top of high.go", "low.go:7 calls top of high.go", "low.go:9 calls run of high.go"}
	if up := p.upward(map[string]int{"high.go": 0, "low.go": 1}); strings.Join(up, "\n") != strings.Join(want, "\n") {
		t.Errorf("upward %q, want %q", up, want)
	}
}

// readingOrder lists the files that the package's comment names, in its order.
func readingOrder(files []*ast.File) (order []string) {
	line := regexp.MustCompile(`(?m)^//\t(\w+\.go)\b`)
	for _, f := range files {
		if f.Doc == nil {
			continue
		}
		for _, c := range f.Doc.List {
			if m := line.FindStringSubmatch(c.Text); m != nil {
				order = append(order, m[1])
			}
		}
	}
	return order
}

// checkedPackage is a package with what each of its identifiers means.
type checkedPackage struct {
	set   *token.FileSet
	files []*ast.File
	types *types.Package
	uses  map[*ast.Ident]types.Object
}

func (p *checkedPackage) nameOf(n ast.Node) string {
	return filepath.Base(p.set.Position(n.Pos()).Filename)
}

func (p *checkedPackage) has(file string) bool {
	for _, f := range p.files {
		if p.nameOf(f) == file {
			return true
		}
	}
	return false
}

// upward lists the uses of the package's functions and methods in files that come after
// the ones that declare them. A method of an interface is declared where the interface is.
func (p *checkedPackage) upward(place map[string]int) (calls []string) {
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			callee, ok := p.uses[id].(*types.Func)
			if !ok || callee.Pkg() != p.types {
				return true
			}
			from, to := p.set.Position(id.Pos()), p.set.Position(callee.Origin().Pos())
			a, b := filepath.Base(from.Filename), filepath.Base(to.Filename)
			if place[b] < place[a] {
				calls = append(calls, fmt.Sprintf("%s:%d calls %s of %s", a, from.Line, callee.Name(), b))
			}
			return true
		})
	}
	return calls
}

// checkTypes reads a room of this module as it is built here.
func checkTypes(t *testing.T, room string) *checkedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles", "kvstep/"+room).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports, sources := map[string]string{}, map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ImportPath != "kvstep/"+room {
			continue
		}
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			sources[name] = string(text)
		}
	}
	return check(t, sources, func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
}

func check(t *testing.T, sources map[string]string, exported importer.Lookup) *checkedPackage {
	t.Helper()
	p := &checkedPackage{set: token.NewFileSet(), uses: map[*ast.Ident]types.Object{}}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := parser.ParseFile(p.set, name, sources[name], parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, f)
	}
	config := types.Config{Importer: importer.ForCompiler(p.set, "gc", exported)}
	var err error
	if p.types, err = config.Check("p", p.set, p.files, &types.Info{Uses: p.uses}); err != nil {
		t.Fatal(err)
	}
	return p
}
