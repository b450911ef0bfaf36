package lens

import (
	"kvstep/sim"
)

type LedgerInfo struct {
	Step  lanes     `json:"step"`
	Total lanes     `json:"total"`
	Count CountInfo `json:"count"`
}

func showLedger(m *Moment) LedgerInfo {
	sw := m.switches()
	l := LedgerInfo{Count: CountInfo{sw.Unit, sw.Pairs, sw.Logits}}
	s := m.Step
	if s == nil {
		return l
	}
	for lane, slots := range [2][2]**counters{
		{&l.Step.Cached, &l.Total.Cached}, {&l.Step.Uncached, &l.Total.Uncached},
	} {
		if s.Ran[lane] {
			step, total := safe(Recount(m, s, sim.Lane(lane))), safe(Recounted(m, s, sim.Lane(lane)))
			*slots[0], *slots[1] = &step, &total
		}
	}
	return l
}

// CountInfo says what the ledger's numbers count.
type CountInfo struct {
	Unit   string `json:"unit"`
	Pairs  string `json:"pairs"`
	Logits string `json:"logits"`
}
