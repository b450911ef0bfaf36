package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is a Go file with its syntax.
type source struct {
	path, text string
	file       *ast.File
}

func read(path string) source {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
	if err != nil {
		panic(err)
	}
	return source{path, string(text), file}
}

// at returns the text of a node.
func (s source) at(n ast.Node) string { return s.text[n.Pos()-1 : n.End()-1] }

// without is the file with one entry of a list taken away, its comma too.
func (s source) without(n ast.Node) map[string]string {
	rest := s.text[n.End()-1:]
	if after := strings.TrimLeft(rest, " \t\n"); strings.HasPrefix(after, ",") {
		rest = after[1:]
	}
	return map[string]string{s.path: s.text[:n.Pos()-1] + rest}
}

// named returns the literals in the value of a variable, or in what a function returns.
func (s source) named(name string) (lits []*ast.CompositeLit) {
	collect := func(exprs []ast.Expr) {
		for _, e := range exprs {
			if call, ok := e.(*ast.CallExpr); ok { // slices.Concat
				for _, arg := range call.Args {
					if lit, ok := arg.(*ast.CompositeLit); ok {
						lits = append(lits, lit)
					}
				}
			} else if lit, ok := e.(*ast.CompositeLit); ok {
				lits = append(lits, lit)
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name != name || n.Recv != nil {
				return false
			}
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			collect(n.Results)
		case *ast.ValueSpec:
			if n.Names[0].Name == name {
				collect(n.Values)
			}
			return false
		}
		return true
	})
	return lits
}

// name is the first text in an entry, or its first word.
func (s source) name(n ast.Node) string {
	text := s.at(n)
	if m := regexp.MustCompile(`"([^"]*)"`).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return strings.TrimLeft(text, "&")
}

// entries takes each entry of a list or map away.
func entries(path, name string) func() []*mutation {
	return func() (all []*mutation) {
		s := read(path)
		for _, lit := range s.named(name) {
			for _, e := range lit.Elts {
				all = append(all, &mutation{entry: s.name(e), edits: s.without(e)})
			}
		}
		return all
	}
}

// words takes each text of the lists inside a list away.
func words(path, name string) func() []*mutation {
	return func() (all []*mutation) {
		s := read(path)
		for _, lit := range s.named(name) {
			ast.Inspect(lit, func(n ast.Node) bool {
				inner, ok := n.(*ast.CompositeLit)
				if !ok || len(inner.Elts) == 0 {
					return true
				}
				for _, e := range inner.Elts {
					if _, ok := e.(*ast.BasicLit); !ok {
						return true
					}
				}
				for _, e := range inner.Elts {
					all = append(all, &mutation{entry: s.name(e), edits: s.without(e)})
				}
				return false
			})
		}
		return all
	}
}

// keys takes each of some keys of the entries of a list away.
func keys(path, name string, of ...string) func() []*mutation {
	return func() (all []*mutation) {
		s := read(path)
		for _, lit := range s.named(name) {
			for _, e := range lit.Elts {
				for _, x := range e.(*ast.CompositeLit).Elts {
					if kv := x.(*ast.KeyValueExpr); slices.Contains(of, s.at(kv.Key)) {
						all = append(all, &mutation{entry: s.name(e) + " " + s.at(kv.Key), edits: s.without(kv)})
					}
				}
			}
		}
		return all
	}
}

// both joins what several finders find.
func both(finders ...func() []*mutation) func() []*mutation {
	return func() (all []*mutation) {
		for _, find := range finders {
			all = append(all, find()...)
		}
		return all
	}
}

// some is a sample of a kind that has a great many.
func some(find func() []*mutation) func() []*mutation {
	return func() []*mutation {
		all := find()
		r := rand.New(rand.NewPCG(*seed, 0))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if *sample > 0 {
			all = all[:min(*sample, len(all))]
		}
		return all
	}
}

// messages takes each message out of catalogues.
func messages(langs ...string) func() []*mutation {
	return func() (all []*mutation) {
		text, ids := map[string]string{}, map[string]any{}
		for _, lang := range langs {
			path := "web/text/" + lang + ".json"
			data, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(data, &ids)
			}
			if err != nil {
				panic(err)
			}
			text[path] = string(data)
		}
		for id := range ids {
			m := &mutation{entry: id, edits: map[string]string{}}
			for path, t := range text {
				var raw map[string]json.RawMessage
				if err := json.Unmarshal([]byte(t), &raw); err != nil {
					panic(err)
				}
				delete(raw, id)
				out, _ := json.Marshal(raw)
				m.edits[path] = string(out)
			}
			all = append(all, m)
		}
		slices.SortFunc(all, func(a, b *mutation) int { return strings.Compare(a.entry, b.entry) })
		return all
	}
}

// terms takes each term out of the glossary.
func terms() (all []*mutation) {
	const path = "docs/glossary.md"
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^### (.*)\n(?:[^#\n].*\n|\n)*`).FindAllStringSubmatchIndex(string(data), -1) {
		all = append(all, &mutation{
			entry: string(data[m[2]:m[3]]),
			edits: map[string]string{path: string(data[:m[0]]) + string(data[m[1]:])},
		})
	}
	return all
}

// mendings take mendings of the page back, each with the test that would have caught what it mends:
// lines of a file, a defect, a test, a path and an expression of sed. docs/reliability.md has the same list.
func mendings(path string) func() []*mutation {
	return func() (all []*mutation) {
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		for line := range strings.Lines(string(data)) {
			of := strings.SplitN(strings.TrimSpace(line), "|", 4)
			text, err := sed(of[2], of[3])
			if err != nil {
				panic(err)
			}
			all = append(all, &mutation{entry: of[0], edits: map[string]string{of[2]: text}, checks: []string{command(of[1])}})
		}
		return all
	}
}

// command runs a test that is named by where it is: "browser TestX", "js file" or "go ./package TestX".
func command(test string) string {
	switch of := strings.Fields(test); of[0] {
	case "browser":
		return "KVSTEP_BROWSER=require go test -vet=off ./web/browsertest -count=1 -run '^" + of[1] + "$'"
	case "js":
		return "cd static/test && node --test " + of[1] + ".test.js"
	default:
		return "go test -vet=off " + of[1] + " -run '^" + of[2] + "$'"
	}
}

// lines are mutations that stand in a file: a path and an expression of sed.
func lines(path string) func() []*mutation {
	return func() (all []*mutation) {
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		for line := range strings.Lines(string(data)) {
			file, expression, _ := strings.Cut(strings.TrimSpace(line), "|")
			text, err := sed(file, expression)
			if err != nil {
				panic(err)
			}
			all = append(all, &mutation{entry: filepath.Base(file) + " " + expression, edits: map[string]string{file: text}})
		}
		return all
	}
}
