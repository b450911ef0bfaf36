package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/cost"
)

// EventKind says what happened.
type EventKind string

const (
	EventJoin      EventKind = "join"
	EventReuse     EventKind = "reuse"
	EventChunk     EventKind = "chunk"
	EventLeave     EventKind = "leave"
	EventPreempt   EventKind = "preempt"
	EventRecompute EventKind = "recompute"
	EventCopy      EventKind = "copy"
	EventPart      EventKind = "part"
	EventDrop      EventKind = "drop"
	EventFinish    EventKind = "finish"
)

// PassEvent is something that happened to one sequence in this step, by kind:
// join (prompt, waited), reuse (tokens of prompt were found in the cache, saved),
// chunk (rows of the prompt were fed, tokens so far), leave (why, tokens),
// preempt (it gave blocks with tokens back), recompute (rows that it had computed before,
// for paid; tokens so far),
// copy (block from was copied to to), part (a beam is continued into so many),
// drop (it is not continued), finish (text, score, why).
type PassEvent struct {
	Kind   EventKind `json:"kind"`
	Seq    int       `json:"seq"`
	Tokens int       `json:"tokens,omitempty"`
	Prompt int       `json:"prompt,omitempty"` // tokens
	Rows   int       `json:"rows,omitempty"`
	Waited int       `json:"waited,omitempty"` // passes
	Saved  Integer   `json:"saved,omitempty"`  // FLOPs, or MACs if those are counted
	Paid   Integer   `json:"paid,omitempty"`   // FLOPs, or MACs
	Blocks []int     `json:"blocks,omitempty"`
	From   int       `json:"from,omitempty"` // block
	To     int       `json:"to,omitempty"`   // block
	Into   int       `json:"into,omitempty"` // beams
	Why    string    `json:"why,omitempty"`
	Text   string    `json:"text,omitempty"`
	Score  *Score    `json:"score,omitempty"`
}

// eventsOf returns what happened: at the first step of a pass, when it is known who is in
// it, and at the head, when it is known who leaves.
func eventsOf(m *Moment, copies [][][2]int) []PassEvent {
	events := []PassEvent{}
	s := m.Step
	switch {
	case s.Layer == 0 && s.Schedule != nil:
		events = joinEvents(m)
	case s.Layer == 0:
		for i, p := range everyone(s) {
			for _, c := range copies[i] {
				events = append(events, PassEvent{Kind: EventCopy, Seq: p.Seq, From: c[0], To: c[1]})
			}
		}
	case s.Part == sim.HeadPart && s.Schedule != nil:
		for _, p := range everyone(s) {
			if p.FinishReason != "" {
				events = append(events, PassEvent{Kind: EventLeave, Seq: p.Seq, Why: p.FinishReason, Tokens: s.Schedule.Requests[p.Seq].NumGenerated})
			}
		}
	case s.Beams != nil:
		events = beamEvents(m)
	}
	return events
}

// joinEvents tells who is new in the pass, what of their prompts was in the cache
// already, and whose prompt is fed in pieces.
func joinEvents(m *Moment) []PassEvent {
	events, s := []PassEvent{}, m.Step
	for seq, q := range s.Schedule.Requests {
		if q.Started != s.Pass {
			continue
		}
		events = append(events, PassEvent{Kind: EventJoin, Seq: seq, Prompt: q.Prompt, Waited: max(s.Pass-q.Arrive, 0)})
		if q.Reused > 0 {
			events = append(events, PassEvent{Kind: EventReuse, Seq: seq, Tokens: q.Reused, Prompt: q.Prompt, Saved: Integer(savedFlops(m, q))})
		}
	}
	if s.Schedule.Recomputed != nil {
		events = append(events, preemptEvents(m)...)
	}
	for _, p := range everyone(s) {
		q := s.Schedule.Requests[p.Seq]
		if p.Phase == sim.Prefill && q.Recomputing < p.Rows && p.Rows < p.Prompt-q.Reused && p.Cached < p.Prompt {
			events = append(events, PassEvent{Kind: EventChunk, Seq: p.Seq, Rows: p.Rows, Tokens: p.Cached + p.Rows, Prompt: p.Prompt})
		}
	}
	return events
}

// savedFlops returns what it would have cost to compute the tokens of a prompt that were
// found in the cache.
func savedFlops(m *Moment, q sim.RequestState) int64 {
	lane := sim.Cached
	sw := m.switches()
	whole := m.shape(lane).Pass(q.Prompt, 0, sw)
	rest := m.shape(lane).Pass(q.Prompt-q.Reused, q.Reused, sw)
	return cost.Headline(whole, sw) - cost.Headline(rest, sw)
}

// beamEvents tells which beams are continued more than once or not at all, and
// which texts were finished.
func beamEvents(m *Moment) []PassEvent {
	s := m.Step
	events, children := []PassEvent{}, map[int]int{}
	for _, b := range s.Beams.Live {
		children[b.Parent]++
	}
	for i, p := range everyone(s) {
		switch n := children[i]; {
		case n > 1:
			events = append(events, PassEvent{Kind: EventPart, Seq: p.Seq, Into: n})
		case n == 0 && s.RunFinishReason == "" && !finishedFrom(s.Beams, beamsBefore(m, s), saidOf(m, p)):
			events = append(events, PassEvent{Kind: EventDrop, Seq: p.Seq})
		}
	}
	for _, f := range newly(s.Beams, beamsBefore(m, s)) {
		score := Score(f.Score)
		events = append(events, PassEvent{Kind: EventFinish, Text: f.Text, Score: &score, Why: f.FinishReason})
	}
	return events
}

// newly returns the texts that were finished in the pass.
func newly(now, before *sim.Beams) (fresh []sim.Finished) {
	for _, f := range now.Finished {
		if before == nil || !slices.ContainsFunc(before.Finished, func(old sim.Finished) bool { return slices.Equal(old.Tokens, f.Tokens) }) {
			fresh = append(fresh, f)
		}
	}
	return fresh
}

// finishedFrom reports whether a beam of the pass ended as a finished text.
func finishedFrom(now, before *sim.Beams, said string) bool {
	return slices.ContainsFunc(newly(now, before), func(f sim.Finished) bool { return f.Text == said })
}
