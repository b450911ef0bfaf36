package lens

import (
	"kvstep/sim"
)

// ledgerLens is what both lanes paid, in this step and in all so far.
var ledgerLens = Lens{Name: "ledger", Of: OfCounts, Show: value(showLedger)}

// LedgerInfo is what both lanes paid.
type LedgerInfo struct {
	Step  Lanes     `json:"step"`
	Total Lanes     `json:"total"` // all steps up to the cursor
	Count CountInfo `json:"count"`
}

func showLedger(m *Moment) LedgerInfo {
	sw := m.switches()
	l := LedgerInfo{Count: CountInfo{sw.Unit, sw.Pairs, sw.Logits}}
	s := m.Step
	if s == nil {
		return l
	}
	for lane, slots := range [2][2]**Counters{
		{&l.Step.Cached, &l.Total.Cached}, {&l.Step.Uncached, &l.Total.Uncached},
	} {
		if s.Counted[lane] {
			step, total := safe(Recount(m, s, sim.Lane(lane))), safe(Recounted(m, s, sim.Lane(lane)))
			*slots[0], *slots[1] = &step, &total
		}
	}
	return l
}

// CountInfo says what the numbers count: the viewer's switches, whatever the recipe counted.
type CountInfo struct {
	Unit   string `json:"unit"`   // flop or mac
	Pairs  string `json:"pairs"`  // allowed or dense
	Logits string `json:"logits"` // last or all
}
