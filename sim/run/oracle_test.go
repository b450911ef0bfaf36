package run_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/run"
	"kvstep/sim/run/runtest"
)

// trial is one recipe and what came of it.
type trial struct {
	m     *library.Loaded
	rec   sim.Recipe
	steps []sim.Step
	err   error
}

// oracles are what must hold of any run, by name.
var oracles = []struct {
	name  string
	holds func(t *trial, r *rand.Rand) error
}{
	{"problem", (*trial).problem}, {"lanes", (*trial).lanes}, {"budget", (*trial).budget}, {"length", (*trial).length},
	{"plan", (*trial).plan}, {"slow", (*trial).slow}, {"twice", (*trial).twice}, {"resume", (*trial).resume},
	{"alone", (*trial).alone}, {"lane alone", (*trial).laneAlone}, {"waits", (*trial).waits}, {"draft", (*trial).draft}, {"recomputed", (*trial).recomputed},
}

// each is all sequences' steps.
func (t *trial) each() iter.Seq[*sim.Step] {
	return func(yield func(*sim.Step) bool) {
		for i := range t.steps {
			for _, s := range peers(&t.steps[i]) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

func peers(s *sim.Step) []*sim.Step {
	if len(s.PassSteps) == 0 {
		return []*sim.Step{s}
	}
	return s.PassSteps
}

// problem: what ends a run early is told in words; else it says why it ended.
func (t *trial) problem(*rand.Rand) error {
	var p *sim.Problem
	switch {
	case t.err != nil && !errors.As(t.err, &p):
		return t.err
	case t.err == nil && (len(t.steps) == 0 || t.steps[len(t.steps)-1].RunFinishReason == ""):
		return fmt.Errorf("%d steps, and no reason for their end", len(t.steps))
	case t.err != nil && t.m.Name != runtest.Loud && (p.ID != "kv.memory" || t.rec.Cache.Budget == 0 || len(t.steps) > 0):
		return fmt.Errorf("after %d steps: %w", len(t.steps), t.err)
	}
	return nil
}

// lanes: under an exact policy both give the same bits.
func (t *trial) lanes(*rand.Rand) error {
	for s := range t.each() {
		if kv.TraitsOf(t.rec.Cache).Exact && !s.Identical && t.m.Name != runtest.Loud {
			return fmt.Errorf("step %d seq %d: %s", s.N, s.Seq, s.Differs)
		}
	}
	return nil
}

// budget: no cache takes more than there is, and none has more in it than it took.
func (t *trial) budget(*rand.Rand) error {
	for s := range t.each() {
		if s.KV == nil {
			continue
		}
		if u := s.KV.Usage(); u.Budget > 0 && u.Held > u.Budget || u.Used > u.Allocated || u.Allocated > u.Held && len(u.Refs) == 0 {
			return fmt.Errorf("step %d seq %d: %+v", s.N, s.Seq, u)
		}
	}
	return nil
}

// length: every pass feeds or chooses a token, and no sequence is in it twice.
func (t *trial) length(*rand.Rand) error {
	most := t.rec.MaxNew + 400
	if b := t.rec.Batch; b != nil {
		for _, q := range b.Requests {
			most += q.MaxNew + 40
		}
	}
	if passes := len(t.steps) / (t.m.Model.Config.Layers + 1); passes > most {
		return fmt.Errorf("%d passes", passes)
	}
	reads, whole := 0, false // passes that read the prompt of a run of one
	for i := range t.steps {
		if s := &t.steps[i]; s.Part == sim.HeadPart && !whole {
			reads, whole = reads+1, s.Output != nil
		}
	}
	prompt, _ := t.m.Prepare(t.rec)
	if want := run.Pieces(t.m, t.rec, len(prompt)); whole && t.rec.Batch == nil && want != reads {
		return fmt.Errorf("the prompt was read in %d passes, not in %d", reads, want)
	}
	for s := range t.each() {
		if s.Rows < 1 || s.N%(t.m.Model.Config.Layers+1) != (s.Layer+t.m.Model.Config.Layers+1)%(t.m.Model.Config.Layers+1) {
			return fmt.Errorf("step %d: %d rows, layer %d", s.N, s.Rows, s.Layer)
		}
	}
	return nil
}

// plan: to plan a pass takes no more looks at a sequence than their number allows: three
// rounds that fill it, and one for each that gives up when it is over.
func (t *trial) plan(*rand.Rand) error {
	if most, n := run.PlanCost(t.m, t.rec); most > 3*n+n*(n+2) {
		return fmt.Errorf("%d looks at %d sequences", most, n)
	}
	return nil
}

// twice: the same recipe gives the same steps.
func (t *trial) twice(*rand.Rand) error {
	again, err := runtest.Play(t.m, t.rec)
	if fmt.Sprint(err) != fmt.Sprint(t.err) {
		return fmt.Errorf("%v, first %v", err, t.err)
	}
	return sameSteps(again, t.steps)
}

// resume: a run that goes on from the end of some pass is the run.
func (t *trial) resume(r *rand.Rand) error {
	perPass := t.m.Model.Config.Layers + 1
	if len(t.steps) < 2*perPass {
		return nil
	}
	from := (1 + r.IntN(len(t.steps)/perPass-1)) * perPass
	rest, err := runtest.Play(t.m, t.rec, t.steps[:from:from]...)
	if fmt.Sprint(err) != fmt.Sprint(t.err) {
		return fmt.Errorf("from %d: %v, without %v", from, err, t.err)
	}
	for len(rest) > 0 && rest[0].N < from { // several sequences are lived again
		rest = rest[1:]
	}
	return sameSteps(rest, t.steps[from:])
}

// alone: a request of a batch says what it says alone in the same memory, and ends for the
// same reason: who is preempted is recomputed, and who does not fit alone meets the wall.
func (t *trial) alone(*rand.Rand) error {
	if t.rec.Batch == nil || t.err != nil || t.m.Name == runtest.Loud {
		return nil
	}
	for seq := range len(t.rec.Batch.Requests) + 1 {
		one := t.rec
		if one.Batch = nil; seq > 0 {
			q := t.rec.Batch.Requests[seq-1]
			one.Prompt, one.Tokens, one.MaxNew = q.Prompt, q.Tokens, q.MaxNew
		}
		want, err := runtest.Play(t.m, one)
		if err != nil {
			return err
		}
		if one.Cache.Axis == kv.AxisChannel && (t.rec.Batch.Chunk > 0 || t.rec.Cache.Budget > 0) {
			continue // groups are full at other moments
		}
		have, over := t.said(seq)
		if all, reason := saidIn(want, 0), want[len(want)-1].RunFinishReason; !slices.Equal(have, all) || over != reason {
			return fmt.Errorf("request %d says %v (%s), alone %v (%s)", seq, have, over, all, reason)
		}
	}
	return nil
}

// recomputed: a request that was preempted computes again what it had, and only that is told as recomputed.
func (t *trial) recomputed(*rand.Rand) error {
	computed, rows := map[int]int{}, 0 // by sequence: tokens that were in its cache at most
	for i := range t.steps {
		s := &t.steps[i]
		if s.Part != sim.LayerPart || s.Layer != 0 || s.Schedule == nil {
			continue
		}
		again := 0
		for _, p := range peers(s) {
			n := max(0, min(p.Rows, computed[p.Seq]-p.Cached))
			if q := s.Schedule.Requests[p.Seq]; q.Recomputing != n {
				return fmt.Errorf("pass %d: request %d recomputes %d rows, not %d", s.Pass, p.Seq, n, q.Recomputing)
			}
			again += n
			computed[p.Seq] = max(computed[p.Seq], p.Cached+p.Rows)
		}
		if rows += again; rows > 0 && (s.Schedule.Recomputed == nil || s.Schedule.Recomputed.Rows != again || s.Schedule.Recomputed.TotalRows != rows) {
			return fmt.Errorf("pass %d: %d rows are recomputed, %d so far, told %+v", s.Pass, again, rows, s.Schedule.Recomputed)
		}
	}
	return nil
}

func (t *trial) said(seq int) (ids []int, over string) {
	last := t.steps[len(t.steps)-1].Schedule
	return saidIn(t.steps, seq), last.Requests[seq].FinishReason
}

func saidIn(steps []sim.Step, seq int) (ids []int) {
	for i := range steps {
		if s := steps[i].ForSequence(seq); s.Seq == seq {
			ids = append(ids, s.NewTokens()...)
		}
	}
	return ids
}

// laneAlone: one lane alone chooses as both do, where the policy is exact; of beams too.
func (t *trial) laneAlone(r *rand.Rand) error {
	if t.rec.Lanes == "cached" || t.rec.Lanes == "uncached" || !kv.TraitsOf(t.rec.Cache).Exact || t.rec.Cache.Budget > 0 || t.err != nil {
		return nil
	}
	other := t.rec
	other.Lanes = []string{"cached", "uncached"}[r.IntN(2)]
	steps, err := runtest.Play(t.m, other)
	if b := t.rec.Batch; b != nil && b.Share && err == nil { // without a cache nothing is found in it: other passes
		for seq := range len(b.Requests) + 1 {
			if x, y := saidIn(steps, seq), saidIn(t.steps, seq); !slices.Equal(x, y) {
				return fmt.Errorf("request %d says %v in the %s lane alone, %v in both", seq, x, other.Lanes, y)
			}
		}
		return nil
	}
	if err != nil || len(steps) != len(t.steps) {
		return fmt.Errorf("%d steps of the %s lane alone, %d of both: %v", len(steps), other.Lanes, len(t.steps), err)
	}
	for i := range steps {
		for j, s := range peers(&steps[i]) {
			if p := peers(&t.steps[i])[j]; s.Token != p.Token || s.GeneratedText != p.GeneratedText || !slices.Equal(s.Tokens, p.Tokens) || s.RunFinishReason != p.RunFinishReason {
				return fmt.Errorf("step %d: the %s lane alone says %d %q, both %d %q", i, other.Lanes, s.Token, s.GeneratedText, p.Token, p.GeneratedText)
			}
		}
	}
	return nil
}

// draft: greedily, a draft changes nothing but the passes.
func (t *trial) draft(*rand.Rand) error {
	for _, m := range runtest.Models() {
		if most := max(len(t.rec.Tokens), 1) + t.rec.MaxNew - 1; m.Name == t.rec.Draft && most > m.Model.Config.Context {
			return fmt.Errorf("a draft for %d tokens in a run of %d", m.Model.Config.Context, most)
		}
	}
	if t.rec.Draft == "" || t.rec.Sampler.Kind != "greedy" || t.rec.Cache.Budget > 0 || t.err != nil {
		return nil
	}
	plain := t.rec
	plain.Draft, plain.Propose = "", 0
	want, err := runtest.Play(t.m, plain)
	if err != nil {
		return err
	}
	if a, b := saidIn(t.steps, 0), saidIn(want, 0); !slices.Equal(a, b) {
		return fmt.Errorf("%v, without a draft %v", a, b)
	}
	return nil
}

func sameSteps(a, b []sim.Step) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d steps, want %d", len(a), len(b))
	}
	for i := range a {
		if x, y := print(&a[i]), print(&b[i]); x != y {
			return fmt.Errorf("step %d is\n%s, want\n%s", b[i].N, x, y)
		}
	}
	return nil
}

// print is a step as text: what a trace says of it, and a digest of all its rows.
func print(s *sim.Step) string {
	var b bytes.Buffer
	_ = export.WriteTrace(&b, func(yield func(*sim.Step, error) bool) { yield(s, nil) })
	h := sha256.New()
	for _, p := range peers(s) {
		for _, x := range []mat.Matrix{p.X, p.Out} {
			for i := range x.NumRows() {
				_ = binary.Write(h, binary.LittleEndian, x.Row(i))
			}
		}
		_ = binary.Write(h, binary.LittleEndian, p.Logits())
		fmt.Fprintln(&b, p.Counted, p.Ran, p.Compared, p.Differed)
	}
	return fmt.Sprintf("%s%x", b.String(), h.Sum(nil))
}
