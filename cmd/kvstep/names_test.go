package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestNamesDifferByMoreThanCase: in a package no two names, and in a type no two methods,
// are the same but for capital letters: whoever reads one aloud means one thing.
func TestNamesDifferByMoreThanCase(t *testing.T) {
	seen := map[string]string{} // by scope and lower-case name
	files := 0
	for _, root := range []string{"../../cmd", "../../docs", "../../sim", "../../web"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				return err
			}
			files++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for scope, names := range declaredNames(file) {
				for _, name := range names {
					key := filepath.Dir(path) + " " + scope + " " + strings.ToLower(name)
					if other := seen[key]; other != "" && other != name {
						t.Errorf("%s: %s%s and %s%s differ in case only", path, scope, name, scope, other)
					}
					seen[key] = name
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 200 {
		t.Errorf("only %d files were read", files)
	}
}

// declaredNames returns the names that a file declares in its package (scope ""), and the
// methods of its types (scope "Type.").
func declaredNames(file *ast.File) map[string][]string {
	all := map[string][]string{}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			scope := ""
			if d.Recv != nil {
				ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok && scope == "" {
						scope = id.Name + "."
					}
					return true
				})
			}
			all[scope] = append(all[scope], d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					all[""] = append(all[""], s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						all[""] = append(all[""], id.Name)
					}
				}
			}
		}
	}
	return all
}
