package lenstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// docs are comments and constants of the sources, by package, type and field.
type docs struct {
	text   map[string]string
	consts map[string][]string // texts of the constants of a type
}

// Root is the repository, from a package two folders below it.
const Root = "../.."

// readDocs reads the comments of packages.
func readDocs(packages ...string) (docs, error) {
	d := docs{map[string]string{}, map[string][]string{}}
	for _, p := range packages {
		files, err := filepath.Glob(filepath.Join(Root, p, "*.go"))
		if err != nil {
			return d, err
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return d, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments)
			if err != nil {
				return d, err
			}
			for _, decl := range file.Decls {
				if g, ok := decl.(*ast.GenDecl); ok {
					d.read("kvstep/"+p, g)
				}
			}
		}
	}
	return d, nil
}

func (d docs) read(pkg string, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch x := spec.(type) {
		case *ast.TypeSpec:
			d.text[pkg+"."+x.Name.Name] = sentence(g.Doc, x.Doc)
			if fields, ok := x.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, n := range f.Names {
						d.text[pkg+"."+x.Name.Name+"."+n.Name] = sentence(f.Doc, f.Comment)
					}
				}
			}
		case *ast.ValueSpec:
			d.text[pkg+"."+x.Names[0].Name] = sentence(g.Doc, x.Doc)
			if name, ok := x.Type.(*ast.Ident); ok && g.Tok == token.CONST {
				for _, v := range x.Values {
					if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						word, _ := strconv.Unquote(lit.Value)
						d.consts[pkg+"."+name.Name] = append(d.consts[pkg+"."+name.Name], word)
					}
				}
			}
		}
	}
}

// sentence returns the first comment that there is, in one line.
func sentence(comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

func (d docs) field(t reflect.Type, name string) string {
	return unnamed(d.text[t.PkgPath()+"."+t.Name()+"."+name], name)
}

func (d docs) words(t reflect.Type) []string { return d.consts[t.PkgPath()+"."+t.Name()] }

// of says what a type is, without the Go name that its comment begins with.
func (d docs) of(t reflect.Type) string {
	return unnamed(d.text[t.PkgPath()+"."+t.Name()], t.Name())
}

// lens says what a lens is.
func (d docs) lens(variable string) string {
	return unnamed(d.text["kvstep/sim/lens."+variable], variable)
}

// unnamed leaves away the name that a comment begins with, and its verb.
func unnamed(text, name string) string {
	rest, ok := strings.CutPrefix(text, name+" ")
	if !ok {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		if after, ok := strings.CutPrefix(rest, verb); ok {
			return after
		}
	}
	return rest
}
