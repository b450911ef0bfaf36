package wire

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
)

// MaxMarks is how many bookmarks one viewer may have.
const MaxMarks = 64

// breaksInfo is what a frame says of breakpoints.
type breaksInfo struct {
	Points []string  `json:"points"`
	Hits   [][2]int  `json:"hits"` // [step, index into points], those a reader cannot know beforehand
	Here   []hitInfo `json:"here"` // what is reached at the cursor
}

type hitInfo struct {
	Point  string  `json:"point"`
	Head   *int    `json:"head,omitempty"`  // attend: who looks
	Query  *int    `json:"query,omitempty"` // attend: its position
	Prob   float32 `json:"prob,omitempty"`
	Bytes  integer `json:"bytes,omitzero"`   // cache
	Before string  `json:"before,omitempty"` // top: the likeliest before
	Now    string  `json:"now,omitempty"`    // top: the likeliest here
}

// addBreaks puts breakpoints, bookmarks and, before the first step, the tokens
// that wait into the metadata. What there is none of is left out.
func (m *Moment) addBreaks(meta map[string]string) {
	if m.Step == nil && len(m.Waiting) > 0 {
		meta["waiting"] = text(m.labelled(m.asked()))
	}
	if len(m.Link.Marks) > 0 {
		meta["marks"] = text(m.Link.Marks)
	}
	if len(m.Link.Breaks) == 0 {
		return
	}
	info := breaksInfo{Points: []string{}, Hits: [][2]int{}, Here: []hitInfo{}}
	for _, p := range m.Link.Breaks {
		info.Points = append(info.Points, p.String())
	}
	for i, h := range m.Hits {
		if h.Kind != breakpoint.Token && h.Kind != breakpoint.Layer { // the map of the run shows where those are
			info.Hits = append(info.Hits, [2]int{m.HitsAt[i], slices.Index(m.Link.Breaks, h.Point)})
		}
		if m.Step != nil && m.HitsAt[i] == m.Step.N {
			info.Here = append(info.Here, m.hit(h))
		}
	}
	meta["breaks"] = text(info)
}

func (m *Moment) hit(h breakpoint.Hit) hitInfo {
	info := hitInfo{Point: h.String(), Bytes: integer(h.Bytes)}
	label := func(id int) string { return m.labelled([]int{id})[0][1].(string) }
	switch h.Kind {
	case breakpoint.Attend:
		info.Head, info.Query, info.Prob = &h.Head, &h.Query, h.Prob
	case breakpoint.Top:
		info.Before, info.Now = label(h.Before), label(h.Now)
	}
	return info
}

// checkMarks refuses bookmarks that no run has.
func checkMarks(marks []int) error {
	if len(marks) > MaxMarks {
		return sim.NewProblem("mark.many", "Have", len(marks), "Max", MaxMarks)
	}
	for _, n := range marks {
		if n < 0 {
			return sim.NewProblem("mark.range", "Have", n)
		}
	}
	return nil
}

// SortMarks is marks in order, each once.
func SortMarks(marks []int) []int {
	if len(marks) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(marks)))
}
