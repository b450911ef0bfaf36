package lens

import (
	"kvstep/sim"
)

// passesLens is every pass of a batch.
var passesLens = Lens{Name: "passes", Needs: []Need{open("schedule"), aBatch, aStep}, Show: bare(showPasses), Tensors: []Spec{
	{"schedule", "U8, U16 or U32", "[requests + 3, passes up to the cursor]", "rows of each request; then padded rows, idle slots and tokens generated"},
	{"schedule_weights", "U32 or F64", "[1, passes]", "bytes of weights that each pass has read so far, of the cached lane if it runs"},
	{"schedule_recomputed", "U8, U16 or U32", "[requests, passes]", "where somebody was preempted: of the rows, those that had been computed before"},
	{"schedule_preempted", "U8", "[requests, passes]", "1: the request has given its blocks back and waits"},
}}

// showPasses returns the passes of a batch up to the cursor, as tensors: the rows of each request in each
// of them, then of all together padded rows, idle slots and tokens generated; and
// the bytes of weights that the pass has read so far.
func showPasses(m *Moment) []Tensor {
	n, passes := len(m.Step.Schedule.Requests), m.Step.Pass+1
	table := make([]uint32, (n+3)*passes)
	weights := make([]float64, passes)
	for at := range m.Step.N + 1 {
		s := m.At(at)
		weights[s.Pass] += float64(s.Lanes[scheduleLane(s)].WeightBytes)
		for seq, q := range s.Schedule.Requests {
			table[seq*passes+s.Pass] = uint32(q.Rows)
		}
		table[n*passes+s.Pass], table[(n+1)*passes+s.Pass] = uint32(s.Schedule.Padded), uint32(s.Schedule.Idle)
		for _, p := range everyone(s) {
			if p.Part == sim.HeadPart && p.Token >= 0 {
				table[(n+2)*passes+s.Pass]++
			}
		}
	}
	tensors := []Tensor{wholes("schedule", table, n+3, passes), counts("schedule_weights", [][]float64{weights})}
	return append(tensors, preemptedPasses(m)...)
}

// scheduleLane returns the lane that the schedule tells of: the cached one, if it runs.
func scheduleLane(s *sim.Step) sim.Lane {
	if s.Counted[sim.Cached] {
		return sim.Cached
	}
	return sim.Uncached
}
