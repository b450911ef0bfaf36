package lenstest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kvstep/sim/lens"
)

// Tables returns parts of docs/protocol.md, by their names.
func (s *Schema) Tables() (map[string]string, error) {
	all := map[string]string{"keys": s.keyTable(), "tensors": tensors(), "types": s.types()}
	return all, s.err
}

// keyTable returns the table of what lenses say.
func (s *Schema) keyTable() string {
	var b strings.Builder
	b.WriteString("| key | there with | value |\n|---|---|---|\n")
	for _, l := range lens.All {
		if l.Show.Value != nil {
			fmt.Fprintf(&b, "| `%s` | %s | %s: %s |\n", l.Name, needs(l), cell(code(s.valueType(l))), cell(s.lensDoc(l)))
		}
	}
	return b.String()
}

func needs(l lens.Lens) string {
	if len(l.Needs) == 0 {
		return "every frame"
	}
	words := make([]string, len(l.Needs))
	for i, n := range l.Needs {
		words[i] = n.Words
	}
	return strings.Join(words, ", ")
}

// tensors returns the table of their numbers.
func tensors() string {
	var b strings.Builder
	b.WriteString("| tensor | of | dtype | shape | |\n|---|---|---|---|---|\n")
	for _, l := range lens.All {
		for _, t := range l.Tensors {
			of := "`" + l.Name + "`"
			if l.Show.Value == nil {
				of = needs(l)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", t.Name, of, t.DType, t.Shape, cell(t.Words))
		}
	}
	return b.String()
}

// types has a table for every object.
func (s *Schema) types() string {
	var b strings.Builder
	for _, t := range s.words {
		fmt.Fprintf(&b, "`%s` is %s.\n\n", s.Name(t), "`"+strings.Join(s.docs.words(t), "`, `")+"`")
	}
	for _, t := range s.objects {
		fmt.Fprintf(&b, "#### `%s`\n\n", s.Name(t))
		if doc := s.docs.of(t); doc != "" {
			fmt.Fprintf(&b, "%s\n\n", doc)
		}
		b.WriteString("| field | type | |\n|---|---|---|\n")
		for _, f := range s.Fields(t) {
			name := "`" + f.Key + "`"
			if f.Optional {
				name += "?"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, cell(code(s.fieldType(f))), cell(f.Doc))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var named = regexp.MustCompile("^(?:#### `(\\w+)`|\\| `([\\w.-]+)`)")

// names returns the keys, tensors and fields that a protocol's tables have, by the type that
// they belong to.
func names(doc string) map[string][]string {
	all, of := map[string][]string{}, ""
	for line := range strings.Lines(doc) {
		switch m := named.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "<!-- "):
			of = line
		case m == nil:
		case m[1] != "":
			of = m[1]
		case of != "" && !strings.HasPrefix(of, "<!-- end"):
			all[of] = append(all[of], m[2])
		}
	}
	return all
}

// Gone returns the names that an older protocol had of types that there still are, and that
// are no more.
func Gone(old, now string) (gone []string) {
	left := names(now)
	for of, keys := range names(old) {
		still := left[of] != nil
		for _, key := range keys {
			if i := slices.Index(left[of], key); i >= 0 { // a name may be there twice: two lenses have a tensor mask
				left[of] = slices.Delete(left[of], i, i+1)
			} else if still {
				gone = append(gone, strings.Fields(strings.TrimPrefix(of, "<!-- "))[0]+": "+key)
			}
		}
	}
	slices.Sort(gone)
	return gone
}

// code returns text between backquotes.
func code(text string) string { return "`" + text + "`" }

// cell returns text in a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
