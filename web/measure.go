package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"kvstep/sim"
	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/sim/library"
)

// What a measurement may take.
const (
	maxMeasured = 240 // new tokens; runs without the cache grow with their square
	maxKept     = 64  // measurements in memory
)

// measureKey is what times depend on.
type measureKey struct {
	model, pairs, logits string
	prompt, made         int
}

func keyOf(a plotAsk) measureKey {
	return measureKey{a.name, a.sw.Pairs, a.sw.Logits, a.job.Prompt, min(a.job.New, maxMeasured)}
}

// measurements are the medians of runs on this machine, taken one at a time: two
// at once would measure each other.
type measurements struct {
	busy chan struct{}

	mu     sync.Mutex
	cached map[measureKey]chart.Measured
}

func newMeasurements() *measurements {
	return &measurements{busy: make(chan struct{}, 1), cached: map[measureKey]chart.Measured{}}
}

func (m *measurements) get(a plotAsk) (chart.Measured, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	got, ok := m.cached[keyOf(a)]
	return got, ok && a.here
}

func (m *measurements) put(k measureKey, got chart.Measured) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.cached) >= maxKept { // whoever looks again can measure again
		clear(m.cached)
	}
	m.cached[k] = got
}

// run measures, unless it is known; another that is under way is Problem
// "plot.busy".
func (m *measurements) run(ctx context.Context, model *library.Loaded, k measureKey) error {
	select {
	case m.busy <- struct{}{}:
		defer func() { <-m.busy }()
	default:
		return sim.NewProblem("plot.busy")
	}
	started := time.Now()
	clock := func() float64 { return time.Since(started).Seconds() }
	got, err := chart.Measure(ctx, model, k.prompt, k.made, cost.Switches{Pairs: k.pairs, Logits: k.logits}, clock)
	if err == nil {
		m.put(k, got)
	}
	return err
}

// measure serves the button: it runs the engine, and leads back to the figures.
// It stops when whoever pressed it has gone.
func (p *plots) measure(w http.ResponseWriter, r *http.Request) {
	// It takes longer than other answers may; and the deadline for reading would
	// end the request's context too.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Now().Add(p.measureWait + 10*time.Second))
	a, err := p.parse(r, r.URL.Query())
	if err == nil && !a.here {
		err = sim.NewProblem("plot.published", "Model", a.name)
	}
	if err != nil {
		p.render(w, r, http.StatusUnprocessableEntity, a, err)
		return
	}
	if _, known := p.measured.get(a); !known {
		ctx, cancel := context.WithTimeout(r.Context(), p.measureWait)
		defer cancel()
		m, err := p.models.GetWhile(ctx, a.Model)
		if err == nil {
			err = p.measured.run(ctx, m, keyOf(a))
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = sim.NewProblem("plot.slow", "Seconds", int(p.measureWait.Seconds()))
		}
		if err != nil {
			p.render(w, r, statusOf(w, err), a, err)
			return
		}
	}
	http.Redirect(w, r, "/plots?"+a.query()+"&lang="+a.lang+"#time", http.StatusSeeOther)
}
