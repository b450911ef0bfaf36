package lens

import (
	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/cost"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// Moment is the cursor of a tape as one viewer sees it.
type Moment struct {
	Model    *library.Loaded
	Recipe   sim.Recipe
	Prompt   int // tokens of the prompt
	Recorded int // steps on the tape
	Ended    string
	Running  bool // the server is stepping on by itself

	Step *sim.Step             // at the cursor; nil before the first step
	From *sim.Step             // the step whose matrices are shown; nil when there is none
	Text string                // generated so far
	At   func(n int) *sim.Step // any step up to the cursor
	View View

	Branch   int            // the one on screen, in a room that keeps several
	Branches []Branch       // all of them, oldest first; none where there is only one
	Evicted  *EvictedBranch // the last one that had to go
	Held     int64          // bytes of the rows of all, shared ones once
	Keeps    int            // how many runs the room keeps; 0: MaxBranches

	Kept *Kept // what earlier frames have worked out of this run; nil: nothing

	Models *library.Library // other models that a run out of memory could go to; nil: none

	Waiting []int     // ids of the prompt, told before the first step
	Short   *Short    // the run's memory, where it has not enough for all its tokens
	Plan    *run.Plan // of the recipe; nil: it is made when it is asked for
	Breaks  []breakpoint.Point
	Hits    []breakpoint.Hit // of Breaks, in all recorded steps, in order
	HitsAt  []int            // their steps
	Marks   []int            // bookmarked steps of this viewer, in order

	// Beside is how many bytes travel beside the picture of all heads, by lenses that crowd it.
	Beside int

	explain  *explain.Run          // of these steps, see Explained
	recorded func(n int) *sim.Step // as they are recorded, of whichever sequence
	beam     func(pass int) int    // the beam of a pass that the picked one continues; nil: no beam search
}

// Layer returns the layer that is looked at: the picked one, or the cursor's.
func (m *Moment) Layer() int {
	switch last := m.Model.Model.Config.Layers - 1; {
	case m.View.Layer != nil:
		return min(max(*m.View.Layer, 0), last)
	case m.Step == nil:
		return 0
	case m.Step.Part == sim.HeadPart: // after the head, the layer that fed it
		return last
	default:
		return m.Step.Layer
	}
}

// Head returns the query head that is looked at.
func (m *Moment) Head() int {
	return min(max(m.View.Head, 0), m.Model.Model.Config.Heads-1)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// switches returns what the viewer counts by.
func (m *Moment) switches() cost.Switches { return m.View.Switches(m.Recipe) }

// plan returns what is known of the run before anything runs.
func (m *Moment) plan() *run.Plan {
	if m.Plan == nil {
		prompt, _ := m.Model.Encode(m.Recipe) // the run has encoded it already
		m.Plan = run.NewPlan(m.Model, m.Recipe, prompt)
	}
	return m.Plan
}

// inPass returns the step of the cursor's pass that ran a layer, nil if it is still to come.
func (m *Moment) inPass(layer int) *sim.Step {
	n := m.Step.Pass*(m.Model.Model.Config.Layers+1) + layer
	if n > m.Step.N {
		return nil
	}
	return m.At(n)
}

// Source returns the layer whose latest step the frame's matrices come from: the one
// that is looked at, or -1 (the head's) when an op of the head is.
func (m *Moment) Source() int {
	if op := explain.Find(m.View.Op); op != nil && op.Part == sim.HeadPart {
		return -1
	}
	return m.Layer()
}

// Explained returns the moment's run, as explanations want it: steps up to the cursor.
func (m *Moment) Explained() *explain.Run {
	if m.explain != nil {
		return m.explain
	}
	whole := func(s *sim.Step) (*sim.Step, []int) {
		whole, first, _ := m.without(s)
		return whole, first
	}
	m.explain = &explain.Run{Model: m.Model.Model, Writer: m.writer, Whole: whole, Step: func(n int) *sim.Step {
		if m.At == nil || m.Step == nil || n < 0 || n > m.Step.N {
			return nil
		}
		return m.stepOfPick(n)
	}}
	return m.explain
}

// writer returns the latest pass up to that of a step that computed a position, -1 for none.
func (m *Moment) writer(s *sim.Step, position int) int {
	passes := append(fedPasses(m), fedOf(m.Step))
	for pass := s.Pass; pass >= 0; pass-- {
		if f := passes[pass]; f.in && f.cached <= position && position < f.cached+f.rows {
			return pass
		}
	}
	return -1
}

// several reports whether passes of the run may have several sequences.
func (m *Moment) several() bool { return m.Recipe.Batch != nil || m.Recipe.Sampler.Kind == "beam" }

// maxNew returns how many tokens the sequence that is looked at may get.
func (m *Moment) maxNew() int {
	seq := m.View.Seq
	if m.Step != nil {
		seq = m.Step.Seq
	}
	if b := m.Recipe.Batch; b != nil && seq > 0 && seq <= len(b.Requests) {
		return b.Requests[seq-1].MaxNew
	}
	return m.Recipe.MaxNew
}

// Place puts the moment at step n of a run (-1: before the first), as the viewer
// of the sequence View.Seq sees it. What came before in a beam search are
// the steps of the texts that this one continues.
func (m *Moment) Place(n int, step func(n int) *sim.Step) {
	seq := m.View.Seq
	m.explain, m.beam = nil, nil
	if n >= 0 { // where the pass has no such sequence it is another one's, all along
		seq = step(n).ForSequence(seq).Seq
	}
	m.recorded, m.At = step, func(n int) *sim.Step { return step(n).ForSequence(seq) }
	if n < 0 {
		if m.Recipe.Batch != nil {
			m.Prompt = len(waitingPrompt(m))
		}
		return
	}
	if step(n).Beams != nil || m.Recipe.Sampler.Kind == "beam" {
		beam := lineage(m, n, step)
		m.beam, m.At = beam, func(n int) *sim.Step { return step(n).ForSequence(beam(n / m.perPass())) }
	}
	m.Step = m.At(n)
	m.Prompt = m.Step.Prompt
	if m.Step.Part == sim.HeadPart {
		m.Text = m.Step.GeneratedText
	} else if pass := m.passBefore(m.Step.Pass); pass >= 0 { // what it has said when it last said something
		_, head := m.stepsOf(pass)
		m.Text = m.At(head).GeneratedText
	}
	if m.From = nil; m.Lane() == "" {
		m.From = m.latestSource()
	} else if s := m.latestSource(); s != nil && m.View.Op != "" { // of one head the lens without has the picture
		m.From, _, _ = m.without(s)
	}
}

// Elsewhere returns another recorded moment of the run, at step n (-1: before the first), as somebody sees it
// who looks at something else.
func (m *Moment) Elsewhere(n int, view View) *Moment {
	x := *m
	x.View, x.Step, x.From, x.Text, x.Beside = view, nil, nil, "", 0
	x.Place(n, m.recorded)
	return &x
}

// Length returns how many steps the run has: those that it can come to have, or those that it has where it is over.
func (m *Moment) Length() int {
	if m.Ended != "" {
		return m.Recorded
	}
	return lengthOf(m)
}

// latestSource returns the latest step up to the cursor that the frame's matrices can come from, nil for none.
func (m *Moment) latestSource() *sim.Step {
	part := m.Source()
	if part < 0 {
		part = m.perPass() - 1
	}
	for pass := m.Step.Pass; pass >= 0; pass = m.passBefore(pass) {
		first, last := m.stepsOf(pass)
		if first+part > last {
			continue
		}
		if s := m.At(first + part); s.KV != nil || m.Recipe.Lanes == "uncached" {
			return s
		}
	}
	return nil
}

// Lane returns the lane whose step From is: that of the cache, where the run has one.
func (m *Moment) Lane() explain.Lane {
	if m.Recipe.Lanes == "uncached" {
		return explain.Uncached
	}
	return ""
}

// inLane returns the step that the matrices of a cell's lane come from: From, but that the uncached lane may run alone.
func (m *Moment) inLane(lane explain.Lane) *sim.Step {
	if lane == explain.Uncached && m.Lane() == lane && m.Step != nil {
		return m.latestSource()
	}
	return m.From
}

// passBefore returns the latest pass before one that has the sequence which is looked at, -1 for none.
func (m *Moment) passBefore(pass int) int {
	if pass--; m.Recipe.Batch == nil || pass < 0 {
		return pass
	}
	fed := fedPasses(m)
	for pass >= 0 && !fed[pass].in {
		pass--
	}
	return pass
}

// perPass returns the steps of a pass.
func (m *Moment) perPass() int { return m.Model.Model.Config.Layers + 1 }

// lineage tells, of each pass up to step n, the beam that the picked one continues. It is
// followed back as far as somebody asks.
func lineage(m *Moment, n int, step func(n int) *sim.Step) func(pass int) int {
	last := n / m.perPass()
	back := []int{step(n).ForSequence(m.View.Seq).Seq} // of the last pass, the one before, ..
	return func(pass int) int {
		if last-pass < len(back) {
			return back[last-pass]
		}
		live := livePasses(m, last)
		for at := last - len(back) + 1; at > pass; at-- {
			parent := 0
			if beams := live[at-1]; back[len(back)-1] < len(beams) {
				parent = beams[back[len(back)-1]].Parent
			}
			back = append(back, parent)
		}
		return back[last-pass]
	}
}

// last returns the sequence's step before the cursor's, in whichever pass had it; nil: none.
func (m *Moment) last() *sim.Step {
	if first, _ := m.stepsOf(m.Step.Pass); m.Step.N > first {
		return m.At(m.Step.N - 1)
	}
	pass := m.passBefore(m.Step.Pass)
	if pass < 0 {
		return nil
	}
	_, head := m.stepsOf(pass)
	return m.At(head)
}

// stepOfPick returns step n if it is of the sequence that is looked at; nil where the pass
// does not have it.
func (m *Moment) stepOfPick(n int) *sim.Step {
	if s := m.At(n); m.Recipe.Batch == nil || s.Seq == m.Step.Seq {
		return s
	}
	return nil
}

// isSingle reports whether the run has one sequence that grows by one token a pass:
// what closed formulas of whole runs are about.
func (m *Moment) isSingle() bool {
	return m.Recipe.Batch == nil && m.Recipe.Draft == "" && m.Recipe.Sampler.Kind != "beam"
}

// closed reports whether closed formulas tell of all the run's passes: it is plain, and the
// first pass had the whole prompt. Groups along tokens may not have room for it at once, and
// memory may end in it.
func (m *Moment) closed() bool {
	return m.isSingle() && (m.Step == nil || m.At == nil || m.At(0).Rows == m.Prompt)
}

// spec returns the shape of the run's cache.
func (m *Moment) spec() kv.Spec {
	return kv.SpecOf(m.Model.Model.Config, recipe.Fed(m.Prompt, m.maxNew()))
}
