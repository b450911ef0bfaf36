// Package docs embeds the glossary, from which the page takes its cards.
package docs

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed glossary.md
var glossaryText []byte

// Text is a text in both languages.
type Text struct{ En, Zh string }

// ID is one entry of a list of the program that a term is about: "op Q", "cache window".
type ID struct{ List, Name string }

// Ref names an identifier of a package: "Func", "Type", "Type.Field" or "Type.Method".
type Ref struct{ Package, Name string }

// Term is one entry of the glossary.
type Term struct {
	Section Text
	Name    Text
	Says    Text     // one sentence of at most 15 words
	More    Text     // one more of detail, or ""
	Formula string   // as on a blackboard, "" for none
	See     string   // the place of the page that shows it (static/js/panel/card/places.js), "" for none
	Also    []string // other names of the same thing
	IDs     []ID
	Code    []Ref
	Paper   string // "Name, year. Title.", or ""
}

// Glossary returns the terms, in the order of the file.
func Glossary() ([]Term, error) { return ParseGlossary(glossaryText) }

// ParseGlossary reads a glossary: text before the first section, then sections "## en · zh"
// of terms "### en · zh", each with one line "- key: value" for every key that it has, in
// the order of keys. Anything else is an error that names the line.
func ParseGlossary(text []byte) (terms []Term, err error) {
	var section Text
	next := 0 // the first key that the current term may still have
	for n, line := range strings.Split(string(text), "\n") {
		if section == (Text{}) && !strings.HasPrefix(line, "## ") || line == "" {
			continue
		}
		switch name, isTerm := strings.CutPrefix(line, "### "); {
		case isTerm:
			err = finish(terms, next)
			terms, next = append(terms, Term{Section: section}), 0
			if err == nil {
				terms[len(terms)-1].Name, err = parseName(name)
			}
		case strings.HasPrefix(line, "## "):
			err = finish(terms, next)
			next = len(keys)
			if err == nil {
				section, err = parseName(line[len("## "):])
			}
		case len(terms) == 0:
			err = fmt.Errorf("a line before the first term")
		default:
			next, err = terms[len(terms)-1].parseLine(line, next)
		}
		if err != nil {
			return nil, fmt.Errorf("glossary: line %d: %w", n+1, err)
		}
	}
	if err := finish(terms, next); err != nil {
		return nil, fmt.Errorf("glossary: %w", err)
	}
	return terms, nil
}

// keys are the keys of a term's lines, in their order.
var keys = []struct {
	name string
	must bool // every term has it
	set  func(t *Term, value string) error
}{
	{"en", true, func(t *Term, v string) error { t.Says.En = v; return nil }},
	{"zh", true, func(t *Term, v string) error { t.Says.Zh = v; return nil }},
	{"en+", false, func(t *Term, v string) error { t.More.En = v; return nil }},
	{"zh+", false, func(t *Term, v string) error { t.More.Zh = v; return nil }},
	{"formula", false, func(t *Term, v string) error { t.Formula = v; return nil }},
	{"see", false, func(t *Term, v string) error { t.See = v; return nil }},
	{"also", false, func(t *Term, v string) error { t.Also = strings.Split(v, ", "); return nil }},
	{"ids", false, func(t *Term, v string) error {
		return eachQuoted(v, " ", func(list, name string) { t.IDs = append(t.IDs, ID{list, name}) })
	}},
	{"code", true, func(t *Term, v string) error {
		return eachQuoted(v, ".", func(pkg, name string) { t.Code = append(t.Code, Ref{pkg, name}) })
	}},
	{"paper", false, func(t *Term, v string) error { t.Paper = v; return nil }},
}

// parseLine reads a line of a term, whose key is keys[next] or a later one, and returns the
// key that may come after it.
func (t *Term) parseLine(line string, next int) (int, error) {
	key, value, ok := strings.Cut(strings.TrimPrefix(line, "- "), ": ")
	if !ok || !strings.HasPrefix(line, "- ") || value == "" {
		return next, fmt.Errorf("%q is no \"- key: value\"", line)
	}
	for i := next; i < len(keys); i++ {
		if keys[i].name == key {
			return i + 1, keys[i].set(t, value)
		}
		if keys[i].must {
			return next, fmt.Errorf("%q where %q belongs", key, keys[i].name)
		}
	}
	return next, fmt.Errorf("%q is no key, or comes too late", key)
}

// finish refuses a last term that lacks a line, of which the lines before keys[next] were read.
func finish(terms []Term, next int) error {
	for _, k := range keys[min(next, len(keys)):] {
		if len(terms) > 0 && k.must {
			return fmt.Errorf("%q has no line %q", terms[len(terms)-1].Name.En, k.name)
		}
	}
	return nil
}

// parseName reads "en · zh".
func parseName(s string) (Text, error) {
	en, zh, ok := strings.Cut(s, " · ")
	if !ok || en == "" || zh == "" {
		return Text{}, fmt.Errorf("%q is no \"English · 中文\"", s)
	}
	return Text{en, zh}, nil
}

// eachQuoted reads "`a/b`, `c/d`", where sep stands for the slash, and calls add with both
// sides of each.
func eachQuoted(value, sep string, add func(before, after string)) error {
	for item := range strings.SplitSeq(value, ", ") {
		before, after, ok := strings.Cut(strings.Trim(item, "`"), sep)
		if !ok || before == "" || after == "" || item != "`"+before+sep+after+"`" {
			return fmt.Errorf("%q is no `before%safter`", item, sep)
		}
		add(before, after)
	}
	return nil
}

// ID returns the name under which messages mark the term: what stands in brackets is left
// out, and "KV cache" is "kv-cache".
func (t *Term) ID() string {
	name, _, _ := strings.Cut(t.Name.En, " (")
	return strings.ReplaceAll(strings.NewReplacer("/", "", ".", "").Replace(strings.ToLower(name)), " ", "-")
}

// card is a term as the page shows it, in one language.
type card struct {
	Name    string   `json:"name"`
	Says    []string `json:"says"` // sentences
	Formula string   `json:"formula,omitempty"`
	See     string   `json:"see,omitempty"`
}

// Cards returns the terms as the page's cards of a language, "en" or "zh": JSON by id.
func Cards(lang string) ([]byte, error) {
	terms, err := Glossary()
	if err != nil {
		return nil, err
	}
	in := func(t Text) string {
		if lang == "zh" {
			return t.Zh
		}
		return t.En
	}
	all := make(map[string]card, len(terms))
	for i, t := range terms {
		says := []string{in(t.Says)}
		if more := in(t.More); more != "" {
			says = append(says, more)
		}
		all[terms[i].ID()] = card{in(t.Name), says, t.Formula, t.See}
	}
	return json.Marshal(all)
}

// Find returns the term that an entry of a list stands under, nil if there is none.
func Find(terms []Term, id ID) *Term {
	for i := range terms {
		if slices.Contains(terms[i].IDs, id) {
			return &terms[i]
		}
	}
	return nil
}
