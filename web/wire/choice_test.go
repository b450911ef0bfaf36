package wire

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// drawn is step n of a run of the small model in which every filter is on, and
// the second token is a person's.
func drawn(t testing.TB, l *library.Loaded, n int, show ...string) *Frame {
	t.Helper()
	rec := recipe.Complete(sim.Recipe{Model: "small", Tokens: []int{0, 7, 19, 7, 33}, MaxNew: 4, Forced: []sim.Forced{{Pass: 1, Token: 3}},
		Sampler: sim.Sampler{Kind: "sample", Temperature: 1.5, TopK: 20, TopP: 0.95, MinP: 0.1, RepetitionPenalty: 1.3, Seed: 8}})
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return withPanels(moment(l, rec, steps, n, 1, 2), show...)
}

// TestFrameTellsTheChoice: all of it to whoever has the panel open, else only
// what the sentence says.
func TestFrameTellsTheChoice(t *testing.T) {
	l, _, _ := small(t)
	penalised := 0 // options whose logit the penalty changed
	for n, forced := range map[int]bool{2: false, 5: true} {
		var open, shut lens.ChoiceInfo
		m := drawn(t, l, n, "choice")
		for info, m := range map[*lens.ChoiceInfo]*Frame{&open: m, &shut: drawn(t, l, n)} {
			if err := json.Unmarshal([]byte(File(m).Meta["choice"]), info); err != nil {
				t.Fatal(err)
			}
		}
		want := m.Step.Choice()
		for i, o := range open.Options {
			w := want.Options[i]
			if o.ID != w.ID || o.From != float32(w.From) || o.To != float32(w.To) || o.Label == "" {
				t.Errorf("step %d: option %d is %+v, want %+v", n, i, o, w)
			}
			if changed := o.Logit != [2]lens.Score{}; changed != slices.Contains(m.Step.Tokens, o.ID) || changed && (float32(o.Logit[0]) != w.Logit || float32(o.Logit[1]) != float32(w.Score)) {
				t.Errorf("step %d: logit %v, want %+v", n, o.Logit, w)
			} else if changed {
				penalised++
			}
			if o.ID == open.Token && (w.From != open.From || w.To != open.To || o.Label != open.Label || want.Stages[5].Probs[i] != open.Prob) {
				t.Errorf("step %d: %+v is not %+v", n, open, o)
			}
			for j, stage := range want.Stages {
				if got := open.Stages[j]; got.Filter != stage.Filter || got.Possible != stage.Possible || got.Kept != stage.Kept || float32(got.Probs[i]) != float32(stage.Probs[i]) {
					t.Errorf("step %d: stage %+v, want %+v", n, got, stage)
				}
			}
		}
		if len(open.Stages) != 6 || len(want.Stages) != 6 || len(open.Options) != len(want.Options) {
			t.Errorf("step %d: %d stages, %d options", n, len(open.Stages), len(open.Options))
		}
		if open.Token != want.Token || open.Random != want.Random || open.Forced != forced || open.Random < open.From || open.Random >= open.To {
			t.Errorf("step %d: %+v", n, open)
		}
		for i := range open.Stages {
			open.Stages[i].Probs = nil
		}
		if open.Options = nil; !reflect.DeepEqual(open, shut) {
			t.Errorf("step %d: shut %+v, want %+v", n, shut, open)
		}
	}
	if penalised == 0 {
		t.Error("the penalty changed no option: another seed is needed")
	}
	if _, ok := File(drawn(t, l, 1, "choice")).Meta["choice"]; ok {
		t.Error("a layer's step tells of a choice")
	}
}

// TestFrameSizeWithFilters: head steps at default sizes with every filter on and
// everything open, in the overview and with a logit explained.
func TestFrameSizeWithFilters(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	l, rec, prompt, _ := defaultRun(t, "zh")
	rec.Sampler = sim.Sampler{Kind: "sample", Temperature: 1.7, TopK: 50, TopP: 0.97, MinP: 0.01, RepetitionPenalty: 1.3, Seed: 1}
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	var sizes []int
	for n := range steps {
		if steps[n].Part == sim.HeadPart {
			sizes = append(sizes, len(Encode(nil, visit(l, rec, prompt, steps, n, true, everything))),
				len(Encode(nil, looking(visit(l, rec, prompt, steps, n, true, everything), "logits", explain.Ref{Step: n, Op: "logits"}))))
		}
	}
	median, largest := middle(sizes)
	t.Logf("every filter on, everything open, head steps: median %d bytes, largest %d", median, largest)
	if largest > worstFrame {
		t.Errorf("a frame of %d bytes", largest)
	}
}

// TestFrameTellsWhatWasChosenFrom: where filters made another distribution than the softmax, the likeliest
// tokens have their probability in both; without filters there is one.
func TestFrameTellsWhatWasChosenFrom(t *testing.T) {
	l, _, _ := small(t)
	shared := 0
	for _, n := range []int{2, 5} {
		m := drawn(t, l, n)
		c := m.Step.Choice()
		last := c.Stages[len(c.Stages)-1]
		for _, got := range seen[[]lens.Candidate](m, "top") {
			if (got.Drawn > 0) != got.Kept {
				t.Errorf("step %d: %+v", n, got)
			}
			i := slices.IndexFunc(c.Options, func(o sim.Option) bool { return o.ID == got.ID })
			if i < 0 {
				continue
			}
			if shared++; math.Abs(float64(got.Drawn)-last.Probs[i]) > 1e-12 || math.Abs(float64(got.Prob)-c.Stages[0].Probs[i]) > 1e-6 {
				t.Errorf("step %d: %+v, want %v of the softmax and %v of what was left", n, got, c.Stages[0].Probs[i], last.Probs[i])
			}
		}
	}
	if shared < 10 {
		t.Errorf("only %d tokens are in both lists", shared)
	}
	l, rec, _, _ := defaultRun(t, "en")
	steps := stepsOf(t, l, rec)
	n := slices.IndexFunc(steps, func(s sim.Step) bool { return s.Part == sim.HeadPart })
	for _, got := range seen[[]lens.Candidate](moment(l, rec, steps, n, 0, 0), "top") {
		if got.Drawn != 0 {
			t.Errorf("greedy without a penalty: %+v", got)
		}
	}
}
