package run

import "kvstep/sim"

// over ends sequences that are done, and the run with the last of them.
func (e *engine) over(steps []*sim.Step) {
	for i, q := range e.live {
		q.end(steps[i].FinishReason, e.pass)
		if steps[i].Token >= 0 && q.first < 0 {
			if q.first = e.pass; e.prompts != nil {
				e.prompts.learn(q)
			}
		}
	}
	e.leave()
	for ; e.stuck(); e.leave() { // who came last gives up, until somebody can go on
		if e.prompts.forget() {
			continue
		}
		last := e.all[0]
		for _, q := range e.all {
			if q.running() {
				last = q
			}
		}
		last.end(sim.FinishMemory, e.pass)
	}
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

// stuck tells whether sequences are running, and for none of them there is
// memory for one more token.
func (e *engine) stuck() bool {
	running := false
	for _, q := range e.all {
		if !q.running() {
			continue
		}
		if q.cache == nil {
			return false
		}
		e.looked++
		if room, _ := q.cache.Reserve(1); room > 0 {
			return false
		}
		running = true
	}
	return running
}
