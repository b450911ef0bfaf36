package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
)

// Counters are those of kvstep trace; one that is left out is 0.
type Counters struct {
	Flops        FlopsByPart `json:"flops"`
	Elementwise  Integer     `json:"elementwise"`             // scalar operations outside matmuls
	KVTokens     Integer     `json:"kv_tokens,omitzero"`      // held in the cache by the layer just run
	KVBytes      Integer     `json:"kv_bytes,omitzero"`       // of K and V held, all layers
	KVReadBytes  Integer     `json:"kv_read_bytes,omitzero"`  // read from the cache
	KVWriteBytes Integer     `json:"kv_write_bytes,omitzero"` // appended
	WeightBytes  Integer     `json:"weight_bytes"`            // of weights read
	Seconds      float64     `json:"seconds,omitzero"`        // measured; everything else is counted
	// Untimed is how many of the steps nobody measured, since the lane waited (recipe.lanes);
	// seconds is then of the others.
	Untimed int `json:"untimed,omitzero"`
}

// FlopsByPart are those of matrix products.
type FlopsByPart struct {
	QKV    Integer `json:"qkv,omitzero"`
	Scores Integer `json:"scores,omitzero"`
	AV     Integer `json:"av,omitzero"`
	Out    Integer `json:"out,omitzero"`
	MLP    Integer `json:"mlp,omitzero"`
	Head   Integer `json:"head,omitzero"`
}

func splitFlops(c sim.Counters) FlopsByPart {
	f := c.Flops
	return FlopsByPart{
		QKV: Integer(f.QKV), Scores: Integer(f.Scores), AV: Integer(f.AV),
		Out: Integer(f.Out), MLP: Integer(f.MLP), Head: Integer(f.Head),
	}
}

func safe(c sim.Counters) (s Counters) {
	s.Flops = splitFlops(c)
	s.Elementwise, s.KVTokens, s.KVBytes = Integer(c.Elementwise), Integer(c.KVTokens), Integer(c.KVBytes)
	s.KVReadBytes, s.KVWriteBytes = Integer(c.KVReadBytes), Integer(c.KVWriteBytes)
	s.WeightBytes, s.Seconds, s.Untimed = Integer(c.WeightBytes), c.Seconds, c.Untimed
	return s
}

// Lanes are both; null is one that the run does not have.
type Lanes struct {
	Cached   *Counters `json:"cached"`
	Uncached *Counters `json:"uncached"`
	// Needed is what a cache would have left to pay, of a run that has no such lane: the rest was recomputed.
	Needed *FlopsByPart `json:"needed,omitempty"`
}

func (l *Lanes) set(lane sim.Lane, c sim.Counters) {
	counters := safe(c)
	if lane == sim.Cached {
		l.Cached = &counters
	} else {
		l.Uncached = &counters
	}
}

// LaneName names a lane.
type LaneName string

// The lanes by name.
const (
	LaneCached   LaneName = "cached"
	LaneUncached LaneName = "uncached"
)

var laneNames = [2]LaneName{LaneCached, LaneUncached}

// shape returns the model as a lane runs it. The cached lane's policy, if it lets
// tokens go, is a window in every layer; bytes of quantised rows a shape does not know.
func (m *Moment) shape(lane sim.Lane) cost.Shape {
	if lane == sim.Uncached {
		return cost.Of(m.Model.Model.Config)
	}
	return cost.Keeping(m.Model.Model.Config, kv.TraitsOf(m.Recipe.Cache).MaxTokens())
}

// fedTokens returns how many tokens prefill has read: the prompt, or what memory had room for.
func fedTokens(m *Moment) int {
	if m.Step.Pass == 0 {
		return m.Step.Rows
	}
	return m.Prompt
}

// asKept gives c the numbers of the cache that the run has counted itself: no
// switch changes them, and policies have their own.
func asKept(c, kept sim.Counters) sim.Counters {
	c.KVTokens, c.KVBytes, c.KVReadBytes, c.KVWriteBytes = kept.KVTokens, kept.KVBytes, kept.KVReadBytes, kept.KVWriteBytes
	c.Seconds, c.Untimed = kept.Seconds, kept.Untimed
	return c
}

// asRecipe reports whether this viewer counts as the run itself did.
func asRecipe(m *Moment) bool { return m.switches() == recipeSwitches(m.Recipe) }

// Recount returns what a lane paid in step s by the viewer's switches: the step's
// own counters where those are the recipe's, else the same shapes counted
// again. Time is measured, and no switch changes it.
func Recount(m *Moment, s *sim.Step, lane sim.Lane) sim.Counters {
	if asRecipe(m) {
		return s.Lanes[lane]
	}
	return asKept(countStep(m, s, lane, m.switches()), s.Lanes[lane])
}

// countStep counts a step of a lane, all sequences of its pass, by any switches.
func countStep(m *Moment, s *sim.Step, lane sim.Lane, sw cost.Switches) sim.Counters {
	peers, logits := s.PassSteps, 0
	if len(peers) == 0 {
		peers = []*sim.Step{s}
	}
	spans := make([]cost.Span, len(peers))
	for i, p := range peers {
		spans[i] = cost.Span{Rows: p.Rows, Cached: p.Cached}
		if lane == sim.Uncached {
			spans[i] = cost.Span{Rows: p.Cached + p.Rows}
		}
		if p.Output != nil {
			logits++
		}
		if p.Speculation != nil {
			logits += len(p.Speculation.Proposed)
		}
	}
	var c sim.Counters
	if s.Layer < 0 {
		c = m.shape(lane).UnembedOf(spans, logits, sw)
	} else {
		c = m.shape(lane).LayerOf(s.Layer, spans, sw)
	}
	if lane == sim.Uncached {
		c = cost.Uncached(c)
	}
	return c
}

// Recounted returns the sum of all steps up to s by the viewer's switches.
func Recounted(m *Moment, s *sim.Step, lane sim.Lane) sim.Counters {
	if asRecipe(m) {
		return s.Totals[lane]
	}
	if m.closed() {
		_, total := m.shape(lane).At(fedTokens(m), s.N, m.switches())
		return asKept(total[lane], s.Totals[lane])
	}
	sums := running(m.kept(), recountedKey{m.switches()}, s.Pass, func(pass int, sum [2]sim.Counters) [2]sim.Counters {
		first, last := m.stepsOf(pass)
		return recountSteps(m, first, last, sum)
	})
	total := recountSteps(m, s.Pass*m.perPass(), s.N, sums)
	return asKept(total[lane], s.Totals[lane])
}

// recountedKey names the sums of all passes by some switches.
type recountedKey struct{ cost.Switches }

// recountSteps adds steps [first, last] to the sums of both lanes.
func recountSteps(m *Moment, first, last int, sums [2]sim.Counters) [2]sim.Counters {
	for n := first; n <= last; n++ {
		for lane := range sums {
			sums[lane] = cost.Add(sums[lane], Recount(m, m.At(n), sim.Lane(lane)))
		}
	}
	return sums
}
