// Package wire turns moments of a run into frames and the page's messages into
// commands. It is pure: bytes in, values out, and back. docs/protocol.md
// specifies both directions.
package wire

import (
	"cmp"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/explain"
	"kvstep/sim/recipe"
)

// Link names one moment: a run, a step of it, and what the viewer looks at.
type Link struct {
	Recipe sim.Recipe
	Step   int // -1 is before the first
	Pick   Pick
	Breaks []breakpoint.Point
	Marks  []int  // bookmarked steps, in order
	Lang   string // "" if the link does not say

	Recorded int  // how many steps of the run there are, if some are later than Step
	Over     bool // a person has ended the run there
	Others   int  // how many other runs the room had, which the link does not name
}

// Pick is what one viewer looks at.
type Pick struct {
	Layer *int  `json:"layer"`         // nil follows the cursor
	Head  int   `json:"head"`          // query head
	Seq   int   `json:"seq,omitempty"` // sequence, in a run of several
	Cell  *Cell `json:"cell"`          // the cell whose exact value is shown

	Op string `json:"op"` // the op that is looked at (sim/explain); "" is the attention of one head
	// Trail is what the viewer asks to have explained: a cell, then the operand
	// of it that was followed, and so on. The last one is explained.
	Trail []explain.Ref `json:"trail"`

	Show []string `json:"show,omitempty"` // open panels that need data of their own, see panels
	// What the ledger counts, whatever the trace counted; "" is as the recipe says.
	Unit   string `json:"unit,omitempty"`   // "flop" or "mac"
	Pairs  string `json:"pairs,omitempty"`  // "allowed" or "dense"
	Logits string `json:"logits,omitempty"` // "last" or "all"
	Real   string `json:"real,omitempty"`   // "model@device": the same run at real size

	Compare int `json:"compare,omitempty"` // another branch of the room, 0 for none; no link has it
}

// Cell is one element of one of the frame's tensors.
type Cell struct {
	Op  string `json:"op"`
	Row int    `json:"row"`
	Col int    `json:"col"`
}

// Query writes the link as a query string, leaving out what is default.
func (l Link) Query() string {
	v := url.Values{}
	r := l.Recipe
	// A link says what its viewer counts; a run started from it counts the same.
	sw := l.switches()
	r.Pairs, r.Logits, l.Pick.Unit = sw.Pairs, sw.Logits, sw.Unit
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
	if l.Pick.Unit == "flop" {
		l.Pick.Unit = ""
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
	if l.Pick.Pairs, l.Pick.Logits = l.Recipe.Pairs, l.Recipe.Logits; l.Pick.Unit == "flop" {
		l.Pick.Unit = ""
	}
	if field, have := l.Pick.check(); field != "" && err == nil {
		err = sim.NewProblem("link.field", "Field", field, "Have", clip(have))
	}
	return l, cmp.Or(err, unknown)
}

// values are the texts of a query by key.
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
func (k *key) parse(l *Link, texts []string) error {
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
	return name != "" && (slices.ContainsFunc(keys, func(k key) bool { return k.name == name }) ||
		slices.ContainsFunc(recipe.Fields, func(f recipe.Field) bool { return f.Key == name }))
}

// Holds tells whether a link can be opened although ParseLink has refused it: what it has
// too much is a key that no link has, such as other sites add. Whoever opens it says so.
func Holds(err error) bool {
	var p *sim.Problem
	return err == nil || errors.As(err, &p) && p.ID == "link.unknown"
}

// isOp tells whether a viewer may look at an op of that name; "" is none.
func isOp(id string) bool {
	op := explain.Find(id)
	return id == "" || op != nil && !op.Constant()
}

// clip keeps a quoted value short enough for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func formatFloat(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
