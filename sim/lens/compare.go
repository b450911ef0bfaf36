package lens

import (
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/sample"
)

func common(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// CompareInfo sets the branch on screen beside another, each as far as it has been run.
type CompareInfo struct {
	With   int       `json:"with"`
	Same   int       `json:"same,omitzero"`    // generated tokens that they have in common
	Common string    `json:"common,omitempty"` // their text
	Sides  []Side    `json:"sides,omitempty"`  // the branch on screen, and the other
	Fork   []Rival   `json:"fork,omitempty"`   // the two tokens where they part
	Steps  []int     `json:"steps,omitempty"`  // the head steps in which they do, -1: one has not come so far
	Even   []Outlays `json:"even,omitempty"`   // totals after as many tokens as both have
	Tokens int       `json:"tokens,omitzero"`  // how many that is
}

// Side is one branch of two.
type Side struct {
	ID     int     `json:"id"`
	Step   int     `json:"step"` // the last recorded
	Text   string  `json:"text"` // after what they have in common
	Tokens int     `json:"tokens"`
	Ended  string  `json:"ended,omitempty"`
	Cache  string  `json:"cache"`
	Paid   Outlays `json:"paid"` // totals at the last recorded step
}

// Outlays are totals of both lanes, cached first; null where a lane does not run.
type Outlays struct {
	Flops  [2]*Integer `json:"flops" names:"cached,uncached"`
	Read   [2]*Integer `json:"read" names:"cached,uncached"` // bytes of weights and cache
	Bytes  Integer     `json:"bytes"`                        // held by the cache
	Passes int         `json:"passes"`
}

// Rival is a token that one of them chose where they part.
type Rival struct {
	ID    int         `json:"id"`
	Label string      `json:"label"`
	Probs [2]*float64 `json:"probs" names:"here,there"` // its plain softmax probability in both; null where the logits of that place are not kept
}

func compareBranches(m *Moment) *CompareInfo {
	a, b := branchOf(m, m.Branch), branchOf(m, m.View.Compare)
	if a == nil || b == nil || a == b {
		return nil
	}
	info := &CompareInfo{With: b.ID, Steps: []int{-1, -1}, Sides: make([]Side, 2), Even: make([]Outlays, 2)}
	made := [2][]int{a.generated(), b.generated()}
	info.Same, info.Tokens = common(made[0], made[1]), min(len(made[0]), len(made[1]))
	info.Common = a.said(a.before(info.Same))
	for i, x := range []*Branch{a, b} {
		info.Sides[i] = Side{ID: x.ID, Step: x.Recorded - 1, Text: strings.TrimPrefix(x.said(x.Recorded-1), info.Common), Tokens: len(made[i]), Ended: x.Ended,
			Cache: kv.Text(x.Recipe.Cache), Paid: outlaysOf(m, x, x.Recorded-1)}
		info.Even[i] = outlaysOf(m, x, -1)
		if info.Tokens > 0 {
			info.Even[i] = outlaysOf(m, x, x.chooses(info.Tokens-1).N)
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
		r := Rival{ID: id, Label: m.Label(id)}
		for j, x := range []*Branch{a, b} {
			r.Probs[j] = probability(x.Step(info.Steps[j]).ForSequence(0), id, info.Same == x.after(info.Steps[j]).n-1)
		}
		info.Fork = append(info.Fork, r)
	}
	return info
}

// probability returns that of a token by the logits of a head step, whose they are if
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

// outlaysOf returns the totals of a branch after step n, in the viewer's unit, pairs and
// logits.
func outlaysOf(m *Moment, b *Branch, n int) (o Outlays) {
	if n < 0 {
		return o
	}
	there := Moment{Model: b.Model, Recipe: b.Recipe, Prompt: b.Prompt, Recorded: b.Recorded, View: m.View, Kept: b.Kept}
	there.Place(n, b.Step)
	s := there.Step
	o.Passes = s.Pass + 1
	for lane := range o.Flops {
		if !s.Counted[lane] {
			continue
		}
		c := Recounted(&there, s, sim.Lane(lane))
		flops, read := Integer(cost.Headline(c, there.switches())), Integer(c.WeightBytes+c.KVReadBytes)
		o.Flops[lane], o.Read[lane] = &flops, &read
	}
	if s.KV != nil {
		o.Bytes = Integer(s.KV.Bytes())
	}
	return o
}
