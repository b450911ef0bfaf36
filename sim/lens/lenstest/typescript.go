package lenstest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"kvstep/sim/lens"
)

// head is what no lens says: the frame around them (web/wire).
const head = `// Written by make generate from the lenses of sim/lens: do not edit it.

/** A whole number: a decimal text beyond 2^53. */
export type Integer = number | string;

/** An id of the vocabulary with its label, which is short and printable. */
export type Token = [id: number, label: string];

export type DType = "F64" | "F32" | "F16" | "U32" | "U16" | "U8";

/** Numbers with a shape, row by row. F16 comes as float32. */
export interface Tensor {
  dtype: DType;
  shape: number[];
  data: Float32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array;
  /** Good for a picture only. */
  coarse?: boolean;
}

/** One moment of a run as one viewer sees it. */
export interface Frame {
  meta: Meta;
  tensors: Tensors;
  /** Size on the wire. */
  bytes: number;
}
`

// TypeScript returns the declarations of the page's side.
func (s *Schema) TypeScript() (string, error) {
	var b strings.Builder
	b.WriteString(head + "\n/** What the lenses say, by their names. */\nexport interface Meta {\n")
	b.WriteString("  /** Version of the protocol. */\n  kvstep: number;\n  /** Number of the frame for this viewer, from 1. */\n  seq: number;\n")
	b.WriteString("  /** Query that reproduces the moment. */\n  link: string;\n")
	for _, l := range lens.All {
		if l.Show.Value != nil {
			comment(&b, "  ", s.lensDoc(l))
			key := l.Name
			if len(l.Needs) > 0 {
				key += "?"
			}
			fmt.Fprintf(&b, "  %s: %s;\n", key, s.valueType(l))
		}
	}
	b.WriteString("}\n\n/** Their numbers. */\nexport interface Tensors {\n")
	said := map[string]bool{}
	for _, l := range lens.All {
		for _, t := range l.Tensors {
			if said[t.Name] {
				continue
			}
			said[t.Name] = true
			comment(&b, "  ", strings.TrimSpace(t.DType+" "+t.Shape)+": "+t.Words)
			if prefix, ok := strings.CutSuffix(t.Name, ".ID"); ok {
				fmt.Fprintf(&b, "  [id: `%s.${string}`]: Tensor | undefined;\n", prefix)
			} else {
				fmt.Fprintf(&b, "  %s?: Tensor;\n", quoted(t.Name))
			}
		}
	}
	b.WriteString("}\n")
	for _, t := range s.words {
		b.WriteString("\n")
		comment(&b, "", s.docs.of(t))
		line := fmt.Sprintf("export type %s = \"%s\";\n", s.Name(t), strings.Join(s.docs.words(t), `" | "`))
		if len(line) > 120 {
			line = fmt.Sprintf("export type %s =\n  | \"%s\";\n", s.Name(t), strings.Join(s.docs.words(t), "\"\n  | \""))
		}
		b.WriteString(line)
	}
	for _, t := range s.objects {
		s.object(&b, t)
	}
	return b.String(), s.err
}

// Beside returns the declarations of types that no frame has, in a file beside the frame's.
func (s *Schema) Beside(about string, types ...reflect.Type) (string, error) {
	framed := maps.Clone(s.names)
	first := len(s.objects)
	for _, t := range types {
		s.Name(t)
	}
	var b strings.Builder
	borrowed := map[string]bool{}
	for _, t := range s.objects[first:] {
		s.object(&b, t)
		for _, f := range s.Fields(t) {
			for _, word := range strings.FieldsFunc(s.fieldType(f), func(r rune) bool { return !unicode.IsLetter(r) }) {
				if framed[word] != nil {
					borrowed[word] = true
				}
			}
		}
	}
	head := "// Written by make generate from " + about + ": do not edit it.\n"
	if len(borrowed) > 0 {
		head += "\nimport type { " + strings.Join(slices.Sorted(maps.Keys(borrowed)), ", ") + " } from \"./frame.js\";\n"
	}
	return head + b.String(), s.err
}

// valueType returns that of a lens's key, where its needs are met.
func (s *Schema) valueType(l lens.Lens) string {
	name := s.Name(l.Show.Value)
	if l.Null {
		name += " | null"
	}
	return name
}

func (s *Schema) object(b *strings.Builder, t reflect.Type) {
	b.WriteString("\n")
	comment(b, "", s.docs.of(t))
	fmt.Fprintf(b, "export type %s = {\n", s.Name(t)) // an alias may be read by a name that is computed
	for _, f := range s.Fields(t) {
		comment(b, "  ", f.Doc)
		key := f.Key
		if f.Optional {
			key += "?"
		}
		fmt.Fprintf(b, "  %s: %s;\n", key, s.fieldType(f))
	}
	b.WriteString("};\n")
}

func (s *Schema) fieldType(f Field) string {
	if f.Text {
		return "string"
	}
	name := s.Name(f.Type)
	if len(f.Names) > 0 { // of all elements the type is the same
		from, to := strings.Index(name, "["), strings.Index(name, "]")
		element, _, _ := strings.Cut(name[from+1:to], ",")
		name = name[:from+1] + strings.Join(f.Names, ": "+element+", ") + ": " + element + name[to:]
	}
	if f.Null() {
		name += " | null"
	}
	return name
}

// lensDoc returns what a lens is; its variable has its name.
func (s *Schema) lensDoc(l lens.Lens) string {
	parts := strings.Split(l.Name, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	doc := s.docs.lens(strings.Join(parts, "") + "Lens")
	if doc == "" {
		s.fail("lens %s: no comment says what it is", l.Name)
	}
	return doc
}

func quoted(name string) string {
	if strings.Contains(name, ".") {
		return `"` + name + `"`
	}
	return name
}

// comment writes a doc comment, in lines of at most 120 characters.
func comment(b *strings.Builder, indent, text string) {
	if text == "" {
		return
	}
	if len(indent)+len(text) <= 112 {
		fmt.Fprintf(b, "%s/** %s */\n", indent, text)
		return
	}
	fmt.Fprintf(b, "%s/**\n", indent)
	line := ""
	for _, word := range append(strings.Fields(text), "") {
		if word == "" || len(line)+len(word) > 114-len(indent) {
			fmt.Fprintf(b, "%s *%s\n", indent, line)
			line = ""
		}
		line += " " + word
	}
	fmt.Fprintf(b, "%s */\n", indent)
}
