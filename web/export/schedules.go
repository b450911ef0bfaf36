package export

import (
	"context"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/sim/run"
	"kvstep/web/limits"
)

// Served is what a batch came to under a schedule.
type Served struct {
	Passes      int              `json:"passes"`
	TTFT        float64          `json:"ttft"` // passes to the first token, mean of the requests
	TPOT        float64          `json:"tpot"` // passes to each later one, mean of those that have one
	Rows        int              `json:"rows"`
	Padded      int              `json:"padded"`
	Idle        int              `json:"idle"` // slots without work, summed over passes
	Slots       int              `json:"slots"`
	Tokens      int              `json:"tokens"`
	WeightBytes int64            `json:"weight_bytes"`
	Preempted   int              `json:"preempted,omitempty"`
	Recomputed  int              `json:"recomputed,omitempty"` // rows, because of that
	Requests    []RequestServing `json:"requests"`
}

// RequestServing is what one of its requests came to.
type RequestServing struct {
	TTFT   int      `json:"ttft"`
	TPOT   *float64 `json:"tpot"` // null with one token
	Tokens int      `json:"tokens"`
	Done   string   `json:"done"`
}

// schedules runs the batch of a link to its end under both schedules. Only the
// lane with a cache runs: the other one takes the same passes.
func schedules(ctx context.Context, models *library.Library, q Request, within limits.Limits) (*File, error) {
	if q.Recipe.Batch == nil {
		return nil, sim.NewProblem("take.batch")
	}
	ctx, cancel := context.WithTimeout(ctx, within.Patience())
	defer cancel()
	m, err := models.GetWhile(ctx, q.Recipe.Model)
	if err != nil {
		return nil, err
	}
	both := map[string]Served{}
	for _, schedule := range []string{sim.ScheduleStatic, sim.ScheduleContinuous} {
		r, b := q.Recipe, *q.Recipe.Batch
		b.Schedule = schedule
		r.Batch, r.Lanes = &b, "cached"
		if both[schedule], err = serve(ctx, m, r, within); err != nil {
			return nil, err
		}
	}
	return &File{Name: "schedules.json", Type: "application/json; charset=utf-8", Data: plain.JSON(both)}, nil
}

// serve runs a batch to its end.
func serve(ctx context.Context, m *library.Loaded, r sim.Recipe, within limits.Limits) (Served, error) {
	x := Served{Slots: r.Batch.Slots}
	t := turn{pool: workers}
	if err := t.begin(ctx); err != nil {
		return x, late(err, 0, within)
	}
	defer t.end()
	var last *sim.Schedule
	for s, err := range run.Once(ctx, m, r, func() float64 { return 0 }) {
		if err == nil {
			err = t.pass(ctx)
		}
		if err != nil {
			return x, late(err, s.N, within)
		}
		x.WeightBytes += s.Lanes[sim.Cached].WeightBytes
		if s.Part == sim.HeadPart {
			last = s.Schedule
			x.Passes, x.Rows, x.Padded, x.Idle = s.Pass+1, x.Rows+last.Rows, x.Padded+last.Padded, x.Idle+last.Idle
		}
	}
	later := 0
	for _, q := range last.Requests {
		x.Preempted, x.Recomputed = x.Preempted+q.Preempted, x.Recomputed+q.Recomputed
		one := RequestServing{Tokens: q.NumGenerated, Done: q.FinishReason}
		if q.First >= 0 {
			one.TTFT = q.First - min(q.Arrive, q.Started) + 1
		}
		if q.NumGenerated > 1 {
			each := float64(q.Ended-q.First) / float64(q.NumGenerated-1)
			one.TPOT = &each
			x.TPOT, later = x.TPOT+each, later+1
		}
		x.TTFT, x.Tokens = x.TTFT+float64(one.TTFT), x.Tokens+q.NumGenerated
		x.Requests = append(x.Requests, one)
	}
	x.TTFT /= float64(len(last.Requests))
	if later > 0 {
		x.TPOT /= float64(later)
	}
	return x, nil
}
