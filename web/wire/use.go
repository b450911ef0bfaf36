package wire

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// useInfo is what the cache takes under its policy, and what the policy did in
// this step. What is wasted is allocated - used.
type useInfo struct {
	Policy    string  `json:"policy"` // as kv.Parse reads it
	Allocated integer `json:"allocated"`
	Used      integer `json:"used"`
	Budget    integer `json:"budget,omitzero"` // 0: no limit
	// Fits is how many tokens the budget has room for, predicted from the shape;
	// only with a budget.
	Fits  *int  `json:"fits,omitempty"`
	Table []int `json:"table,omitempty"` // paged: the block of each few tokens
	Refs  []int `json:"refs,omitempty"`
	Free  []int `json:"free,omitempty"`
	Taken []int `json:"taken,omitempty"` // blocks that the table did not have the step before
	Given []int `json:"given,omitempty"` // blocks that it has no more
	// Settled is how many tokens have their K in codes, Coded those that got them
	// just before this step, from and to; where groups run along tokens.
	Settled *int    `json:"settled,omitempty"`
	Coded   *[2]int `json:"coded,omitempty"`
	// MaxError is the largest error of a quantised row: what 255 stands for in
	// the tensor cache_error.
	MaxError float32 `json:"max_error,omitzero"`
	// Want is how many bytes more the next token would have needed, where memory
	// ended the run; Ways are other ways to keep the cache and how far each goes.
	Want integer `json:"want,omitzero"`
	Ways []way   `json:"ways,omitempty"`
}

// way is a run of the same prompt within the same budget, kept otherwise.
type way struct {
	Model string `json:"model,omitempty"` // if it is another one
	Cache string `json:"cache"`
	Fits  int    `json:"fits"`  // tokens, predicted
	Whole int    `json:"whole"` // tokens of the whole run
}

// spec is the shape of the run's cache.
func (m *Moment) spec() kv.Spec {
	return kv.SpecOf(m.Model.Model.Config, recipe.Fed(m.Prompt, m.maxNew()))
}

// use is nil where there is no cache.
func (m *Moment) use() *useInfo {
	p := m.Recipe.Cache
	info := &useInfo{Policy: kv.Text(p), Budget: integer(p.Budget)}
	if p.Budget > 0 && m.plain() { // several sequences share the budget, and none of them has it alone
		fits := m.spec().Fits(p, p.Budget)
		info.Fits = &fits
	}
	if m.Step == nil {
		return info
	}
	if m.Step.KV == nil {
		return nil
	}
	u := m.Step.KV.Use()
	info.Allocated, info.Used = integer(u.Allocated), integer(u.Used)
	info.Table, info.Refs, info.Free = u.Table, u.Refs, u.Free
	var before sim.CacheUse
	settled := 0
	if m.Step.N > 0 {
		if last := m.last(); last != nil && last.KV != nil {
			before, settled = last.KV.Use(), settledOf(last)
		}
	}
	info.Taken, info.Given = without(u.Table, before.Table), without(before.Table, u.Table)
	if m.several() {
		info.Taken, info.Given = m.moved(u)
	}
	if p.Axis == kv.AxisChannel {
		now := settledOf(m.Step)
		info.Settled = &now
		if now > settled {
			info.Coded = &[2]int{settled, now}
		}
	}
	if m.Step.RunFinishReason == sim.FinishMemory && m.plain() {
		info.Want = integer(m.spec().Want(p, 1))
		info.Ways = m.ways()
	}
	return info
}

// settledOf is how many positions have K in codes at a step.
func settledOf(s *sim.Step) int {
	if v, ok := s.KV.(kv.View); ok {
		return v.Settled()
	}
	return 0
}

// without are the blocks of a that b has not.
func without(a, b []int) (rest []int) {
	for _, n := range a {
		if !slices.Contains(b, n) {
			rest = append(rest, n)
		}
	}
	return rest
}

// offered are the policies that a person at the wall may try. The window is one
// that the budget has room for, at most 8 tokens and 2 sinks.
func offered(s kv.Spec, budget int64) []sim.CachePolicy {
	room := s.Fits(sim.CachePolicy{}, budget)
	sinks := min(2, room/3)
	all := []sim.CachePolicy{{Kind: sim.CacheContiguous}, {Kind: sim.CachePaged}, {Kind: sim.CacheWindow, Window: min(8, room-sinks), Sinks: sinks},
		{Kind: sim.CacheInt8}, {Kind: sim.CacheInt4}}
	for i, p := range all {
		all[i] = kv.Complete(p)
	}
	return all
}

// ways predicts how far other policies go within the budget, and the same policy
// in the model with the fewest K/V heads that is otherwise alike.
func (m *Moment) ways() (ways []way) {
	s, budget := m.spec(), m.Recipe.Cache.Budget
	for _, p := range offered(s, budget) {
		if fits := s.Fits(p, budget); fits > 0 && p.Kind != m.Recipe.Cache.Kind {
			ways = append(ways, way{Cache: kv.Text(p), Fits: fits, Whole: s.Most})
		}
	}
	if other := m.fewerHeads(); other != nil {
		r := m.Recipe
		r.Model = other.Name
		if prompt, err := other.Prepare(r); err == nil {
			s := kv.SpecOf(other.Model.Config, recipe.Fed(len(prompt), r.MaxNew))
			ways = append(ways, way{other.Name, kv.Text(r.Cache), s.Fits(r.Cache, r.Cache.Budget), s.Most})
		}
	}
	return ways
}

// fewerHeads is the known model with the fewest K/V heads, of those that have as
// many layers and words as this one; nil if none has fewer.
func (m *Moment) fewerHeads() *library.Loaded {
	if m.Models == nil {
		return nil
	}
	c := m.Model.Model.Config
	least, which := c.KVHeads, ""
	for _, name := range m.Models.Names() {
		o, _, err := m.Models.Shape(name)
		if err == nil && o.Layers == c.Layers && o.Vocab == c.Vocab && o.Dim == c.Dim && o.KVHeads < least {
			which, least = name, o.KVHeads
		}
	}
	if which == "" || m.Models.Waits(which) { // a frame does not wait for a file
		return nil
	}
	best, err := m.Models.Get(which)
	if err != nil {
		return nil
	}
	return best
}

// effectInfo is what the policy did to the latest logits, up to the cursor.
type effectInfo struct {
	Pass     int     `json:"pass"`
	MaxDelta float32 `json:"max_delta"`
	KL       float64 `json:"kl"`
	Token    int     `json:"token"` // the same choice from the exact logits
	Label    string  `json:"label"`
	Chosen   int     `json:"chosen"`  // what the sampler chose from those of the policy
	Changed  *int    `json:"changed"` // number of the first choice of the run that differs, from 0
}

func (m *Moment) effect() *effectInfo {
	if m.Step == nil || m.Recipe.Cache.Exact() {
		return nil
	}
	var s *sim.Step // the latest of its head steps that chose
	for at := (m.Step.N+1)/m.perPass()*m.perPass() - 1; at >= 0 && (s == nil || s.Effect == nil); at -= m.perPass() {
		s = m.own(at)
	}
	if s == nil || s.Effect == nil {
		return nil
	}
	e := s.Effect
	info := &effectInfo{s.Pass, e.MaxDelta, e.KL, e.Token, m.labelled([]int{e.Token})[0][1].(string), s.Token, e.Changed}
	if c := s.Choice(); c != nil { // a person may have chosen another
		info.Chosen = c.Token
	}
	return info
}
