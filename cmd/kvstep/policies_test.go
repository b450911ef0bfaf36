package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim/kv"
)

// TestNobodyAsksForAPolicysKind: a policy's kind is compared with a word in its own file
// alone. Go asks kv.TraitsOf, the page run.policy; one generated file of the page has names.
func TestNobodyAsksForAPolicysKind(t *testing.T) {
	root := os.DirFS("../..")
	looked := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return fs.SkipDir
		}
		switch {
		case strings.HasPrefix(path, "static/js/") && strings.HasSuffix(path, ".js") && path != "static/js/wire/policies.js":
			source, err := fs.ReadFile(root, path)
			if err != nil {
				return err
			}
			for _, kind := range kv.Kinds() {
				if regexp.MustCompile("[\"'`]" + kind + "[\"'`]").Match(source) {
					t.Errorf("%s names the policy %s: ask run.policy of the frame", path, kind)
				}
			}
			looked++
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "sim/kv/") && !strings.HasPrefix(path, "sim/run/runtest/"):
			source, err := fs.ReadFile(root, path)
			if err != nil {
				return err
			}
			for _, kind := range kindsAsked(t, path, source) {
				t.Errorf("%s asks for the policy %s: ask kv.TraitsOf", path, kind)
			}
			looked++
		}
		return nil
	})
	if err != nil || looked < 200 {
		t.Errorf("%d files read: %v", looked, err)
	}
	if got := kindsAsked(t, "x.go", []byte("package x\nvar _ = p.Kind == \"h2o\" || p.Kind != sim.CacheInt8\nfunc _() { switch p.Kind { case \"paged\": } }")); !slices.Equal(got, []string{"h2o", "CacheInt8", "paged"}) {
		t.Errorf("of three questions these are found: %v", got)
	}
}

// kindsAsked are the kinds of policies that a file of Go compares something with, and the
// constants of theirs that it names.
func kindsAsked(t *testing.T, path string, source []byte) (kinds []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	literal := func(all ...ast.Expr) {
		for _, x := range all {
			if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if word, err := strconv.Unquote(lit.Value); err == nil && slices.Contains(kv.Kinds(), word) {
					kinds = append(kinds, word)
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				literal(n.X, n.Y)
			}
		case *ast.CaseClause:
			literal(n.List...)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "sim" && regexp.MustCompile(`^Cache(Contiguous|Paged|Window|H2O|Int8|Int4)$`).MatchString(n.Sel.Name) {
				kinds = append(kinds, n.Sel.Name)
			}
		}
		return true
	})
	return kinds
}
