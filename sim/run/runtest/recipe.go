// Package runtest makes random recipes, plays them, and computes what they should give
// by a slow path of its own. It is for tests.
package runtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/sample"
)

// Loud is the name of a model whose numbers overflow: its runs end with a Problem.
const Loud = "loud"

// Models are small random models of every family and many shapes, which know each other
// as drafts; and the smallest that is embedded, which has words.
var Models = sync.OnceValue(func() []*library.Loaded {
	r := rand.New(rand.NewPCG(14, 3))
	var all []*library.Loaded
	add := func(name string, c sim.Config, loud float32) {
		w := modeltest.Weights(r, c)
		for l := range w.Layers {
			for i := range w.Layers[l].K.NumRows() {
				for j := range w.Layers[l].K.Row(i) {
					w.Layers[l].K.Row(i)[j] *= loud
				}
			}
		}
		m, err := model.New(c, w)
		if err != nil {
			panic(err)
		}
		all = append(all, &library.Loaded{Name: name, Model: m})
	}
	for i := range 6 {
		for _, family := range model.Families {
			c := modeltest.Family(r, family)
			c.Dim, c.FFN, c.Layers = 1+r.IntN(20), 1+r.IntN(24), 1+r.IntN(3)
			c.Vocab, c.Context = []int{2, 13, 29}[r.IntN(3)], []int{14, 24, 64, 400}[r.IntN(4)]
			if r.IntN(3) == 0 {
				c.EOS = r.IntN(c.Vocab)
			}
			if family == "llama" && r.IntN(3) == 0 {
				c.RopeScaling = &sim.RopeScaling{Factor: 8, LowFreq: 1, HighFreq: 4, Original: 8}
			}
			if family != "gpt2" && r.IntN(5) == 0 {
				c.NoPE, c.HeadDim = true, 1+r.IntN(9)
			}
			add(fmt.Sprintf("%s-%d", family, i), c, 1)
		}
	}
	c := modeltest.Family(r, "llama")
	c.Vocab, c.Layers = 13, 2
	add(Loud, c, 1e20)
	lib := library.New(all...)
	words, err := lib.Get("story-draft")
	if err != nil {
		panic(err)
	}
	return append(all, words)
})

// Recipe draws a recipe that its model takes.
func Recipe(r *rand.Rand) (*library.Loaded, sim.Recipe) {
	for {
		m := Models()[r.IntN(len(Models()))]
		if rec := Draw(r, m); Valid(m, rec) {
			return m, rec
		}
	}
}

// Valid tells whether a model takes a recipe.
func Valid(m *library.Loaded, rec sim.Recipe) bool {
	_, err := m.Prepare(rec)
	return err == nil
}

// Draw draws a recipe for a model; one in some the model will refuse.
func Draw(r *rand.Rand, m *library.Loaded) sim.Recipe {
	c := m.Model.Config
	rec := sim.Recipe{Model: m.Name, MaxNew: 1 + r.IntN(12), Lanes: pick(r, "both", "both", "both", "cached", "uncached"),
		Pairs: pick(r, "allowed", "allowed", "dense"), Logits: pick(r, "last", "last", "all")}
	rec.Prompt, rec.Tokens = prompt(r, m, nil)
	rec.Sampler = sampler(r, c.Vocab)
	rec.Cache = policy(r, c.HeadDim)
	if r.IntN(3) == 0 { // from nothing to enough
		rec.Cache.Budget = 1 + r.Int64N(kv.SpecOf(c, 1).TokenBytes()*int64(1+r.IntN(40)))
	}
	if m.Tokenizer != nil && r.IntN(3) == 0 {
		rec.Stop = []string{pick(r, "a", "the", ".", " ")}
	}
	switch r.IntN(8) {
	case 0:
		rec.Batch = batch(r, m, rec)
	case 1: // with blocks for the longest of them and some more
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
		rec.Batch = batch(r, m, rec)
		most := len(rec.Tokens) + rec.MaxNew
		for _, q := range rec.Batch.Requests {
			most = max(most, len(q.Tokens)+q.MaxNew)
		}
		blocks := (most+rec.Cache.Block-1)/rec.Cache.Block + r.IntN(6)
		rec.Cache.Budget = int64(blocks*rec.Cache.Block) * kv.SpecOf(c, 1).TokenBytes()
	case 2: // several that begin alike, with room for some blocks
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
		rec.MaxNew = 1 + r.IntN(3)
		most := (len(rec.Tokens)+rec.Cache.Block-1)/rec.Cache.Block + r.IntN(4)
		rec.Cache.Budget = int64(most*r.IntN(3)) * kv.SpecOf(c, 1).TokenBytes() * int64(rec.Cache.Block)
		rec.Batch = batch(r, m, rec)
		if rec.Batch.Share = true; r.IntN(2) == 0 {
			rec.Batch.Slots = 1
		}
	case 3:
		rec.Draft, rec.Propose = draft(r, m), 1+r.IntN(5)
	case 4:
		rec.Sampler.Kind = "beam"
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(5), Budget: rec.Cache.Budget}
	case 5:
		for range 1 + r.IntN(3) {
			rec.Forced = append(rec.Forced, sim.Forced{Pass: r.IntN(rec.MaxNew + 2), Token: r.IntN(c.Vocab)})
		}
	}
	if rec.Lanes == "both" && r.IntN(4) == 0 {
		rec.Lanes = fmt.Sprint(sim.BothUntil, r.IntN(20))
	}
	rec = recipe.Complete(rec)
	if r.IntN(16) == 0 && len(rec.Forced) == 0 { // prefill alone
		rec.MaxNew = 0
	}
	return rec
}

// pick is one of some.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// prompt is a random prompt, as text if the model has words. It begins like the one given.
func prompt(r *rand.Rand, m *library.Loaded, like []int) (text string, ids []int) {
	if m.Tokenizer != nil {
		words := strings.Fields("Once upon a time there was a little cat who liked to play 从前 有一只")
		return strings.Join(words[:1+r.IntN(len(words))], " "), nil
	}
	if ids = append(ids, like...); r.IntN(2) == 0 {
		ids = ids[:r.IntN(len(like)+1)]
	}
	for range 1 + r.IntN(9) {
		ids = append(ids, r.IntN(m.Model.Config.Vocab))
	}
	return "", ids
}

func sampler(r *rand.Rand, vocab int) sim.Sampler {
	s := sim.Sampler{
		Kind: pick(r, "greedy", "greedy", "sample", "sample", "beam"), Seed: r.Uint64(),
		Temperature: pick(r, 1, 0.7, 3, 100, 1e-9, math.SmallestNonzeroFloat64), TopK: pick(r, 0, 0, 1, 3, vocab+9),
		TopP: pick(r, 1, 1, 0.9, 0.3, 0.0001), MinP: pick(r, 0, 0, 0.2, 1),
		RepetitionPenalty: pick(r, 1, 1, 1, 1.3, 0.5, 0.01, 100),
		Width:             2 + r.IntN(3), Length: pick(r, 1, 0, -1, 10.0, -10),
	}
	for _, f := range sample.Filters { // any of them, those with no field of their own too
		if x := f.Least + (f.Most-f.Least)*r.Float64(); r.IntN(8) == 0 && (!f.Whole || f.Limit == nil) && f.Check(x) == nil {
			f.In(&s).Set(x)
		}
	}
	return s
}

func policy(r *rand.Rand, headDim int) sim.CachePolicy {
	group := 1 + r.IntN(headDim)
	for headDim%group != 0 {
		group--
	}
	coded := pick(r, sim.CacheInt8, sim.CacheInt4)
	return pick(r, sim.CachePolicy{Kind: sim.CacheContiguous}, sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(9)},
		sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(3)},
		sim.CachePolicy{Kind: sim.CacheWindow, Window: 1 + r.IntN(9), Sinks: r.IntN(4)},
		sim.CachePolicy{Kind: sim.CacheH2O, Window: 1 + r.IntN(5), Heavy: r.IntN(5)},
		sim.CachePolicy{Kind: coded, Axis: kv.AxisToken, Group: group}, sim.CachePolicy{Kind: coded, Axis: kv.AxisChannel, Group: group})
}

func batch(r *rand.Rand, m *library.Loaded, rec sim.Recipe) *sim.Batch {
	b := &sim.Batch{Schedule: pick(r, sim.ScheduleStatic, sim.ScheduleContinuous), Slots: 1 + r.IntN(5), Chunk: r.IntN(2) * r.IntN(7),
		Share: rec.Cache.Kind == sim.CachePaged && r.IntN(3) > 0}
	for range r.IntN(6) {
		q := sim.Request{MaxNew: r.IntN(9), Arrive: pick(r, 0, 0, r.IntN(9), 1<<20)}
		q.Prompt, q.Tokens = prompt(r, m, rec.Tokens)
		b.Requests = append(b.Requests, q)
	}
	return b
}

// draft is a model of the same vocabulary, the model itself perhaps.
func draft(r *rand.Rand, m *library.Loaded) string {
	if r.IntN(3) == 0 {
		return m.Name
	}
	vocab := m.Model.Config.Vocab
	var names []string
	for _, other := range Models() {
		if other.Model.Config.Vocab == vocab && other.Name != Loud {
			names = append(names, other.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return pick(r, names...)
}

// Play runs a recipe to its end or its first error, with a clock that stands still.
func Play(m *library.Loaded, rec sim.Recipe, prefix ...sim.Step) (all []sim.Step, err error) {
	for s, err := range run.Steps(context.Background(), m, rec, func() float64 { return 0 }, prefix...) {
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}
