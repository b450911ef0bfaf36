package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// RecomputedInfo is what requests that were preempted compute again, in the passes up to
// this one: part of what the cached lane pays.
type RecomputedInfo struct {
	Rows  int     `json:"rows"`  // tokens
	Flops Integer `json:"flops"` // or MACs if those are counted
}

// recomputedOf sums what was computed again.
func recomputedOf(m *Moment) *RecomputedInfo {
	info := &RecomputedInfo{Rows: m.Step.Schedule.Recomputed.TotalRows}
	for pass := range m.Step.Pass + 1 {
		s := m.At(pass * m.perPass())
		for _, p := range everyone(s) {
			info.Flops += Integer(recomputedFlops(m, p))
		}
	}
	return info
}

// preempted returns how often the sequence of a step has given its blocks back.
func preempted(s *sim.Step) int {
	if s.Schedule == nil {
		return 0
	}
	return s.Schedule.Requests[s.Seq].Preempted
}

// recomputing returns how many rows of its pass a sequence had computed before.
func recomputing(s *sim.Step) int {
	if s.Schedule == nil {
		return 0
	}
	return s.Schedule.Requests[s.Seq].Recomputing
}

// recomputedFlops returns what a sequence's pass pays for tokens that it had computed before:
// what it costs more than the rest of its rows.
func recomputedFlops(m *Moment, s *sim.Step) int64 {
	again := recomputing(s)
	if again == 0 {
		return 0
	}
	sw := m.switches()
	sw.Logits = "all" // the logits of others are no work of these rows
	pass := func(rows, cached int) sim.Counters {
		c := m.shape(sim.Cached).Pass(rows, cached, sw)
		if m.switches().Logits == "last" {
			c.Flops.Head = 0
		}
		return c
	}
	paid := cost.Headline(pass(s.Rows, s.Cached), sw)
	if s.Rows > again {
		paid -= cost.Headline(pass(s.Rows-again, s.Cached+again), sw)
	}
	return paid
}

// preemptEvents tells who gave its blocks back before this pass, and who is recomputed in it.
func preemptEvents(m *Moment) []PassEvent {
	var events []PassEvent
	s := m.Step
	for seq, q := range s.Schedule.Requests {
		before := sim.RequestState{}
		if at := headBefore(m, s); at >= 0 {
			before = m.At(at).Schedule.Requests[seq]
		}
		if q.Preempted > before.Preempted {
			event := PassEvent{Kind: "preempt", Seq: seq}
			if last := lastOf(m, seq, headBefore(m, s)); last != nil {
				event.Tokens = last.Cached + last.Committed()
				if last.KV != nil {
					event.Blocks = last.KV.Usage().Table
				}
			}
			events = append(events, event)
		}
		if q.Recomputing > 0 {
			p := s.ForSequence(seq)
			events = append(events, PassEvent{Kind: "recompute", Seq: seq, Rows: q.Recomputing,
				Tokens: q.Recomputed, Paid: Integer(recomputedFlops(m, p))})
		}
	}
	return events
}

// lastOf returns the latest step of a sequence up to step n, nil for none.
func lastOf(m *Moment, seq, n int) *sim.Step {
	for ; n >= 0; n -= m.perPass() {
		if s := m.At(n).ForSequence(seq); s.Seq == seq {
			return s
		}
	}
	return nil
}

// preemptedPasses are, for each request and pass, the rows that were recomputed, and
// whether the request had given its blocks back.
func preemptedPasses(m *Moment) []Tensor {
	if m.Step.Schedule.Recomputed == nil {
		return nil
	}
	n, passes := len(m.Step.Schedule.Requests), m.Step.Pass+1
	rows, away := make([]uint32, n*passes), make([]uint32, n*passes)
	for pass := range passes {
		for seq, q := range m.At(pass * m.perPass()).Schedule.Requests {
			rows[seq*passes+pass] = uint32(q.Recomputing)
			if q.State == sim.RequestPreempted {
				away[seq*passes+pass] = 1
			}
		}
	}
	return []Tensor{wholes("schedule_recomputed", rows, n, passes), wholes("schedule_preempted", away, n, passes)}
}
