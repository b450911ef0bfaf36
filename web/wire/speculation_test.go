package wire

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// guessing are the moments of a run in which a draft's proposals are accepted, some of
// them, none, and all.
func guessing(t testing.TB, show ...string) func(n int) *Frame {
	t.Helper()
	l, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: "story", Prompt: "One day Tom found a red ball.", MaxNew: 32,
		Sampler: sim.Sampler{Kind: "sample", Seed: 5}, Draft: "story-draft", Propose: 4})
	steps := stepsOf(t, l, rec)
	return func(n int) *Frame {
		m := withPanels(moment(l, rec, steps, n, max(steps[n].Layer, 0), 1), show...)
		m.Prompt, m.Ended = steps[0].Rows, steps[len(steps)-1].RunFinishReason
		return m
	}
}

// TestFrameTellsOfSpeculation: the frame says what the steps say, the sums are
// those of the steps, and rows that leave are paid for like any others.
func TestFrameTellsOfSpeculation(t *testing.T) {
	at := guessing(t)
	var passes, tokens, tested, accepted, rejections int
	var wasted int64
	for n := range at(0).Recorded {
		m := at(n)
		s := m.Step
		info := seen[*lens.SpeculationInfo](m, "speculation")
		x := s.Speculation
		if x == nil {
			if len(info.Proposed) > 0 {
				t.Errorf("step %d: %v proposed by nobody", n, info.Proposed)
			}
			continue
		}
		for i, p := range info.Proposed {
			if p.ID != x.Proposed[i] {
				t.Errorf("step %d: proposal %d is %v, want %d", n, i, p, x.Proposed[i])
			}
		}
		if s.Part != sim.HeadPart {
			if info.Verdicts != nil || info.Token != nil {
				t.Errorf("step %d: a verdict before the head", n)
			}
			continue
		}
		passes, tokens, tested = passes+1, tokens+len(s.NewTokens()), tested+len(x.Verdicts)
		for i, v := range x.Verdicts {
			if got := info.Verdicts[i]; float32(got.P) != float32(v.P) || float32(got.Q) != float32(v.Q) || got.Random != float32(v.Random) || got.Accepted != v.Accepted {
				t.Errorf("step %d: verdict %d is %+v, want %+v", n, i, got, v)
			}
			if v.Accepted {
				accepted++
			}
		}
		if rejected := len(x.Verdicts) > 0 && !x.Verdicts[len(x.Verdicts)-1].Accepted; rejected != (info.Draws == "rest") {
			t.Errorf("step %d: drawn from %q", n, info.Draws)
		}
		left := s.Rows - s.Committed()
		if left > 0 {
			rejections++
		}
		// The model alone, a row at a time: what the rows that leave have cost.
		c := m.Model.Model.Config
		for row := s.Rows - left; row < s.Rows; row++ {
			p := cost.Pass(c, 1, s.Cached+row, cost.Default())
			wasted += p.Flops.Total()
		}
		if info.Stays != x.Accepted || info.Left != lens.Integer(left*5120) {
			t.Errorf("step %d: %d stay, %d bytes leave; want %d and %d rows", n, info.Stays, info.Left, x.Accepted, left)
		}
		f := info.SoFar
		if f.Passes != passes || f.Tokens != tokens || f.Tested != tested || f.Accepted != accepted || f.Rejected != lens.Integer(wasted) || f.Draft != lens.Integer(x.Total.Flops.Total()) {
			t.Errorf("step %d: %+v; want %d passes, %d tokens, %d tested, %d accepted, %d FLOPs for nothing", n, f, passes, tokens, tested, accepted, wasted)
		}
		a := float64(accepted) / float64(tested)
		if want := 1 + a + a*a + a*a*a + a*a*a*a; math.Abs(f.Expected-want) > 1e-12 {
			t.Errorf("step %d: %v expected, want %v", n, f.Expected, want)
		}
		if info.Kept[passes-1] != s.Committed() {
			t.Errorf("step %d: kept %v, want %d last", n, info.Kept, s.Committed())
		}
	}
	if rejections < 3 || tested == accepted {
		t.Errorf("%d passes with rejections: the run shows too little", rejections)
	}
}

// TestFrameSizeOfSpeculation: the bar of all frames holds for passes with many
// proposals too, with every panel open.
func TestFrameSizeOfSpeculation(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	for _, lang := range []string{"en", "zh"} {
		l, rec, prompt, _ := defaultRun(t, lang)
		rec.Draft, rec.Propose = "story-draft", 8
		steps := stepsOf(t, l, rec)
		var sizes []int
		where := ""
		for n := range steps {
			for _, op := range []string{"", "act", "probs", "K"} {
				m := visit(l, rec, prompt, steps, n, true, everything)
				if op != "" && steps[n].Part == sim.LayerPart {
					m.View.Op = op
				}
				size := len(Encode(nil, m))
				if len(sizes) == 0 || size > slices.Max(sizes) {
					where = fmt.Sprintf("step %d %s", n, op)
				}
				sizes = append(sizes, size)
			}
		}
		median, largest := middle(sizes)
		t.Logf("%s: median %d bytes, largest %d (%s)", lang, median, largest, where)
		if largest > worstFrame {
			t.Errorf("%s: a frame of %d bytes", lang, largest)
		}
	}
}

// TestFrameTellsWhoChose: after a fork it is a person's token that follows.
func TestFrameTellsWhoChose(t *testing.T) {
	m := guessing(t)(11)
	rec := m.Recipe
	rec.Forced = []sim.Forced{{Pass: 1, Token: m.Step.Token + 1}}
	steps := stepsOf(t, m.Model, rec)
	forked := moment(m.Model, rec, steps, 11, 4, 0)
	if x := seen[*lens.SpeculationInfo](forked, "speculation"); x.Draws != "person" || x.Token.ID != rec.Forced[0].Token || x.Stays != m.Step.Speculation.Accepted {
		t.Errorf("%+v", x)
	}
}

// rejecting is a run with a draft whose proposals are often rejected, in blocks of one token.
func rejecting(t *testing.T) (*library.Loaded, sim.Recipe, []sim.Step) {
	t.Helper()
	l, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: "story", Prompt: "One day Tom found a red ball.", MaxNew: 12, Sampler: sim.Sampler{Kind: "sample", Seed: 5},
		Draft: "story-draft", Propose: 8, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 1}})
	steps := stepsOf(t, l, rec)
	return l, rec, steps
}

// TestBlocksOfRejectedProposals: the blocks that a frame says were taken and given back are
// those by which the table differs from the step before, rejected proposals' blocks too.
func TestBlocksOfRejectedProposals(t *testing.T) {
	l, rec, steps := rejecting(t)
	var before []int
	again := 0 // blocks that went with rejected proposals; the next ones took them again
	for n := range steps {
		use := seen[*lens.UseInfo](moment(l, rec, steps, n, 0, 1), "use")
		now := steps[n].KV.Usage().Table
		taken, freed := slices.Clone(now), slices.Clone(before)
		taken = slices.DeleteFunc(taken, func(b int) bool { return slices.Contains(before, b) })
		freed = slices.DeleteFunc(freed, func(b int) bool { return slices.Contains(now, b) })
		if slices.Sort(use.Given); !slices.Equal(use.Taken, taken) || !slices.Equal(use.Given, freed) {
			t.Fatalf("step %d: %v taken and %v given, the tables say %v and %v", n, use.Taken, use.Given, taken, freed)
		}
		_, back := steps[n].KV.Blocks()
		before, again = now, again+len(back)
	}
	if again == 0 {
		t.Error("no block was given back")
	}
}

// TestBlocksOfRejectedProposalsAfterAFork: a run that is taken up from recorded steps, as a
// fork is, says the same of its blocks as the run that went on.
func TestBlocksOfRejectedProposalsAfterAFork(t *testing.T) {
	l, rec, steps := rejecting(t)
	rejected := 0
	for n := range steps[:len(steps)-1] {
		if steps[n].Part != sim.HeadPart {
			continue
		}
		if steps[n].Committed() < steps[n].Rows {
			rejected++
		}
		for s, err := range run.Steps(t.Context(), l, rec, func() float64 { return 0 }, steps[:n+1]...) {
			if err != nil {
				t.Fatal(err)
			}
			taken, freed := steps[s.N].KV.Blocks()
			gotTaken, gotFreed := s.KV.Blocks()
			slices.Sort(freed)
			slices.Sort(gotFreed)
			if !slices.Equal(gotTaken, taken) || !slices.Equal(gotFreed, freed) {
				t.Fatalf("taken up after step %d, step %d: %v taken and %v given, want %v and %v", n, s.N, gotTaken, gotFreed, taken, freed)
			}
			break
		}
	}
	if rejected == 0 {
		t.Error("no proposal was rejected")
	}
}

// TestFrameTellsOfProposalsBehindTheEnd: proposals that were accepted and leave all the same, because one before
// them ended the text, are counted apart: else "all accepted" stands beside rows that leave.
func TestFrameTellsOfProposalsBehindTheEnd(t *testing.T) {
	l, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Sam gave a green book to Rosa. Rosa gave the book to Leo.", MaxNew: 24,
		Draft: "story-draft", Propose: 4})
	steps := stepsOf(t, l, rec)
	m := moment(l, rec, steps, len(steps)-1, 0, 0)
	accepted, stay := 0, 0
	for _, v := range m.Step.Speculation.Verdicts {
		if v.Accepted {
			accepted++
		}
	}
	stay = m.Step.Speculation.Accepted
	info := seen[*lens.SpeculationInfo](m, "speculation")
	if over := accepted - stay - 1; m.Step.RunFinishReason != sim.FinishEOS || over < 1 || info.SoFar.Over != over {
		t.Errorf("%d accepted, %d stay, one ends the text (%s); %+v", accepted, stay, m.Step.RunFinishReason, info.SoFar)
	}
}
