package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mostLines is how long a function may be, from its first line to its last.
const mostLines = 80

// sources calls look with every Go file of the program that a person wrote, tests left out.
func sources(t *testing.T, room string, look func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", "..", room), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(text[:min(len(text), 200)], []byte("Code generated")) {
			look(path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFunctionsAreShort(t *testing.T) {
	seen := 0
	for _, room := range []string{"sim", "web", "cmd", "static"} {
		sources(t, room, func(path string, text []byte) {
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, text, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok {
					seen++
					if n := set.Position(d.End()).Line - set.Position(d.Pos()).Line + 1; n > mostLines {
						t.Errorf("%s: %s has %d lines, at most %d", set.Position(d.Pos()), d.Name.Name, n, mostLines)
					}
				}
			}
		})
	}
	if seen < 1000 {
		t.Errorf("only %d functions were found", seen)
	}
}

// mostRoomLines is how long a room may be, tests left out. web/wire encodes and parses;
// what is derived from a run belongs to sim/lens.
var mostRoomLines = map[string]int{"web/wire": 1500}

func TestRoomsStayWhatTheyAre(t *testing.T) {
	for room, most := range mostRoomLines {
		n := 0
		sources(t, room, func(_ string, text []byte) { n += bytes.Count(text, []byte("\n")) })
		if n == 0 || n > most {
			t.Errorf("%s has %d lines, at most %d", room, n, most)
		}
	}
}

// TestOneReaderOfConfig: what Hugging Face's config.json says, sim/hf reads. Who asks it
// for a field by its name imports it.
func TestOneReaderOfConfig(t *testing.T) {
	asks := map[string]bool{}
	for _, room := range []string{"sim", "web", "cmd"} {
		sources(t, room, func(path string, text []byte) {
			dir := filepath.ToSlash(filepath.Dir(path))
			if dir == "../../sim/hf" || !bytes.Contains(text, []byte(`"num_hidden_layers"`)) {
				return
			}
			asks[dir] = true
			if bytes.Contains(text, []byte("json.")) && !bytes.Contains(text, []byte(`"kvstep/sim/hf"`)) {
				t.Errorf("%s names a field of config.json and reads JSON itself: sim/hf does", path)
			}
		})
	}
	if len(asks) != 2 || !asks["../../sim/cost"] || !asks["../../sim/checkpoint"] {
		t.Errorf("fields of config.json are asked for in %v; sim/cost and sim/checkpoint do, by sim/hf", asks)
	}
}
