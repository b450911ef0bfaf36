package lens

import (
	"encoding/binary"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// ScheduleInfo is a pass of a batch, and how far its requests have come.
type ScheduleInfo struct {
	Requests []RequestInfo `json:"requests"`
	Rows     int           `json:"rows"`
	Padded   int           `json:"padded"`
	Idle     int           `json:"idle"`
}

type RequestInfo struct {
	sim.RequestState
	Said string `json:"said"`
}

// schedule is nil where the run is no batch. Before the first step everybody waits.
func (m *Moment) schedule() *ScheduleInfo {
	b := m.Recipe.Batch
	if b == nil {
		return nil
	}
	if m.Step == nil {
		info := &ScheduleInfo{Idle: b.Slots}
		for i, prompt := range m.prompts() {
			arrive := 0
			if i > 0 {
				arrive = b.Requests[i-1].Arrive
			}
			info.Requests = append(info.Requests, RequestInfo{RequestState: sim.RequestState{
				State: sim.RequestWaiting, Arrive: arrive, Prompt: len(prompt), Started: -1, First: -1, Ended: -1}})
		}
		return info
	}
	s := m.Step.Schedule
	info := &ScheduleInfo{Rows: s.Rows, Padded: s.Padded, Idle: s.Idle}
	for seq, q := range s.Requests {
		info.Requests = append(info.Requests, RequestInfo{q, m.saidBy(seq)})
	}
	return info
}

// scheduled is the passes of a batch up to the cursor, as tensors: the rows of each request in each
// of them, then of all together padded rows, idle slots and tokens generated; and
// the bytes of weights that the pass has read so far.
func (m *Moment) scheduled() []checkpoint.Tensor {
	if m.Recipe.Batch == nil || m.Step == nil {
		return nil
	}
	n, passes := len(m.Step.Schedule.Requests), m.Step.Pass+1
	table := make([][]float64, n+3)
	for i := range table {
		table[i] = make([]float64, passes)
	}
	weights := make([]float64, passes)
	for at := range m.Step.N + 1 {
		s := m.At(at)
		weights[s.Pass] += float64(s.Lanes[kept(s)].WeightBytes)
		for seq, q := range s.Schedule.Requests {
			table[seq][s.Pass] = float64(q.Rows)
		}
		table[n][s.Pass], table[n+1][s.Pass] = float64(s.Schedule.Padded), float64(s.Schedule.Idle)
		for _, p := range everyone(s) {
			if p.Part == sim.HeadPart && p.Token >= 0 {
				table[n+2][s.Pass]++
			}
		}
	}
	return []checkpoint.Tensor{tight("schedule", table), counts("schedule_weights", [][]float64{weights})}
}

// kept is the lane that the schedule tells of: the cached one, if it runs.
func kept(s *sim.Step) sim.Lane {
	if s.Ran[sim.Cached] {
		return sim.Cached
	}
	return sim.Uncached
}

// tight is rows of whole numbers below 2^32 in as few bytes as they need.
func tight(name string, rows [][]float64) checkpoint.Tensor {
	most := 0.0
	for _, row := range rows {
		most = max(most, slices.Max(row))
	}
	t := checkpoint.Tensor{Name: name, DType: "U8", Shape: []int{len(rows), len(rows[0])}}
	switch {
	case most > math.MaxUint16:
		t.DType = "U32"
	case most > math.MaxUint8:
		t.DType = "U16"
	}
	for _, row := range rows {
		for _, x := range row {
			switch t.DType {
			case "U8":
				t.Data = append(t.Data, byte(x))
			case "U16":
				t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(x))
			default:
				t.Data = binary.LittleEndian.AppendUint32(t.Data, uint32(x))
			}
		}
	}
	return t
}
