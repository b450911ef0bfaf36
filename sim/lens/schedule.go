package lens

import (
	"kvstep/sim"
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

// showSchedule is nil where the run is no batch. Before the first step everybody waits.
func showSchedule(m *Moment) *ScheduleInfo {
	b := m.Recipe.Batch
	if b == nil {
		return nil
	}
	if m.Step == nil {
		info := &ScheduleInfo{Idle: b.Slots}
		for i, prompt := range m.plan().Prompts {
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
		info.Requests = append(info.Requests, RequestInfo{q, saidBy(m, seq)})
	}
	return info
}
