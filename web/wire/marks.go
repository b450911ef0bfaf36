package wire

import (
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
)

// MaxMarks is how many bookmarks one viewer may have.
const MaxMarks = 64

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

func (p *linkParser) breaks() []breakpoint.Point {
	list := p.values.Get("break")
	if list == "" {
		return nil
	}
	points, err := breakpoint.ParseList(strings.Split(list, ","))
	if err != nil && p.err == nil {
		p.err = err
	}
	return points
}

func (p *linkParser) marks() []int {
	marks := p.ints("mark")
	if err := checkMarks(marks); err != nil {
		if p.err == nil {
			p.err = err
		}
		return nil
	}
	return SortMarks(marks)
}

func joinPoints(points []breakpoint.Point) string {
	names := make([]string, len(points))
	for i, p := range points {
		names[i] = p.String()
	}
	return strings.Join(names, ",")
}
