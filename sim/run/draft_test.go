package run

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// pair is a random target model and a draft of another shape with the same
// vocabulary, under a name that recipes can use.
func pair(t testing.TB, r *rand.Rand) *library.Loaded {
	t.Helper()
	m := random(t, r)
	c := modeltest.Config(r)
	c.Vocab = m.Model.Config.Vocab
	draft, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	library.New(m, &library.Loaded{Name: "draft", Model: draft})
	return m
}

// texts are the ids that a run adds.
func texts(steps []sim.Step) (ids []int) {
	for i := range steps {
		ids = append(ids, steps[i].NewTokens()...)
	}
	return ids
}

// TestGreedySpeculationIsTheTarget: whatever the draft proposes, greedy text,
// logits and cache are those of the target alone, bit for bit, in fewer passes
// where proposals are accepted; both lanes agree in every op.
func TestGreedySpeculationIsTheTarget(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 1))
	accepted, rejected := 0, 0
	for range rounds(60) {
		m := pair(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.MaxNew = 1 + r.IntN(20)
		for rec.Cache = randomPolicy(r, m.Model.Config.HeadDim); kv.TraitsOf(rec.Cache).Evicts || rec.Cache.Axis == kv.AxisChannel; {
			rec.Cache = randomPolicy(r, m.Model.Config.HeadDim)
		}
		plain := collect(t, m, rec)
		rec.Draft, rec.Propose = "draft", 1+r.IntN(6)
		if r.IntN(2) == 0 { // a draft that is always right
			library.New(m, &library.Loaded{Name: "draft", Model: m.Model})
		}
		fast := collect(t, m, rec)
		if a, b := texts(fast), texts(plain); !slices.Equal(a, b) {
			t.Fatalf("%v, the target alone says %v", a, b)
		}
		last, want := fast[len(fast)-1], plain[len(plain)-1]
		if kv.TraitsOf(rec.Cache).Exact && !sameBits(last.Logits(), want.Logits()) {
			t.Fatal("the last logits differ")
		}
		for i := range fast {
			s := &fast[i]
			if kv.TraitsOf(rec.Cache).Exact && !s.Identical {
				t.Fatalf("step %d differs in %s", s.N, s.Differs)
			}
			if x := s.Speculation; x != nil && s.Part == sim.HeadPart {
				accepted += x.Accepted
				rejected += len(x.Proposed) - x.Accepted
				if s.Rows != 1+len(x.Proposed) {
					t.Fatalf("%d rows verify %d proposals", s.Rows, len(x.Proposed))
				}
			}
			if s.KV.Usage().Used > s.KV.Usage().Allocated {
				t.Fatalf("%+v", s.KV.Usage())
			}
		}
	}
	if accepted < rounds(50) || rejected < rounds(50) {
		t.Errorf("%d accepted, %d rejected", accepted, rejected)
	}
}

// TestPastStepsOutliveRejections: steps show the same bits when proposals that
// they fed have been taken out of the cache and others stand in their place.
func TestPastStepsOutliveRejections(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 1))
	m := pair(t, r)
	rec := randomRecipe(r, m.Model.Config)
	rec.MaxNew, rec.Draft, rec.Propose = 20, "draft", 4
	var hashes []string
	var kept []sim.Step
	e, err := newEngine(t.Context(), nil, m, rec, noClock, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.run(func(s sim.Step, _ error) bool {
		kept, hashes = append(kept, s), append(hashes, export.StateHash(m.Model, &s))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	for i := range kept {
		if export.StateHash(m.Model, &kept[i]) != hashes[i] {
			t.Fatalf("step %d changed", i)
		}
	}
}

// TestSpeculativeFork: a fork after any pass goes on as a straight run does.
func TestSpeculativeFork(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 1))
	for range rounds(30) {
		m := pair(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.MaxNew, rec.Draft, rec.Propose = 3+r.IntN(15), "draft", 1+r.IntN(5)
		first := collect(t, m, rec)
		per := m.Model.Config.Layers + 1
		pass := r.IntN(len(first) / per)
		rec.Forced = []sim.Forced{{Pass: pass, Token: r.IntN(m.Model.Config.Vocab)}}
		straight := collect(t, m, rec)
		rest := collect(t, m, rec, first[:pass*per]...)
		if pass*per+len(rest) != len(straight) {
			t.Fatalf("%d + %d steps, straight %d", pass*per, len(rest), len(straight))
		}
		for i, s := range rest {
			want := straight[pass*per+i]
			if s.Token != want.Token || s.Totals != want.Totals || export.StateHash(m.Model, &s) != export.StateHash(m.Model, &want) {
				t.Fatalf("step %d differs from the straight run", s.N)
			}
			if s.Speculation != nil && s.Speculation.Total != want.Speculation.Total {
				t.Fatalf("step %d: the draft paid %+v, straight %+v", s.N, s.Speculation.Total, want.Speculation.Total)
			}
		}
	}
}

// TestSpeculationIsDistributedAsTheTarget: over many seeds the first four tokens
// of sampled runs with and without a draft come from the same distribution, by
// a chi-square test of two samples.
func TestSpeculationIsDistributedAsTheTarget(t *testing.T) {
	runs := 4000
	if testing.Short() {
		runs = 500
	}
	r := rand.New(rand.NewPCG(54, 1))
	c := modeltest.Config(r)
	c.Layers, c.Vocab, c.Dim, c.Heads, c.KVHeads, c.HeadDim, c.FFN, c.EOS = 1, 4, 4, 1, 1, 4, 4, -1
	build := func() *model.Model {
		m, err := model.New(c, modeltest.Weights(r, c))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := &library.Loaded{Name: "target", Model: build()}
	library.New(m, &library.Loaded{Name: "draft", Model: build()})
	counts := [2][256]float64{}
	for way, draft := range []string{"", "draft"} {
		for seed := range runs {
			rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2}, MaxNew: 4, Lanes: "cached", Draft: draft, Propose: 2})
			rec.Sampler = sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1, Seed: uint64(seed + 1_000_000*way)}
			cell := 0
			for _, id := range texts(collect(t, m, rec)) {
				cell = cell*4 + id
			}
			counts[way][cell]++
		}
	}
	chi, cells := 0.0, 0
	for i := range counts[0] {
		a, b := counts[0][i], counts[1][i]
		if a+b >= 10 {
			chi += (a - b) * (a - b) / (a + b)
			cells++
		}
	}
	// Mean cells-1, standard deviation sqrt(2 (cells-1)); four of them above.
	if limit := float64(cells) + 4*math.Sqrt(2*float64(cells)); chi > limit || cells < 10 {
		t.Errorf("chi-square %.1f over %d texts, limit %.1f", chi, cells, limit)
	}
}

// TestAnEndAtAProposalIsDescribed: where the text ends at a proposal, the rows after it leave the cache, and what the
// step says of the next token (likeliest ones, logits, the policy's effect) is of the row that stays, as without a draft.
func TestAnEndAtAProposalIsDescribed(t *testing.T) {
	loaded, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for _, policy := range []string{"contiguous", "int8:token"} {
		cache, err := kv.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		rec := recipe.Complete(sim.Recipe{Prompt: "Mia has a red ball.", MaxNew: 12, Cache: cache})
		var all []string
		for _, s := range collect(t, loaded, rec) {
			if s.Part == sim.HeadPart {
				all = append(all, s.Text)
			}
		}
		for _, stop := range all[1:] {
			rec.Stop, rec.Draft = []string{stop}, ""
			plain := collect(t, loaded, rec)
			rec.Draft, rec.Propose = "story-draft", 4
			fast := collect(t, loaded, rec)
			got, want := &fast[len(fast)-1], &plain[len(plain)-1]
			if x := got.Speculation; x != nil && x.Accepted < len(x.Verdicts) && x.Verdicts[x.Accepted].Accepted {
				inside++
			}
			if got.Token != want.Token || !sameBits(got.Logits(), want.Logits()) || !reflect.DeepEqual(got.Top(), want.Top()) {
				t.Errorf("%s, until %q: %d of %v, want %d of %v", policy, stop, got.Token, got.Top(), want.Token, want.Top())
			}
			if !reflect.DeepEqual(got.Effect, want.Effect) {
				t.Errorf("%s, until %q: effect %+v, want %+v", policy, stop, got.Effect, want.Effect)
			}
		}
	}
	if inside < 4 {
		t.Errorf("%d texts end at a proposal", inside)
	}
}
