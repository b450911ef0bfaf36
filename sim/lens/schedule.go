package lens

import (
	"kvstep/sim"
)

// scheduleLens is a pass of a batch.
var scheduleLens = Lens{Name: "schedule", Of: OfCounts, Needs: []Need{aBatch}, Show: value(showSchedule)}

// ScheduleInfo is a pass of a batch, and how far its requests have come. Before the first
// step everybody waits.
type ScheduleInfo struct {
	Requests []RequestProgress `json:"requests"`
	Rows     int               `json:"rows"`   // computed in this pass, of all sequences
	Padded   int               `json:"padded"` // static: rows that a rectangle of the longest would have beside them
	Idle     int               `json:"idle"`   // slots without a sequence that still works

	Recomputed *RecomputedInfo `json:"recomputed,omitempty"` // from the first time on that somebody was preempted
}

// RequestProgress is how far a request has come.
type RequestProgress struct {
	sim.RequestState
	GeneratedText string `json:"said"` // generated so far
}

// showSchedule has everybody wait before the first step.
func showSchedule(m *Moment) *ScheduleInfo {
	b := m.Recipe.Batch
	if m.Step == nil {
		info := &ScheduleInfo{Idle: b.Slots}
		for i, prompt := range m.plan().Prompts {
			arrive := 0
			if i > 0 {
				arrive = b.Requests[i-1].Arrive
			}
			info.Requests = append(info.Requests, RequestProgress{RequestState: sim.RequestState{
				State: sim.RequestWaiting, Arrive: arrive, Prompt: len(prompt), Started: -1, First: -1, Ended: -1}})
		}
		return info
	}
	s := m.Step.Schedule
	info := &ScheduleInfo{Rows: s.Rows, Padded: s.Padded, Idle: s.Idle}
	for seq, q := range s.Requests {
		info.Requests = append(info.Requests, RequestProgress{q, saidBy(m, seq)})
	}
	if s.Recomputed != nil {
		info.Recomputed = recomputedOf(m)
	}
	return info
}
