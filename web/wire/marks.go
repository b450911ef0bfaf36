package wire

import (
	"slices"

	"kvstep/sim"
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

// SortMarks returns marks in order, each once.
func SortMarks(marks []int) []int {
	if len(marks) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(marks)))
}
