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
	sw := l.switches()
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
	if l.Pick.Layer != nil {
		v.Set("layer", strconv.Itoa(*l.Pick.Layer))
	}
	put("head", strconv.Itoa(l.Pick.Head), "0")
	put("seq", strconv.Itoa(l.Pick.Seq), "0")
	if c := l.Pick.Cell; c != nil {
		v.Set("cell", fmt.Sprintf("%s.%d.%d", c.Op, c.Row, c.Col))
	}
	put("show", strings.Join(l.Pick.Show, ","), "")
	put("real", l.Pick.Real, "")
	put("op", l.Pick.Op, "")
	put("trail", joinTrail(l.Pick.Trail), "")
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
		l.Pick.Layer = &layer
	}
	l.Pick.Head = p.int("head", 0)
	l.Pick.Seq = p.int("seq", 0)
	l.Pick.Cell = p.cell()
	if l.Pick.Op = v.Get("op"); !isOp(l.Pick.Op) {
		p.refuse("op")
	}
	l.Pick.Trail = p.trail()
	l.Breaks = p.breaks()
	l.Marks = p.marks()
	l.Lang = v.Get("lang")
	p.beyond(&l)
	l.Pick.Real = v.Get("real")
	if show := v.Get("show"); show != "" {
		l.Pick.Show = strings.Split(show, ",")
	}
	l.Pick.Unit, l.Pick.Pairs, l.Pick.Logits = v.Get("unit"), l.Recipe.Pairs, l.Recipe.Logits
	if l.Pick.Unit == "flop" {
		l.Pick.Unit = ""
	}
	if field, have := l.Pick.check(); field != "" && p.err == nil {
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

func (p *linkParser) cell() *Cell {
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
	return &Cell{parts[0], int(row), int(col)}
}

// trail reads refs "step.op.head.row.col", joined by "~".
func (p *linkParser) trail() []explain.Ref {
	if p.values.Get("trail") == "" {
		return nil
	}
	var trail []explain.Ref
	for s := range strings.SplitSeq(p.values.Get("trail"), "~") {
		parts := strings.Split(s, ".")
		if len(parts) != 5 || explain.Find(parts[1]) == nil || len(trail) == MaxTrail {
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

// isOp tells whether a viewer may look at an op of that name; "" is none.
func isOp(id string) bool {
	op := explain.Find(id)
	return id == "" || op != nil && !op.Constant()
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
