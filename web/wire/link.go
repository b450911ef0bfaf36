// Package wire turns moments of a run into frames and the page's messages into
// commands. It is pure: bytes in, values out, and back. docs/protocol.md
// specifies both directions.
package wire

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/explain"
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

	Recorded int  // how many steps of the run there are, if some are later than Step
	Over     bool // a person has ended the run there
	Others   int  // how many other runs the room had, which the link does not name
}

// Query writes the link as a query string, leaving out what is default.
func (l Link) Query() string {
	v := url.Values{}
	put := func(key, value, unless string) {
		if value != unless {
			v.Set(key, value)
		}
	}
	r := l.Recipe
	for i := range recipe.Fields {
		if f := &recipe.Fields[i]; f.Matters(&r) && !strings.HasPrefix(f.Path, "batch.") {
			put(f.Key, f.Text(&r), f.Default(&r))
		}
	}
	put("tokens", joinInts(r.Tokens), "")
	putBatch(v, r.Batch)
	// A link says what its viewer counts; a run started from it counts the same.
	sw := l.View.Switches(l.Recipe)
	for key, x := range map[string][2]string{"unit": {sw.Unit, "flop"}, "pairs": {sw.Pairs, "allowed"}, "logits": {sw.Logits, "last"}} {
		v.Del(key)
		put(key, x[0], x[1])
	}
	for _, s := range r.Stop {
		v.Add("stop", s)
	}
	for _, f := range r.Forced {
		v.Add("fork", fmt.Sprintf("%d:%d", f.Pass, f.Token))
	}
	put("step", strconv.Itoa(l.Step), "-1")
	if l.View.Layer != nil {
		v.Set("layer", strconv.Itoa(*l.View.Layer))
	}
	put("head", strconv.Itoa(l.View.Head), "0")
	put("seq", strconv.Itoa(l.View.Seq), "0")
	if c := l.View.Cell; c != nil {
		v.Set("cell", fmt.Sprintf("%s.%d.%d", c.Op, c.Row, c.Col))
	}
	put("show", strings.Join(l.View.Show, ","), "")
	put("real", l.View.Real, "")
	put("op", l.View.Op, "")
	put("trail", joinTrail(l.View.Trail), "")
	put("break", joinPoints(l.Breaks), "")
	put("mark", joinInts(l.Marks), "")
	put("lang", l.Lang, "")
	l.putBeyond(put)
	return "?" + v.Encode()
}

// ParseLink reads a query string, with or without its "?". Missing fields take
// their defaults, unknown ones are left alone; a value of the recipe that makes no
// sense is "recipe.range" or "recipe.choice", any other Problem "link.field".
func ParseLink(query string) (Link, error) {
	l := Link{Step: -1}
	if len(query) > MaxLinkBytes {
		return l, sim.NewProblem("link.long", "Have", len(query), "Max", MaxLinkBytes)
	}
	v, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		return l, sim.NewProblem("link.field", "Field", "query", "Have", clip(query)).Because(err)
	}
	p := linkParser{values: v}
	l.Recipe, p.err = p.recipe()
	l.Step = p.int("step", -1)
	if v.Has("layer") {
		layer := p.int("layer", 0)
		l.View.Layer = &layer
	}
	l.View.Head = p.int("head", 0)
	l.View.Seq = p.int("seq", 0)
	l.View.Cell = p.cell()
	if l.View.Op = v.Get("op"); !lens.IsOp(l.View.Op) {
		p.refuse("op")
	}
	l.View.Trail = p.trail()
	l.Breaks = p.breaks()
	l.Marks = p.marks()
	l.Lang = v.Get("lang")
	p.beyond(&l)
	l.View.Real = v.Get("real")
	if show := v.Get("show"); show != "" {
		l.View.Show = strings.Split(show, ",")
	}
	l.View.Unit, l.View.Pairs, l.View.Logits = v.Get("unit"), l.Recipe.Pairs, l.Recipe.Logits
	if l.View.Unit == "flop" {
		l.View.Unit = ""
	}
	if field, have := l.View.Check(); field != "" && p.err == nil {
		p.err = sim.NewProblem("link.field", "Field", field, "Have", clip(have))
	}
	if len(l.Lang) > maxLang {
		p.refuse("lang")
	}
	return l, p.err
}

// linkParser reads typed fields and keeps the first refusal.
type linkParser struct {
	values url.Values
	err    error
}

func (p *linkParser) refuse(key string) {
	if p.err == nil {
		p.err = sim.NewProblem("link.field", "Field", key, "Have", clip(p.values.Get(key)))
	}
}

func (p *linkParser) int(key string, missing int) int {
	if !p.values.Has(key) {
		return missing
	}
	n, err := strconv.ParseInt(p.values.Get(key), 10, 32)
	if err != nil {
		p.refuse(key)
	}
	return int(n)
}

func (p *linkParser) ints(key string) []int {
	if p.values.Get(key) == "" {
		return nil
	}
	ids, ok := ints(p.values.Get(key))
	if !ok {
		p.refuse(key)
	}
	return ids
}

// ints reads numbers separated by commas.
func ints(text string) (ids []int, ok bool) {
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
		if err != nil {
			return nil, false
		}
		ids = append(ids, int(n))
	}
	return ids, true
}

// recipe reads what the link says of the recipe.
func (p *linkParser) recipe() (sim.Recipe, error) {
	r := sim.Recipe{Tokens: p.ints("tokens"), Stop: p.values["stop"], Forced: p.forks(), Batch: p.batch()}
	if p.values.Has("prompt") && p.values.Get("prompt") == "" && len(r.Tokens) == 0 && p.err == nil {
		p.err = sim.NewProblem("prompt.empty") // given, and not left out
	}
	if p.err != nil {
		return recipe.Default(), p.err
	}
	return recipe.Read(r, func(f *recipe.Field) (string, bool) {
		return p.values.Get(f.Key), p.values.Has(f.Key)
	})
}

func (p *linkParser) forks() []sim.Forced {
	var forks []sim.Forced
	for _, s := range p.values["fork"] {
		pass, id, ok := strings.Cut(s, ":")
		a, err1 := strconv.ParseInt(pass, 10, 32)
		b, err2 := strconv.ParseInt(id, 10, 32)
		if !ok || err1 != nil || err2 != nil {
			p.refuse("fork")
			return nil
		}
		forks = append(forks, sim.Forced{Pass: int(a), Token: int(b)})
	}
	return forks
}

func (p *linkParser) cell() *lens.Cell {
	if !p.values.Has("cell") {
		return nil
	}
	parts := strings.Split(p.values.Get("cell"), ".")
	if len(parts) != 3 {
		p.refuse("cell")
		return nil
	}
	row, err1 := strconv.ParseInt(parts[1], 10, 32)
	col, err2 := strconv.ParseInt(parts[2], 10, 32)
	if err1 != nil || err2 != nil {
		p.refuse("cell")
		return nil
	}
	return &lens.Cell{Op: parts[0], Row: int(row), Col: int(col)}
}

// trail reads refs "step.op.head.row.col", joined by "~".
func (p *linkParser) trail() []explain.Ref {
	if p.values.Get("trail") == "" {
		return nil
	}
	var trail []explain.Ref
	for s := range strings.SplitSeq(p.values.Get("trail"), "~") {
		parts := strings.Split(s, ".")
		if len(parts) != 5 || explain.Find(parts[1]) == nil || len(trail) == lens.MaxTrail {
			p.refuse("trail")
			return nil
		}
		ref := explain.Ref{Op: parts[1]}
		for i, to := range []*int{&ref.Step, nil, &ref.Head, &ref.Row, &ref.Col} {
			if to == nil {
				continue
			}
			n, err := strconv.ParseInt(parts[i], 10, 32)
			if err != nil {
				p.refuse("trail")
				return nil
			}
			*to = int(n)
		}
		trail = append(trail, ref)
	}
	return trail
}

func joinTrail(trail []explain.Ref) string {
	parts := make([]string, len(trail))
	for i, r := range trail {
		parts[i] = fmt.Sprintf("%d.%s.%d.%d.%d", r.Step, r.Op, r.Head, r.Row, r.Col)
	}
	return strings.Join(parts, "~")
}

func joinInts(ids []int) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.Itoa(id)
	}
	return strings.Join(parts, ",")
}

// clip keeps a quoted value short enough for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// QueryInt reads one whole number of a query that is not part of a link.
func QueryInt(query, key string, missing int) (int, error) {
	v, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		return missing, sim.NewProblem("link.field", "Field", "query", "Have", clip(query)).Because(err)
	}
	p := linkParser{values: v}
	return p.int(key, missing), p.err
}

func formatFloat(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
