package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// useLens is what the cache takes, and with the panel `rows` open what its policy says of
// every row.
var useLens = Lens{Name: "use", Of: OfHead, Needs: []Need{aCache}, Show: both(showUse), Tensors: []Spec{
	{"cache_error", "U8", "[2, L, G, T]", "quantised rows of K and V: the largest error, as a share of `use.max_error`; beside the picture of an op only of the layer that is looked at (L = 1)"},
	{"cache_scale", "F16", "[2, L, G, T]", "the largest scale of the row, as the cache keeps it, 0 where it is in float32; not beside the picture of an op"},
	{"cache_received", "F16", "[G, T]", "heavy hitters: the attention that each row of the layer that is looked at has received so far, or until it was evicted; not beside the picture of an op"},
}}

// UseInfo is what the cache takes under its policy, and what the policy did in this step.
// What is wasted is allocated - used.
type UseInfo struct {
	Policy    string  `json:"policy"`                          // as kvstep trace --cache reads it
	Allocated Integer `json:"allocated"`                       // bytes held of the machine's memory
	Used      Integer `json:"used"`                            // bytes of them that are rows
	Budget    Integer `json:"budget,omitzero"`                 // bytes; 0: no limit
	Fits      *int    `json:"fits,omitempty"`                  // tokens that the budget has room for, predicted from the shape
	Table     []int   `json:"table,omitempty"`                 // paged: the block of each few tokens
	Refs      []int   `json:"refs,omitempty"`                  // paged: sequences that use each of them
	Free      []int   `json:"free,omitempty"`                  // paged: blocks given back
	Taken     []int   `json:"taken,omitempty"`                 // paged: blocks that the table did not have the step before
	Given     []int   `json:"given,omitempty"`                 // paged: blocks that it has no more
	Settled   *int    `json:"settled,omitempty"`               // groups along tokens: tokens that have their K in codes
	Coded     *[2]int `json:"coded,omitempty" names:"from,to"` // those that got them just before this step, from and to
	MaxError  float32 `json:"max_error,omitzero"`              // largest error of a quantised row: what 255 stands for in cache_error
	// ShortBy is how many bytes more were needed, where memory ended the run.
	ShortBy      Integer       `json:"want,omitzero"`
	Alternatives []Alternative `json:"ways,omitempty"` // how far other ways to keep the cache go in the same budget
}

// showUse returns with the open table of rows the policy's own numbers of them.
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
	u := m.Step.KV.Usage()
	info.Allocated, info.Used = Integer(u.Allocated), Integer(u.Used)
	info.Table, info.Refs, info.Free = u.Table, u.Refs, u.Free
	settled := 0
	if m.Step.N > 0 {
		if last := m.last(); last != nil && last.KV != nil {
			settled = last.KV.QuantisedLen()
		}
	}
	taken, freed := m.Step.KV.Blocks()
	info.Taken, info.Given = without(taken, freed), without(freed, taken)
	if m.several() {
		info.Taken, info.Given = movedBlocks(m, u)
	}
	if kv.TraitsOf(p).GroupTokens > 0 {
		now := m.Step.KV.QuantisedLen()
		info.Settled = &now
		if now > settled {
			info.Coded = &[2]int{settled, now}
		}
	}
	if m.Step.RunFinishReason == sim.FinishMemory && m.isSingle() {
		info.ShortBy = Integer(m.spec().ShortBy(p, 1))
		info.Alternatives = alternatives(m)
	}
	return info
}

// without returns the blocks of a that b has not.
func without(a, b []int) (rest []int) {
	for _, n := range a {
		if !slices.Contains(b, n) {
			rest = append(rest, n)
		}
	}
	return rest
}
