package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

func noClock() float64 { return 0 }

// rounds is n, or a fifth of it in short mode: on emulated processors.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/5)
	}
	return n
}

// random is a small model without a tokenizer.
func random(t testing.TB, r *rand.Rand) *library.Loaded {
	t.Helper()
	c := modeltest.Config(r)
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	return &library.Loaded{Name: "random", Model: m}
}

func randomRecipe(r *rand.Rand, c sim.Config) sim.Recipe {
	rec := recipe.Complete(sim.Recipe{MaxNew: 1 + r.IntN(8)})
	for range 1 + r.IntN(12) {
		rec.Tokens = append(rec.Tokens, r.IntN(c.Vocab))
	}
	return rec
}

func collect(t testing.TB, m *library.Loaded, r sim.Recipe, prefix ...sim.Step) []sim.Step {
	t.Helper()
	var all []sim.Step
	for s, err := range Steps(context.Background(), m, r, noClock, prefix...) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestLanesAreIdentical: on many shapes (MHA, GQA, MQA, heads x head_dim other
// than dim) and prompts, both lanes give the same bits in every op of every step.
func TestLanesAreIdentical(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]int{}
	for range rounds(120) {
		m := random(t, r)
		c := m.Model.Config
		rec := randomRecipe(r, c)
		steps := collect(t, m, rec)
		if want := rec.MaxNew * (c.Layers + 1); len(steps) != want {
			t.Fatalf("%d steps, want %d", len(steps), want)
		}
		for _, s := range steps {
			if !s.Identical || !s.Ran[sim.Cached] || !s.Ran[sim.Uncached] {
				t.Fatalf("step %d differs at %q: %+v", s.N, s.Differs, c)
			}
		}
		switch {
		case c.KVHeads == 1:
			kinds["MQA"]++
		case c.KVHeads < c.Heads:
			kinds["GQA"]++
		default:
			kinds["MHA"]++
		}
		if c.QDim() != c.Dim {
			kinds["q != dim"]++
		}
	}
	for _, kind := range []string{"MHA", "GQA", "MQA", "q != dim"} {
		if kinds[kind] < rounds(10)/2 {
			t.Errorf("only %d runs with %s", kinds[kind], kind)
		}
	}
}

// TestLanesAlone: a lane gives the same tokens and logits when it runs alone.
func TestLanesAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range rounds(20) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		both := collect(t, m, rec)
		for _, lanes := range []string{"cached", "uncached"} {
			rec.Lanes = lanes
			for i, s := range collect(t, m, rec) {
				if s.Token != both[i].Token || !sameBits(s.Logits(), both[i].Logits()) || !sameRows(s.Out, both[i].Out) {
					t.Fatalf("%s lane alone differs at step %d", lanes, i)
				}
				if s.Ran[sim.Cached] == s.Ran[sim.Uncached] {
					t.Fatalf("ran %v", s.Ran)
				}
			}
		}
	}
}

// TestSpoiltCacheIsNoticed: flipping the sign of one number of one cached key turns the lamp
// red in the first step that reads it, and not before.
func TestSpoiltCacheIsNoticed(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	m := random(t, r)
	rec := randomRecipe(r, m.Model.Config)
	rec.MaxNew = 5
	e, err := newEngine(context.Background(), nil, m, rec, noClock, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	noticed := ""
	err = e.run(func(s sim.Step, _ error) bool {
		if s.Pass == 1 && s.Part == sim.HeadPart {
			keys, _, _ := e.all[0].cache.Sees(0, 0)
			k := keys.Row(0)
			k[0] = math.Float32frombits(math.Float32bits(k[0]) ^ 1<<31)
		}
		if s.Pass <= 1 && !s.Identical {
			t.Errorf("step %d differs too early: %s", s.N, s.Differs)
		}
		if s.Pass == 2 && s.Layer == 0 {
			noticed = s.Differs
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if noticed != "scores" { // the first result that reads the cache
		t.Errorf("noticed at %q", noticed)
	}
}

// TestPastStepsDoNotChange: views of early steps show the same bits when the
// run is over.
func TestPastStepsDoNotChange(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	m := random(t, r)
	rec := randomRecipe(r, m.Model.Config)
	rec.MaxNew = 6
	type seen struct {
		hash string
		step sim.Step
	}
	var all []seen
	for s, err := range Steps(context.Background(), m, rec, noClock) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, seen{export.StateHash(m.Model, &s), s})
	}
	for _, x := range all {
		if got := export.StateHash(m.Model, &x.step); got != x.hash {
			t.Fatalf("step %d changed after it was made", x.step.N)
		}
	}
}

// TestForkGoesOnAsIfChosen: a run forked at any pass equals a run of the same
// recipe from the start.
func TestForkGoesOnAsIfChosen(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range rounds(100) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.Cache = randomPolicy(r, m.Model.Config.HeadDim)
		if r.IntN(2) == 0 { // the uncached lane waits at once, later, or never
			rec.Lanes = fmt.Sprint(sim.BothUntil, r.IntN(len(rec.Tokens)+rec.MaxNew+1))
		}
		first := collect(t, m, rec)
		pass := r.IntN(rec.MaxNew)
		rec.Forced = []sim.Forced{{Pass: pass, Token: r.IntN(m.Model.Config.Vocab)}}
		straight := collect(t, m, rec)
		prefix := first[:pass*(m.Model.Config.Layers+1)]
		rest := collect(t, m, rec, prefix...)
		if len(prefix)+len(rest) != len(straight) {
			t.Fatalf("%d + %d steps, straight %d", len(prefix), len(rest), len(straight))
		}
		for i, s := range rest {
			want := straight[len(prefix)+i]
			if s.Ran != want.Ran || s.Compared != want.Compared {
				t.Fatalf("forked at pass %d: in step %d ran %v, %d tokens compared, want %v, %d", pass, s.N, s.Ran, s.Compared, want.Ran, want.Compared)
			}
			if s.N != want.N || s.Token != want.Token || s.Totals != want.Totals || s.Identical != want.Identical ||
				export.StateHash(m.Model, &s) != export.StateHash(m.Model, &want) {
				t.Fatalf("forked at pass %d: step %d differs from the straight run", pass, s.N)
			}
		}
	}
}

func TestCountersOnTheStep(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range rounds(20) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		steps := collect(t, m, rec)
		last := steps[len(steps)-1]
		n := len(rec.Tokens) + rec.MaxNew - 1 // the last token is never fed
		if got, want := last.KV.Len(0), n; got != want {
			t.Errorf("cache ends with %d tokens, want %d", got, want)
		}
		for _, s := range steps {
			if s.Lanes[sim.Cached].KVBytes != s.KV.Bytes() {
				t.Fatalf("step %d: %d bytes counted, %d held", s.N, s.Lanes[sim.Cached].KVBytes, s.KV.Bytes())
			}
			if s.Pass == 0 && s.Lanes[sim.Cached].Flops != s.Lanes[sim.Uncached].Flops {
				t.Fatalf("prefill step %d: the cache changed the cost of the first pass", s.N)
			}
		}
	}
}

func TestWhyARunEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	m := random(t, r)
	rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3}, MaxNew: 4})
	steps := collect(t, m, rec)
	if got := steps[len(steps)-1].RunFinishReason; got != sim.FinishMaxNew {
		t.Errorf("done %q", got)
	}
	m.Model.Config.EOS = steps[m.Model.Config.Layers].Token // what prefill chooses
	steps = collect(t, m, rec)
	if last := steps[len(steps)-1]; last.RunFinishReason != sim.FinishEOS || last.Pass != 0 {
		t.Errorf("done %q in pass %d", last.RunFinishReason, last.Pass)
	}
}

func TestCancel(t *testing.T) {
	m := random(t, rand.New(rand.NewPCG(15, 16)))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for _, err := range Steps(ctx, m, recipe.Complete(sim.Recipe{Tokens: []int{1}, MaxNew: 9}), noClock) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			break
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d steps after cancel", n)
	}
}
