package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// RecomputedInfo is what requests that were preempted have computed again so far: part of what the cached lane pays.
type RecomputedInfo struct {
	Rows  int     `json:"rows"`  // tokens
	Flops Integer `json:"flops"` // or MACs if those are counted
}

// recomputedOf sums what was computed again up to the cursor.
func recomputedOf(m *Moment) *RecomputedInfo {
	sum := running(m.kept(), recomputedKey{m.switches()}, m.Step.Pass, func(pass int, sum int64) int64 {
		return sum + recomputedIn(m, pass)
	})
	return &RecomputedInfo{Rows: m.Step.Schedule.Recomputed.TotalRows, Flops: Integer(sum + recomputedIn(m, m.Step.Pass))}
}

// recomputedKey names the sums of all passes by some switches.
type recomputedKey struct{ cost.Switches }

// recomputedIn sums what a pass has computed again, up to the cursor.
func recomputedIn(m *Moment, pass int) (flops int64) {
	first, last := m.stepsOf(pass)
	for _, p := range everyone(m.At(first)) {
		flops += recomputedFlops(m, p, last-first+1)
	}
	return flops
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

// recomputedFlops returns what the first so many steps of a sequence's pass pay for tokens
// that it had computed before: what they cost more than the rest of its rows.
func recomputedFlops(m *Moment, s *sim.Step, steps int) (paid int64) {
	again := recomputing(s)
	if again == 0 {
		return 0
	}
	sw, shape := m.switches(), m.shape(sim.Cached)
	price := func(rows, cached int) (paid int64) {
		if rows == 0 {
			return 0
		}
		span := []cost.Span{{Rows: rows, Cached: cached}}
		layers := shape.LayersOf(nil, span, sw)
		for _, c := range layers[:min(steps, len(layers))] {
			paid += cost.Headline(c, sw)
		}
		if steps > len(layers) && sw.Logits == "all" { // else no logits are of these rows
			paid += cost.Headline(shape.UnembedOf(span, 0, sw), sw)
		}
		return paid
	}
	return price(s.Rows, s.Cached) - price(s.Rows-again, s.Cached+again)
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
			event := PassEvent{Kind: EventPreempt, Seq: seq}
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
			events = append(events, PassEvent{Kind: EventRecompute, Seq: seq, Rows: q.Recomputing,
				Tokens: q.Recomputed, Paid: Integer(recomputedFlops(m, p, m.perPass()))})
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

// preemptedPasses returns, for each request and pass, the rows that were recomputed, and
// whether the request had given its blocks back.
func preemptedPasses(m *Moment, all []schedulePass) []Tensor {
	if m.Step.Schedule.Recomputed == nil {
		return nil
	}
	n, passes := len(m.Step.Schedule.Requests), m.Step.Pass+1
	rows, away := make([]uint32, n*passes), make([]uint32, n*passes)
	for pass, p := range all {
		for seq, q := range p.planned.Requests {
			rows[seq*passes+pass] = uint32(q.Recomputing)
			if q.State == sim.RequestPreempted {
				away[seq*passes+pass] = 1
			}
		}
	}
	return []Tensor{wholes("schedule_recomputed", rows, n, passes), wholes("schedule_preempted", away, n, passes)}
}
