package run

import (
	"kvstep/sim"
	"kvstep/sim/schedule"
)

// endSequences ends sequences that are done, and the run with the last of them.
func (e *engine) endSequences(steps []*sim.Step) {
	for i, q := range e.live {
		if steps[i].Token >= 0 && q.first < 0 {
			q.first = e.pass
			e.prefixes.insert(q)
		}
		q.end(steps[i].FinishReason, e.pass)
	}
	e.leave()
	for _, q := range e.all {
		if q.state == schedule.Running && !e.fitsAlone(q) { // the wall: no memory of others would help
			q.end(sim.FinishMemory, e.pass)
		}
	}
	e.leave()
	e.reserveFirst()
	done := ""
	for _, q := range e.all {
		if q.finishReason == "" {
			done = ""
			break
		}
		done = q.finishReason
	}
	for i, q := range e.live {
		s := steps[i]
		if s.FinishReason, s.RunFinishReason = q.finishReason, done; s.FinishReason != "" {
			s.Text += q.flush() // bytes of a character that will never be whole
		}
		s.GeneratedText = q.written.String()
	}
}

// leave lets sequences that have ended give their memory back.
func (e *engine) leave() {
	for _, q := range e.all {
		if q.state == schedule.Finished {
			q.free()
		}
	}
}

// reserveFirst lets the first that goes on take the memory of its next token when a pass
// ends, whether or not the next pass has it: that is in all traces so far.
func (e *engine) reserveFirst() {
	for _, q := range e.all {
		if q.state == schedule.Running && q.cache != nil {
			_, _ = q.cache.Reserve(1)
			return
		}
	}
}
