package lens

import (
	"kvstep/sim"
)

// passesLens is every pass of a batch.
var passesLens = Lens{Name: "passes", Of: OfCounts, Needs: []Need{open("schedule"), aBatch, aStep}, Show: bare(showPasses), Tensors: []Spec{
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
	all := schedulePasses(m)
	for pass, p := range all {
		for seq, q := range p.schedule.Requests {
			table[seq*passes+pass] = uint32(q.Rows)
		}
		table[n*passes+pass], table[(n+1)*passes+pass] = uint32(p.schedule.Padded), uint32(p.schedule.Idle)
		table[(n+2)*passes+pass], weights[pass] = p.chosen, p.weights
	}
	tensors := []Tensor{wholes("schedule", table, n+3, passes), counts("schedule_weights", [][]float64{weights})}
	return append(tensors, preemptedPasses(m, all)...)
}

// schedulePass is one pass of a batch.
type schedulePass struct {
	planned, schedule *sim.Schedule // after its first step, and after its last
	chosen            uint32        // tokens
	weights           float64       // bytes read
}

type schedulePassKey struct{}

// schedulePasses returns the passes of a batch up to the cursor.
func schedulePasses(m *Moment) []schedulePass {
	of := func(pass int, _ []schedulePass) (p schedulePass) {
		first, last := m.stepsOf(pass)
		p.planned, p.schedule = m.At(first).Schedule, m.At(last).Schedule
		for n := first; n <= last; n++ {
			s := m.At(n)
			p.weights += float64(s.Lanes[scheduleLane(s)].WeightBytes)
			for _, x := range everyone(s) {
				if x.Part == sim.HeadPart && x.Token >= 0 {
					p.chosen++
				}
			}
		}
		return p
	}
	return append(perPass(m.kept(), schedulePassKey{}, m.Step.Pass, of), of(m.Step.Pass, nil))
}

// scheduleLane returns the lane that the schedule tells of: the cached one, if it runs.
func scheduleLane(s *sim.Step) sim.Lane {
	if s.Counted[sim.Cached] {
		return sim.Cached
	}
	return sim.Uncached
}
