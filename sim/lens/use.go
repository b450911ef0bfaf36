package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// UseInfo is what the cache takes under its policy, and what the policy did in
// this step. What is wasted is allocated - used.
type UseInfo struct {
	Policy    string  `json:"policy"` // as kv.Parse reads it
	Allocated Integer `json:"allocated"`
	Used      Integer `json:"used"`
	Budget    Integer `json:"budget,omitzero"` // 0: no limit
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
	Want Integer `json:"want,omitzero"`
	Ways []way   `json:"ways,omitempty"`
}

// showUse is nil where there is no cache. With the open table of rows come the policy's
// own numbers of them.
func showUse(m *Moment) (*UseInfo, []Tensor) {
	info := useOf(m)
	if m.View.shows("rows") {
		return info, policyRows(m, info)
	}
	return info, nil
}

func useOf(m *Moment) *UseInfo {
	p := m.Recipe.Cache
	info := &UseInfo{Policy: kv.Text(p), Budget: Integer(p.Budget)}
	if p.Budget > 0 && m.isSingle() { // several sequences share the budget, and none of them has it alone
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
	info.Allocated, info.Used = Integer(u.Allocated), Integer(u.Used)
	info.Table, info.Refs, info.Free = u.Table, u.Refs, u.Free
	settled := 0
	if m.Step.N > 0 {
		if last := m.last(); last != nil && last.KV != nil {
			settled = quantisedLen(last)
		}
	}
	if v, ok := m.Step.KV.(kv.View); ok {
		taken, freed := v.Blocks()
		info.Taken, info.Given = without(taken, freed), without(freed, taken)
	}
	if m.several() {
		info.Taken, info.Given = movedBlocks(m, u)
	}
	if kv.TraitsOf(p).GroupTokens > 0 {
		now := quantisedLen(m.Step)
		info.Settled = &now
		if now > settled {
			info.Coded = &[2]int{settled, now}
		}
	}
	if m.Step.RunFinishReason == sim.FinishMemory && m.isSingle() {
		info.Want = Integer(m.spec().Want(p, 1))
		info.Ways = alternatives(m)
	}
	return info
}

// quantisedLen is how many positions have K in codes at a step.
func quantisedLen(s *sim.Step) int {
	if v, ok := s.KV.(kv.View); ok {
		return v.QuantisedLen()
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
