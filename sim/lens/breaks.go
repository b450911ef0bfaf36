package lens

import (
	"slices"

	"kvstep/sim/breakpoint"
)

// breaksLens is the room's breakpoints, and where the run has reached them.
var breaksLens = Lens{Name: "breaks", Of: OfRun, Needs: []Need{someBreaks}, Show: value(showBreaks)}

// BreaksInfo is where the breakpoints are reached.
type BreaksInfo struct {
	Points []string `json:"points"` // those of the break command
	// Hits are [step, index into points] of the recorded steps that reached one, without
	// those of token and layer:N, which every pass reaches at the same place.
	Hits [][2]int  `json:"hits" names:"step,point"`
	Here []HitInfo `json:"here"` // what is reached at the cursor
}

// HitInfo is a breakpoint that is reached, and by what.
type HitInfo struct {
	Point  string  `json:"point"`
	Head   *int    `json:"head,omitempty"`   // attend: the query head
	Query  *int    `json:"query,omitempty"`  // attend: its position
	Prob   float32 `json:"prob,omitempty"`   // attend: the probability it gives
	Bytes  Integer `json:"bytes,omitzero"`   // cache: held by the cache
	Before string  `json:"before,omitempty"` // top: label of the likeliest token before
	Now    string  `json:"now,omitempty"`    // top: and here
}

// showBreaks returns the room's breakpoints, and where the run has reached them.
func showBreaks(m *Moment) BreaksInfo {
	info := BreaksInfo{Points: []string{}, Hits: [][2]int{}, Here: []HitInfo{}}
	for _, p := range m.Breaks {
		info.Points = append(info.Points, p.String())
	}
	for i, h := range m.Hits {
		if h.Kind != breakpoint.Token && h.Kind != breakpoint.Layer { // the map of the run shows where those are
			info.Hits = append(info.Hits, [2]int{m.HitsAt[i], slices.Index(m.Breaks, h.Point)})
		}
		if m.Step != nil && m.HitsAt[i] == m.Step.N {
			info.Here = append(info.Here, hitOf(m, h))
		}
	}
	return info
}

func hitOf(m *Moment, h breakpoint.Hit) HitInfo {
	info := HitInfo{Point: h.String(), Bytes: Integer(h.Bytes)}
	switch h.Kind {
	case breakpoint.Attend:
		info.Head, info.Query, info.Prob = &h.Head, &h.Query, h.Prob
	case breakpoint.Top:
		info.Before, info.Now = m.Label(h.Before), m.Label(h.Now)
	}
	return info
}
