package wire

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/sample"
)

// MaxBranches is how many runs a room keeps.
const MaxBranches = 8

// Branch is one of the runs that a room keeps.
type Branch struct {
	ID, Parent int // from 1; no parent is 0
	At         int // the parent's head step at which they part, -1 if before the first
	Model      *library.Loaded
	Recipe     sim.Recipe
	Prompt     int
	Recorded   int
	Cursor     int
	Ended      string
	Step       func(n int) *sim.Step
	Bytes      int64 // of its rows
	Shared     int64 // of those, rows that other branches have too: the same memory
}

// Gone says which branch had to go, and why: "most" (there may be so many) or
// "budget" (their rows take so much memory).
type Gone struct {
	ID  int    `json:"id"`
	Why string `json:"why"`
}

type branchesInfo struct {
	Current int          `json:"current"`
	Most    int          `json:"most"`
	Held    integer      `json:"held"`
	Gone    *Gone        `json:"gone,omitempty"`
	Lean    bool         `json:"lean,omitempty"` // beside the picture of an op there is room for names only
	List    []branchInfo `json:"list"`
	Compare *compareInfo `json:"compare,omitempty"`
}

type branchInfo struct {
	ID      int     `json:"id"`
	Parent  int     `json:"parent,omitempty"`
	Step    int     `json:"step,omitzero"`     // at which it parts from its parent
	From    int     `json:"from,omitzero"`     // tokens generated before they part
	Token   string  `json:"token,omitempty"`   // what it says there
	Instead string  `json:"instead,omitempty"` // and its parent
	Cache   string  `json:"cache,omitempty"`   // where it keeps the cache otherwise than its parent
	Text    string  `json:"text,omitempty"`    // the first of what it says from there on
	Tokens  int     `json:"tokens,omitzero"`   // generated so far, as far as it has been run
	Cursor  int     `json:"cursor,omitzero"`
	Ended   string  `json:"ended,omitempty"`
	Bytes   integer `json:"bytes,omitzero"`
	Shared  integer `json:"shared,omitempty"`
}

// textShown is how much of a branch's text the tree shows, in bytes.
const textShown = 45

// branches is nil where the room has one run only.
func (m *Moment) branches() *branchesInfo {
	if len(m.Branches) < 2 && m.Gone == nil {
		return nil
	}
	info := &branchesInfo{Current: m.Branch, Most: MaxBranches, Held: integer(m.Held), Gone: m.Gone, List: []branchInfo{}}
	if m.Link.Pick.Op != "" {
		return m.lean(info)
	}
	for _, b := range m.Branches {
		made := b.generated()
		x := branchInfo{ID: b.ID, Parent: b.Parent, Step: b.At, Tokens: len(made), Cursor: b.Cursor, Ended: b.Ended, Bytes: integer(b.Bytes), Shared: integer(b.Shared)}
		text := b.said(b.Recorded - 1)
		if p := m.branch(b.Parent); p != nil {
			if a, c := kv.Text(p.Recipe.Cache), kv.Text(b.Recipe.Cache); a != c || p.Recipe.Cache.Budget != b.Recipe.Cache.Budget {
				x.Cache = c
			}
			other := p.generated()
			x.From = common(made, other)
			if x.From < len(made) {
				x.Token = m.labelled(made[x.From : x.From+1])[0][1].(string)
			}
			if x.From < len(other) {
				x.Instead = m.labelled(other[x.From : x.From+1])[0][1].(string)
			}
			text = strings.TrimPrefix(text, b.said(b.before(x.From)))
		}
		x.Text = cut(text, textShown)
		info.List = append(info.List, x)
	}
	info.Compare = m.compare()
	return info
}

// lean only names the branches, and what is compared as soon as there is room.
func (m *Moment) lean(info *branchesInfo) *branchesInfo {
	info.Lean = true
	for _, b := range m.Branches {
		info.List = append(info.List, branchInfo{ID: b.ID, Parent: b.Parent})
	}
	if m.branch(m.Link.Pick.Compare) != nil {
		info.Compare = &compareInfo{With: m.Link.Pick.Compare}
	}
	return info
}

// cut is the beginning of a text, in whole characters.
func cut(text string, most int) string {
	for i := range text {
		if i > most {
			return text[:i] + "…"
		}
	}
	return text
}

func (m *Moment) branch(id int) *Branch {
	for i := range m.Branches {
		if m.Branches[i].ID == id {
			return &m.Branches[i]
		}
	}
	return nil
}

func (b *Branch) perPass() int { return b.Model.Model.Config.Layers + 1 }

// heads calls f with every head step recorded, in order, until it says false: of a
// batch, with those of the first prompt.
func (b *Branch) heads(f func(s *sim.Step) bool) {
	for n := b.perPass() - 1; n < b.Recorded; n += b.perPass() {
		if s := b.Step(n).ForSequence(0); s.Seq == 0 && !f(s) {
			return
		}
	}
}

// generated are the ids that a branch has chosen, as far as it has been run.
func (b *Branch) generated() (ids []int) {
	b.heads(func(s *sim.Step) bool { ids = append(ids, s.NewTokens()...); return true })
	return ids
}

// chooses is the head step that chose generated token i, nil if there is none.
func (b *Branch) chooses(i int) (head *sim.Step) {
	n := 0
	b.heads(func(s *sim.Step) bool {
		if n += len(s.NewTokens()); n > i {
			head = s
		}
		return head == nil
	})
	return head
}

// before is the head step after which n tokens were there, -1 if none.
func (b *Branch) before(n int) (at int) {
	at = -1
	have := 0
	b.heads(func(s *sim.Step) bool {
		if have += len(s.NewTokens()); have <= n {
			at = s.N
		}
		return have < n
	})
	return at
}

// said is the generated text after step n.
func (b *Branch) said(n int) (text string) {
	b.heads(func(s *sim.Step) bool {
		if s.N <= n {
			text = s.GeneratedText
		}
		return s.N < n
	})
	return text
}

func common(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// compareInfo sets the branch on screen beside another, each as far as it has
// been run.
type compareInfo struct {
	With   int       `json:"with"`
	Same   int       `json:"same,omitzero"` // generated tokens that they have in common
	Common string    `json:"common,omitempty"`
	Sides  []side    `json:"sides,omitempty"`
	Fork   []rival   `json:"fork,omitempty"`  // where they part: what each chose
	Steps  []int     `json:"steps,omitempty"` // the head steps in which they do, -1: one has not come so far
	Even   []outlays `json:"even,omitempty"`  // after as many tokens as both have
	Tokens int       `json:"tokens,omitzero"` // how many that is
}

type side struct {
	ID     int     `json:"id"`
	Step   int     `json:"step"` // the last recorded
	Text   string  `json:"text"` // after what they have in common
	Tokens int     `json:"tokens"`
	Ended  string  `json:"ended,omitempty"`
	Cache  string  `json:"cache"`
	Paid   outlays `json:"paid"`
}

// outlays are totals of both lanes, cached first; null where a lane does not run.
type outlays struct {
	Flops  [2]*integer `json:"flops"`
	Read   [2]*integer `json:"read"`  // bytes of weights and cache
	Bytes  integer     `json:"bytes"` // held by the cache
	Passes int         `json:"passes"`
}

// rival is a token that one of them chose where they part, and its probability
// in both, before the filters.
type rival struct {
	ID    int         `json:"id"`
	Label string      `json:"label"`
	Probs [2]*float64 `json:"probs"` // null where the logits of that place are not kept
}

func (m *Moment) compare() *compareInfo {
	a, b := m.branch(m.Branch), m.branch(m.Link.Pick.Compare)
	if a == nil || b == nil || a == b {
		return nil
	}
	info := &compareInfo{With: b.ID, Steps: []int{-1, -1}, Sides: make([]side, 2), Even: make([]outlays, 2)}
	made := [2][]int{a.generated(), b.generated()}
	info.Same, info.Tokens = common(made[0], made[1]), min(len(made[0]), len(made[1]))
	info.Common = a.said(a.before(info.Same))
	for i, x := range []*Branch{a, b} {
		info.Sides[i] = side{ID: x.ID, Step: x.Recorded - 1, Text: strings.TrimPrefix(x.said(x.Recorded-1), info.Common), Tokens: len(made[i]), Ended: x.Ended,
			Cache: kv.Text(x.Recipe.Cache), Paid: m.outlays(x, x.Recorded-1)}
		info.Even[i] = m.outlays(x, -1)
		if info.Tokens > 0 {
			info.Even[i] = m.outlays(x, x.chooses(info.Tokens-1).N)
		}
		if info.Same < len(made[i]) {
			info.Steps[i] = x.chooses(info.Same).N
		}
	}
	if info.Steps[0] < 0 || info.Steps[1] < 0 {
		return info
	}
	for i := range made {
		id := made[i][info.Same]
		r := rival{ID: id, Label: m.labelled([]int{id})[0][1].(string)}
		for j, x := range []*Branch{a, b} {
			r.Probs[j] = probability(x.Step(info.Steps[j]).ForSequence(0), id, info.Same == len(x.upTo(info.Steps[j]))-1)
		}
		info.Fork = append(info.Fork, r)
	}
	return info
}

// upTo are the ids that a branch had chosen after step n.
func (b *Branch) upTo(n int) (ids []int) {
	b.heads(func(s *sim.Step) bool {
		if s.N <= n {
			ids = append(ids, s.NewTokens()...)
		}
		return s.N < n
	})
	return ids
}

// probability is that of a token by the logits of a head step, whose they are if
// the place in question is its last.
func probability(s *sim.Step, id int, last bool) *float64 {
	if !last || s.Output == nil {
		return nil
	}
	p, err := sample.Probs(s.Logits(), sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1}, nil)
	if err != nil {
		return nil
	}
	return &p[id]
}

// outlays are the totals of a branch after step n, in the viewer's unit, pairs and
// logits.
func (m *Moment) outlays(b *Branch, n int) (o outlays) {
	if n < 0 {
		return o
	}
	there := Moment{Model: b.Model, Recipe: b.Recipe, Prompt: b.Prompt, Recorded: b.Recorded, Link: Link{Recipe: b.Recipe, Pick: m.Link.Pick}}
	there.Place(n, b.Step)
	s := there.Step
	o.Passes = s.Pass + 1
	for lane := range o.Flops {
		if !s.Ran[lane] {
			continue
		}
		c := there.recounted(s, sim.Lane(lane))
		flops, read := integer(cost.Headline(c, there.Link.switches())), integer(c.WeightBytes+c.KVReadBytes)
		o.Flops[lane], o.Read[lane] = &flops, &read
	}
	if s.KV != nil {
		o.Bytes = integer(s.KV.Bytes())
	}
	return o
}
