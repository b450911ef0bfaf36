package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

const frameTypes = "static/js/wire/frame.d.ts"

// written are files that checks write.
var written = []string{frameTypes, "docs/protocol.md"}

// object is a struct that is written as JSON.
type object struct {
	source
	name string // in Go
	is   *ast.StructType
}

// fields gives each key that the page knows another name, in Go and in the page's types.
func fields() (all []*mutation) { return keysOf(true) }

// otherFields does so with those that stand in traces, recipes and commands alone.
func otherFields() (all []*mutation) { return keysOf(false) }

func keysOf(page bool) (all []*mutation) {
	data, err := os.ReadFile(frameTypes)
	if err != nil {
		panic(err)
	}
	objects := structs("sim/lens", "sim", "sim/explain")
	for i, o := range objects {
		for _, f := range o.is.Fields.List {
			if f.Tag == nil {
				continue
			}
			tag, _ := strconv.Unquote(f.Tag.Value)
			key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			if key == "" || key == "-" {
				continue
			}
			changed := strings.Replace(f.Tag.Value, `json:"`+key, `json:"`+key+`_x`, 1)
			m := &mutation{entry: o.file.Name.Name + "." + o.name + "." + key, edits: map[string]string{
				o.path: o.text[:f.Tag.Pos()-1] + changed + o.text[f.Tag.End()-1:]}}
			types := string(data)
			for _, name := range told(objects, i) {
				types = renamed(types, name, key)
			}
			if types != string(data) {
				m.edits[frameTypes] = types
			}
			if _, is := m.edits[frameTypes]; is == page {
				all = append(all, m)
			}
		}
	}
	return all
}

// structs returns the structs of packages that are written as JSON.
func structs(dirs ...string) (all []object) {
	for _, dir := range dirs {
		paths, _ := filepath.Glob(dir + "/*.go")
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			s := read(path)
			ast.Inspect(s.file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if st, ok := spec.Type.(*ast.StructType); ok && strings.Contains(s.at(st), "json:") {
						all = append(all, object{s, spec.Name.Name, st})
					}
				}
				return true
			})
		}
	}
	return all
}

// told returns the page's names of a struct: its own, if no package before has that, and
// those of structs that embed it.
func told(objects []object, which int) (names []string) {
	page := func(o object) string { return strings.TrimSuffix(o.name, "Info") }
	for i, o := range objects {
		if i < which && page(o) == page(objects[which]) {
			break
		}
		if i == which {
			names = append(names, page(o))
			break
		}
	}
	for i, o := range objects {
		for _, f := range o.is.Fields.List {
			embedded := strings.TrimLeft(o.at(f.Type), "*")
			if len(f.Names) == 0 && f.Tag == nil && embedded[strings.LastIndex(embedded, ".")+1:] == objects[which].name && i != which {
				names = append(names, told(objects, i)...)
			}
		}
	}
	return names
}

// renamed gives a key of one of the page's types another name.
func renamed(types, name, key string) string {
	head := "export type " + name + " = {"
	before, rest, ok := strings.Cut(types, head)
	body, after, there := strings.Cut(rest, "\n};\n")
	if !ok || !there {
		return types
	}
	body = regexp.MustCompile(`(?m)^  `+key+`(\??:)`).ReplaceAllString(body, "  "+key+"_x$1")
	return before + head + body + "\n};\n" + after
}

// lensNames gives each lens and each tensor another name.
func lensNames() (all []*mutation) {
	paths, _ := filepath.Glob("sim/lens/*.go")
	for _, path := range paths {
		s := read(path)
		ast.Inspect(s.file, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if ok && s.at(kv.Key) == "Name" {
				if lit, ok := kv.Value.(*ast.BasicLit); ok {
					all = append(all, s.renames(lit))
				}
			}
			lit, ok := n.(*ast.CompositeLit)
			if !ok || lit.Type == nil || s.at(lit.Type) != "[]Spec" {
				return true
			}
			for _, e := range lit.Elts {
				if spec := e.(*ast.CompositeLit); len(spec.Elts) > 0 {
					if _, keyed := spec.Elts[0].(*ast.KeyValueExpr); !keyed {
						all = append(all, s.renames(spec.Elts[0]))
					}
				}
			}
			return true
		})
	}
	return all
}

// renames gives a text another letter.
func (s source) renames(n ast.Node) *mutation {
	return &mutation{entry: s.at(n), edits: map[string]string{s.path: s.text[:n.End()-2] + "_x" + s.text[n.End()-2:]}}
}
