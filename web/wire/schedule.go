package wire

import (
	"encoding/binary"
	"kvstep/sim/run"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// scheduleInfo is a pass of a batch, and how far its requests have come.
type scheduleInfo struct {
	Requests []requestInfo `json:"requests"`
	Rows     int           `json:"rows"`
	Padded   int           `json:"padded"`
	Idle     int           `json:"idle"`
}

type requestInfo struct {
	sim.RequestState
	Said string `json:"said"`
}

// schedule is nil where the run is no batch. Before the first step everybody waits.
func (m *Moment) schedule() *scheduleInfo {
	b := m.Recipe.Batch
	if b == nil {
		return nil
	}
	if m.Step == nil {
		info := &scheduleInfo{Idle: b.Slots}
		for _, q := range m.plans() {
			info.Requests = append(info.Requests, requestInfo{RequestState: sim.RequestState{
				State: sim.RequestWaiting, Arrive: q.arrive, Prompt: len(q.prompt), Started: -1, First: -1, Ended: -1}})
		}
		return info
	}
	s := m.Step.Schedule
	info := &scheduleInfo{Rows: s.Rows, Padded: s.Padded, Idle: s.Idle}
	for seq, q := range s.Requests {
		info.Requests = append(info.Requests, requestInfo{q, m.saidBy(seq)})
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

// tight is rows of small whole numbers in as few bytes as they need.
func tight(name string, rows [][]float64) checkpoint.Tensor {
	most := 0.0
	for _, row := range rows {
		most = max(most, slices.Max(row))
	}
	t := checkpoint.Tensor{Name: name, DType: "U8", Shape: []int{len(rows), len(rows[0])}}
	if most > math.MaxUint8 {
		t.DType = "U16"
	}
	for _, row := range rows {
		for _, x := range row {
			if t.DType == "U8" {
				t.Data = append(t.Data, byte(x))
			} else {
				t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(x))
			}
		}
	}
	return t
}

// plan is a request as it is known before it runs.
type plan struct {
	prompt         []int
	maxNew, arrive int
	started        bool
	fed, chosen    int
}

// plans are the requests of a batch, the recipe's own prompt first.
func (m *Moment) plans() []*plan {
	r := m.Recipe
	b := r.Batch
	r.Batch = nil
	encode := func(prompt string, tokens []int, maxNew int) []int {
		r.Prompt, r.Tokens, r.MaxNew = prompt, tokens, maxNew
		ids, _ := m.Model.Prepare(r) // the run has prepared it already
		return ids
	}
	all := []*plan{{prompt: encode(r.Prompt, r.Tokens, r.MaxNew), maxNew: m.Recipe.MaxNew}}
	for _, q := range b.Requests {
		all = append(all, &plan{prompt: encode(q.Prompt, q.Tokens, q.MaxNew), maxNew: q.MaxNew, arrive: q.Arrive})
	}
	return all
}

func (q *plan) running() bool { return q.started && q.chosen < q.maxNew }

// planned is how many passes a batch has if every request goes to its maximum,
// finds memory at once and shares nothing: the schedule without the model.
func (m *Moment) planned() int {
	b, all := m.Recipe.Batch, m.plans()
	for pass := 0; ; pass++ {
		joinPlans(all, b, pass)
		left, idle := -1, true
		if b.Chunk > 0 && b.Schedule == sim.ScheduleContinuous {
			left = b.Chunk
		}
		for _, decoding := range []bool{true, false} {
			for _, q := range all {
				if !q.running() || (q.chosen > 0) != decoding || left == 0 {
					continue
				}
				idle = false
				left = q.feed(left)
			}
		}
		if idle {
			return pass
		}
	}
}

// joinPlans lets requests that wait join, as the run does.
func joinPlans(all []*plan, b *sim.Batch, pass int) {
	running := 0
	for _, q := range all {
		if q.running() {
			running++
		}
	}
	if b.Schedule == sim.ScheduleStatic && running > 0 {
		return
	}
	for _, q := range all {
		if q.started || running == b.Slots || q.arrive > pass && running > 0 {
			continue
		}
		q.started = true
		running++
	}
}

// feed gives a request what waits of it, as far as the pass has rows left (-1:
// any number), and says how many are left then.
func (q *plan) feed(left int) int {
	n := max(len(q.prompt)-q.fed, 1)
	if left >= 0 {
		n = min(n, left)
		left -= n
	}
	if q.fed += n; q.fed >= len(q.prompt) {
		q.chosen++
	}
	return left
}

// Length is how many steps the run has if it goes to its maximum.
func (m *Moment) Length() int {
	passes := max(m.Recipe.MaxNew, 1)
	if m.Recipe.Batch != nil {
		passes = m.planned()
	}
	return max(m.perPass()*passes, m.Recorded)
}

// Most is how many tokens the longest sequence of the run comes to hold.
func (m *Moment) Most() int {
	if m.Recipe.Batch == nil {
		return run.Fed(m.Prompt, m.Recipe.MaxNew)
	}
	most := 0
	for _, q := range m.plans() {
		most = max(most, run.Fed(len(q.prompt), q.maxNew))
	}
	return most
}

// asked are the tokens of the prompt that is looked at, before the first step.
func (m *Moment) asked() []int {
	if seq := m.Link.Pick.Seq; m.Recipe.Batch != nil && seq > 0 && seq <= len(m.Recipe.Batch.Requests) {
		return m.plans()[seq].prompt
	}
	return m.Waiting
}
