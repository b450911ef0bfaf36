package wire

import (
	"strconv"

	"kvstep/sim"
	"kvstep/sim/lens"
)

// putBeyond writes what a link says of its run beyond the step that it names: how far
// the run is recorded, that a person has ended it there, and how many other runs there
// were beside it, of which a link names none.
func (l Link) putBeyond(put func(key, value, unless string)) {
	put("to", strconv.Itoa(l.Recorded-1), "-1")
	if l.Over {
		put("ended", sim.FinishStop, "")
	}
	put("others", strconv.Itoa(l.Others), "0")
}

func (p *linkParser) beyond(l *Link) {
	l.Recorded, l.Others = p.int("to", -1)+1, p.int("others", 0)
	if l.Recorded < 0 {
		p.refuse("to")
	}
	if l.Others < 0 || l.Others >= lens.MaxBranches {
		p.refuse("others")
	}
	if ended := p.values.Get("ended"); ended == sim.FinishStop {
		l.Over = true
	} else if ended != "" {
		p.refuse("ended")
	}
}

// Alone is the link without what it says beyond its step.
func (l Link) Alone() Link {
	l.Recorded, l.Over, l.Others = 0, false, 0
	return l
}
