package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/mat"
)

// step fills in what is known of a sequence's step before the work is done.
func (e *engine) step(q *sequence, part sim.Part, layer int) *sim.Step {
	phase := sim.Decode
	if q.inPrefill() {
		phase = sim.Prefill
	}
	fed := q.cached + q.numScheduled
	s := &e.single
	if !e.isSingle() {
		s = new(sim.Step)
	}
	*s = sim.Step{
		N: e.n, Pass: e.pass, Phase: phase, Part: part, Layer: layer, Seq: q.id, Prompt: q.prompt,
		Rows: q.numScheduled, Cached: q.cached, Tokens: q.tokens[:fed:fed], Token: -1,
	}
	s.Counted = [2]bool{e.lanes[0] != nil, e.lanes[1] != nil}
	s.Ran = [2]bool{e.computes(sim.Cached, q), e.computes(sim.Uncached, q)}
	s.Differed = q.differed
	switch {
	case e.compares(q):
		s.Compared = fed
	case e.lanes[0] != nil && e.lanes[1] != nil:
		s.Compared = q.compared
	}
	if q.proposed != nil {
		proposed := *q.proposed // the head adds its verdicts to a copy
		s.Speculation = &proposed
	}
	return s
}

// isSingle reports whether the run has one sequence; steps of several know each other.
func (e *engine) isSingle() bool { return e.recipe.Batch == nil && e.decoder.width() == 1 }

// finish ends a pause of the pass, which all its sequences share: what it cost
// and whether the lanes agree in all of them.
func (e *engine) finish(steps []*sim.Step, paid [2]sim.Counters) sim.Step {
	for i, c := range paid {
		if e.lanes[i] != nil {
			e.totals[i] = cost.Add(e.totals[i], c)
		}
	}
	e.payRecomputed(steps[0].Layer)
	schedule := e.scheduled()
	for _, s := range steps {
		s.Identical = s.Differs == ""
		s.Lanes, s.Totals, s.Schedule = paid, e.totals, schedule
		if len(steps) > 1 || e.recipe.Batch != nil {
			s.PassSteps = steps
		}
	}
	e.n++
	return *steps[0]
}

// capture lets a step remember its rows and the cache as it stands. The cached lane
// computes in memory that is kept; the uncached lane's, most of whose rows are old,
// is used again.
func (e *engine) capture(q *sequence, s *sim.Step) {
	i := sim.Cached
	if e.lanes[i] == nil {
		i = sim.Uncached
	}
	if s.Part == sim.HeadPart {
		s.X = q.last
	} else {
		a, at := e.lanes[i].acts, q.at[i]
		kept := func(x mat.Matrix) mat.Matrix {
			x = x.Rows(at.from, at.from+at.m)
			if i == sim.Uncached && !e.once {
				x = e.rows.clone(x)
			}
			return x
		}
		if s.X = q.last; s.Layer == 0 { // otherwise what left one layer enters the next
			s.X = kept(a.X)
		}
		s.Out = kept(a.Out)
		q.last = s.Out
	}
	if q.cache == nil {
		return
	}
	done := e.m.Model.Config.Layers - 1
	if s.Part == sim.LayerPart {
		done = s.Layer
		if a, at := e.lanes[i].acts, q.at[i]; e.rows.kv && !e.once {
			q.history.Keep(s.Layer, a.K.Rows(at.from, at.from+at.m), a.V.Rows(at.from, at.from+at.m))
		}
	}
	s.KV = q.history.At(q.cache, done, s.Cached, s.Cached+s.Rows)
}
