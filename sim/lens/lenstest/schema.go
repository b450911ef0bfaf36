// Package lenstest knows the shape of what lenses show, by reflection: the page's types and
// the tables of docs/protocol.md are written from it, and frames are held against it. It is
// for tests.
package lenstest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/sample"
)

// written are types that write themselves as JSON, and how the page sees them.
var written = map[reflect.Type]string{
	reflect.TypeFor[lens.Integer]():   "Integer",
	reflect.TypeFor[lens.Score]():     "number",
	reflect.TypeFor[lens.Token]():     "Token",
	reflect.TypeFor[lens.Tokens]():    "Token[]",
	reflect.TypeFor[explain.Number](): "string",
}

// likeStructs write themselves, with the keys of their fields.
var likeStructs = []reflect.Type{reflect.TypeFor[sim.Sampler](), reflect.TypeFor[sim.CachePolicy]()}

// Field is one key of an object.
type Field struct {
	Key      string
	Type     reflect.Type
	Text     bool // a number written as a text
	Optional bool // it may be left out
	Doc      string
	Names    []string // of what stands in an array of a fixed length: the tag names
	of       reflect.Type
}

// mayBeNil are lists that encoding/json writes as null, because nobody makes them where there is none.
var mayBeNil = map[string]bool{"sim.Batch.requests": true}

// Null reports whether its value may be null.
func (f Field) Null() bool {
	return !f.Optional && (f.Type.Kind() == reflect.Pointer || mayBeNil[f.of.String()+"."+f.Key])
}

// Fields returns the keys that encoding/json writes of a struct, in order.
func (s *Schema) Fields(t reflect.Type) []Field {
	var all []Field
	add := func(f Field) { // what is nearer hides what is embedded
		if i := slices.IndexFunc(all, func(g Field) bool { return g.Key == f.Key }); i >= 0 {
			all[i] = f
		} else {
			all = append(all, f)
		}
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Tag.Get("json") == "" {
			for _, inner := range s.Fields(bare(f.Type)) {
				add(inner)
			}
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && key == "" || key == "-" || !f.IsExported() {
			continue
		}
		if key == "" {
			s.fail("%s.%s has no key", t, f.Name)
		}
		has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
		field := Field{Key: key, Type: f.Type, Text: has("string"), Optional: has("omitempty") || has("omitzero"), Doc: s.docs.field(t, f.Name), of: t}
		if names := f.Tag.Get("names"); names != "" {
			field.Names = strings.Split(names, ",")
		}
		s.checkNames(field)
		add(field)
	}
	if t == reflect.TypeFor[sim.Sampler]() { // Sampler.More
		for _, f := range sample.Filters {
			if f.InMore() {
				add(Field{Key: f.Name, Type: reflect.TypeFor[float64](), Optional: true, Doc: "setting of a filter; left out where it is off", of: t})
			}
		}
	}
	return all
}

// checkNames holds that an array of a fixed length says what stands where, and that nothing
// else does.
func (s *Schema) checkNames(f Field) {
	list := bare(f.Type)
	for list.Kind() == reflect.Slice {
		list = list.Elem()
	}
	length := 0
	if _, ok := written[list]; list.Kind() == reflect.Array && !ok {
		length = list.Len()
	}
	if length != len(f.Names) {
		s.fail("%s.%s: %d names of %d", f.of, f.Key, len(f.Names), length)
	}
}

// bare returns what a pointer points to.
func bare(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// Schema is the shape of all lenses.
type Schema struct {
	docs    docs
	objects []reflect.Type          // named ones, in the order in which they are met
	words   []reflect.Type          // named texts with constants
	names   map[string]reflect.Type // by the page's name
	err     error
}

func (s *Schema) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// New reads the lenses, and the comments of more packages than theirs. It fails for a
// value that the page could not have a type for.
func New(more ...string) (*Schema, error) {
	s := &Schema{names: map[string]reflect.Type{}}
	s.docs, s.err = readDocs(append([]string{"sim", "sim/lens", "sim/explain"}, more...)...)
	if s.err != nil {
		return nil, s.err
	}
	for _, l := range lens.All {
		if l.Show.Value != nil {
			s.Name(l.Show.Value)
		}
	}
	return s, s.err
}

// Name returns the page's type of a Go type, null left out where it is of a field.
func (s *Schema) Name(t reflect.Type) string {
	if name, ok := written[t]; ok {
		return name
	}
	if t.Kind() == reflect.Pointer {
		return s.Name(t.Elem())
	}
	if writes(t) && !slices.Contains(likeStructs, t) {
		s.fail("%s writes itself as JSON: say in lenstest how", t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		if len(s.docs.words(t)) == 0 {
			return "string"
		}
		return s.named(t, &s.words)
	case reflect.Slice:
		if inner := s.orNull(t.Elem()); strings.Contains(inner, " | ") && inner[0] != '[' {
			return "(" + inner + ")[]"
		}
		return s.orNull(t.Elem()) + "[]"
	case reflect.Array:
		return "[" + strings.Join(slices.Repeat([]string{s.orNull(t.Elem())}, t.Len()), ", ") + "]"
	case reflect.Map:
		return s.record(t)
	case reflect.Struct:
		return s.named(t, &s.objects)
	}
	if k := t.Kind(); k >= reflect.Int && k <= reflect.Float64 {
		return "number"
	}
	s.fail("%s has no type: the page could not know what it is", t)
	return "never"
}

// Keys returns the keys of an object, by the page's name of it.
func (s *Schema) Keys(name string) (keys []string) {
	if t, ok := s.names[name]; ok && t.Kind() == reflect.Struct {
		for _, f := range s.Fields(t) {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

func writes(t reflect.Type) bool {
	_, ok := t.MethodByName("MarshalJSON")
	return ok
}

func (s *Schema) orNull(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return s.Name(t) + " | null"
	}
	return s.Name(t)
}

func (s *Schema) record(t reflect.Type) string {
	key, value := s.Name(t.Key()), s.orNull(t.Elem())
	if t.Key().Kind() == reflect.String && key != "string" { // of words: not all of them need be there
		return "Partial<Record<" + key + ", " + value + ">>"
	}
	return "Record<" + key + ", " + value + ">"
}

// named notes a type that has a name, and those of its fields.
func (s *Schema) named(t reflect.Type, in *[]reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "Info")
	if other, ok := s.names[name]; ok {
		if other != t {
			s.fail("%s and %s are both called %s", t, other, name)
		}
		return name
	}
	if name == "" {
		s.fail("a struct without a name")
	}
	s.names[name] = t
	*in = append(*in, t)
	if t.Kind() == reflect.Struct {
		for _, f := range s.Fields(t) {
			s.Name(f.Type)
		}
	}
	return name
}
