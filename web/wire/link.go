// Package wire turns moments of a run into frames and the page's messages into
// commands. It is pure: bytes in, values out, and back. docs/protocol.md
// specifies both directions.
//
// Its files, to be read in this order; calls go down, and a test counts those that do not:
//
//	frame.go     a moment as it goes to a viewer
//	parts.go     what several frames have in common
//	weights.go   one matrix of a model
//	tensor.go    numbers, in as few bytes as the view needs
//	command.go   what the page asks for
//	linkroom.go  whether a recipe has room in a link
//	link.go      a moment as an address
//	linkkeys.go  the keys of one
//	beyond.go    a link without the branches
//	marks.go     moments that are marked
package wire

import (
	"cmp"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// Link names one moment: a run, a step of it, and what the viewer looks at.
type Link struct {
	Recipe sim.Recipe
	Step   int // -1 is before the first
	View   lens.View
	Breaks []breakpoint.Point
	Marks  []int  // bookmarked steps, in order
	Lang   string // "" if the link does not say

	Version, Name string // of what somebody hands in (lesson.ReadLink); no moment has them

	Recorded int  // how many steps of the run there are, if some are later than Step
	Over     bool // a person has ended the run there
	Others   int  // how many other runs the room had, which the link does not name
}

// Query writes the link as a query string, leaving out what is default.
func (l Link) Query() string {
	v := url.Values{}
	r := l.Recipe
	// A link says what its viewer counts; a run started from it counts the same.
	sw := l.View.Switches(l.Recipe)
	r.Pairs, r.Logits, l.View.Unit = sw.Pairs, sw.Logits, sw.Unit
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		if f.Key == "" || !f.Matters(&r) {
			continue
		}
		if texts := f.Texts(&r); f.Many || f.Always || texts[0] != f.Default(&r) {
			for _, text := range texts {
				v.Add(f.Key, text)
			}
		}
	}
	if l.View.Unit == "flop" {
		l.View.Unit = ""
	}
	for _, k := range keys {
		if text := k.write(&l); text != "" {
			v.Set(k.name, text)
		}
	}
	return "?" + v.Encode()
}

// ParseLink reads a query string, with or without its "?". Missing fields take their
// defaults. A value of the recipe that makes no sense is "recipe.range", "recipe.choice"
// or "recipe.text", any other Problem "link.field", one key twice "recipe.twice" and a key
// that no link has "link.unknown" (see Holds).
func ParseLink(query string) (Link, error) {
	l := Link{Step: -1}
	v, err := values(query)
	if err != nil {
		return l, err
	}
	unknown := settle(v, oldKeys)
	if v.Has("prompt") && v.Get("prompt") == "" && v.Get("tokens") == "" {
		return l, sim.NewProblem("prompt.empty") // given, and not left out
	}
	l.Recipe, err = recipe.FromLink(func(f *recipe.Field) []string { return v[f.Key] })
	for _, k := range keys {
		if texts := v[k.name]; len(texts) > 0 {
			err = cmp.Or(err, k.parse(&l, texts))
		}
	}
	if l.View.Pairs, l.View.Logits = l.Recipe.Pairs, l.Recipe.Logits; l.View.Unit == "flop" {
		l.View.Unit = ""
	}
	if field, have := l.View.Check(); field != "" && err == nil {
		err = sim.NewProblem("link.field", "Field", field, "Have", clip(have))
	}
	return l, cmp.Or(err, unknown)
}

// values returns the texts of a query by key.
func values(query string) (url.Values, error) {
	if len(query) > MaxLinkBytes {
		return nil, sim.NewProblem("link.long", "Have", len(query), "Max", MaxLinkBytes)
	}
	v, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		return nil, sim.NewProblem("link.field", "Field", "query", "Have", clip(query)).Because(err)
	}
	return v, nil
}

// parse reads what stands at a key.
func (k *linkKey) parse(l *Link, texts []string) error {
	if len(texts) > 1 {
		return sim.NewProblem("recipe.twice", "Field", k.name)
	}
	err := k.read(l, texts[0])
	if err == errUnread {
		return sim.NewProblem("link.field", "Field", k.name, "Have", clip(texts[0]))
	}
	return err
}

// settle gives keys that have been renamed their names of today, and takes out those that
// no link has: Problem "link.unknown" of the first of them.
func settle(v url.Values, old map[string]string) (unknown error) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		texts := v[name]
		if now, ok := old[name]; ok {
			delete(v, name)
			v[now] = append(v[now], texts...)
		} else if !isKey(name) {
			delete(v, name)
			unknown = cmp.Or(unknown, error(sim.NewProblem("link.unknown", "Field", clip(name))))
		}
	}
	return unknown
}

// isKey reports whether links have a key.
func isKey(name string) bool {
	return name != "" && (slices.ContainsFunc(keys, func(k linkKey) bool { return k.name == name }) ||
		slices.ContainsFunc(recipe.Fields, func(f recipe.Field) bool { return f.Key == name }))
}

// Holds reports whether a link can be opened although ParseLink has refused it: what it has
// too much is a key that no link has, such as other sites add. Whoever opens it says so.
func Holds(err error) bool {
	var p *sim.Problem
	return err == nil || errors.As(err, &p) && p.ID == "link.unknown"
}

// clip keeps a quoted value short enough for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
