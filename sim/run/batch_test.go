package run

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/sample"
)

// randomBatch adds requests and a schedule to a recipe. Half of the prompts begin
// as an earlier one does.
func randomBatch(r *rand.Rand, rec *sim.Recipe, vocab int) {
	b := &sim.Batch{
		Schedule: []string{sim.ScheduleStatic, sim.ScheduleContinuous}[r.IntN(2)],
		Slots:    1 + r.IntN(4), Chunk: r.IntN(2) * (1 + r.IntN(6)),
		Share: rec.Cache.Kind == sim.CachePaged && r.IntN(2) == 0,
	}
	prompts := [][]int{rec.Tokens}
	for range 1 + r.IntN(4) {
		var ids []int
		if r.IntN(2) == 0 {
			from := prompts[r.IntN(len(prompts))]
			ids = slices.Clone(from[:r.IntN(len(from)+1)])
		}
		for range 1 + r.IntN(6) {
			ids = append(ids, r.IntN(vocab))
		}
		prompts = append(prompts, ids)
		b.Requests = append(b.Requests, sim.Request{Tokens: ids, MaxNew: 1 + r.IntN(6), Arrive: r.IntN(6)})
	}
	rec.Batch = b
}

// bySequence are the steps of each sequence of a run.
func bySequence(steps []sim.Step) map[int][]*sim.Step {
	of := map[int][]*sim.Step{}
	for i := range steps {
		for _, p := range steps[i].PassSteps {
			of[p.Seq] = append(of[p.Seq], p)
		}
	}
	return of
}

// TestBatchChangesNothing: in any batch, under any schedule, with prompts cut
// into chunks and beginnings shared, every request gets the tokens, the logits
// and the cache that it gets alone, bit for bit; and both lanes agree.
func TestBatchChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 1))
	reused, chunked := 0, 0
	for range rounds(80) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		if rec.Cache.Kind = sim.CacheContiguous; r.IntN(3) > 0 {
			rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
		}
		randomBatch(r, &rec, m.Model.Config.Vocab)
		steps := collect(t, m, rec)
		of := bySequence(steps)
		for id := range 1 + len(rec.Batch.Requests) {
			alone := rec
			alone.Batch = nil
			if id > 0 {
				q := rec.Batch.Requests[id-1]
				alone.Tokens, alone.MaxNew = q.Tokens, q.MaxNew
			}
			want, got := collect(t, m, alone), of[id]
			if len(got) == 0 {
				t.Fatalf("%+v: request %d never ran", rec.Batch, id)
			}
			var heads []*sim.Step
			passes := map[int]bool{}
			for _, s := range got {
				if !s.Identical {
					t.Fatalf("%+v: request %d, step %d: the lanes differ in %s", rec.Batch, id, s.N, s.Differs)
				}
				if passes[s.Pass] = true; s.Part == sim.HeadPart && s.Token >= 0 {
					heads = append(heads, s)
				} else if s.Part == sim.HeadPart {
					chunked++
				}
			}
			at := 0
			for i := range want {
				if want[i].Part != sim.HeadPart {
					continue
				}
				if at == len(heads) {
					t.Fatalf("%+v: request %d stopped after %d tokens", rec.Batch, id, at)
				}
				s := heads[at]
				if s.Token != want[i].Token || !sameBits(s.Logits(), want[i].Logits()) || export.StateHash(m.Model, s) != export.StateHash(m.Model, &want[i]) {
					t.Fatalf("%+v: request %d, token %d differs from the request alone", rec.Batch, id, at)
				}
				at++
			}
			if last := got[len(got)-1]; at != len(heads) || last.FinishReason != want[len(want)-1].RunFinishReason {
				t.Fatalf("request %d ended with %q, alone %q", id, last.FinishReason, want[len(want)-1].RunFinishReason)
			}
			reused += steps[len(steps)-1].Schedule.Requests[id].Reused
		}
		last := steps[len(steps)-1]
		if last.RunFinishReason == "" || last.Totals[sim.Cached].KVBytes != last.Lanes[sim.Cached].KVBytes {
			t.Fatalf("%+v", last.Totals)
		}
	}
	if reused == 0 || chunked == 0 {
		t.Errorf("%d tokens reused, %d chunks: too few to prove anything", reused, chunked)
	}
}

// TestBatchUnderABudget: where memory is short requests wait for each other or
// give up, nothing hangs, and what is held stays within the budget.
func TestBatchUnderABudget(t *testing.T) {
	r := rand.New(rand.NewPCG(62, 1))
	gaveUp := 0
	for range rounds(60) {
		m := random(t, r)
		c := m.Model.Config
		rec := randomRecipe(r, c)
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(3)}
		randomBatch(r, &rec, c.Vocab)
		block := int64(rec.Cache.Block * c.Layers * c.KVDim() * 8)
		rec.Cache.Budget = block * int64(1+r.IntN(8))
		for _, s := range collect(t, m, rec) {
			if u := s.KV.Usage(); u.Held > rec.Cache.Budget || u.Held%block != 0 {
				t.Fatalf("%+v", u)
			}
			for _, p := range s.PassSteps {
				if p.FinishReason == sim.FinishMemory {
					gaveUp++
				}
			}
		}
	}
	if gaveUp == 0 {
		t.Error("nobody ever ran out of memory")
	}
}

// TestWeightsAreReadOnce: a pass over several requests reads the weights as often
// as a pass over one.
func TestWeightsAreReadOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 1))
	m := random(t, r)
	rec := randomRecipe(r, m.Model.Config)
	one := collect(t, m, rec)
	rec.Batch = &sim.Batch{Schedule: sim.ScheduleStatic, Slots: 3, Requests: []sim.Request{{Tokens: []int{1, 2, 3}, MaxNew: 2}, {Tokens: []int{4}, MaxNew: 3}}}
	for i, s := range collect(t, m, rec)[:m.Model.Config.Layers+1] {
		if len(s.PassSteps) != 3 {
			t.Fatalf("%d requests in the first pass", len(s.PassSteps))
		}
		if a, b := s.Lanes[sim.Cached].WeightBytes, one[i].Lanes[sim.Cached].WeightBytes; a != b {
			t.Fatalf("step %d reads %d bytes of weights, alone %d", i, a, b)
		}
	}
}

// TestChunkedReads: a prompt of n in chunks of c reads sum over i of min(i c, n)
// rows of the cache, and costs the FLOPs of one pass (papers.json, Sarathi).
func TestChunkedReads(t *testing.T) {
	if data, err := os.ReadFile("../../../shared/truth/papers.json"); err == nil && !json.Valid(data) {
		t.Fatal("papers.json")
	}
	r := rand.New(rand.NewPCG(64, 1))
	m := random(t, r)
	c := m.Model.Config
	for _, n := range []int{7, 12, 24} {
		for _, chunk := range []int{1, 3, 5, 24} {
			rec := recipe.Complete(sim.Recipe{MaxNew: 1, Lanes: "cached", Batch: &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 1, Chunk: chunk}})
			for range n {
				rec.Tokens = append(rec.Tokens, r.IntN(c.Vocab))
			}
			steps := collect(t, m, rec)
			got := steps[len(steps)-1].Totals[sim.Cached]
			want := int64(0)
			for i := 1; (i-1)*chunk < n; i++ {
				want += int64(min(i*chunk, n))
			}
			if rows := got.KVReadBytes / int64(c.Layers*c.KVDim()*8); rows != want {
				t.Errorf("%d in chunks of %d: %d rows read, want %d", n, chunk, rows, want)
			}
			rec.Batch = nil
			whole := collect(t, m, rec)
			if f := whole[len(whole)-1].Totals[sim.Cached].Flops; got.Flops != f {
				t.Errorf("%d in chunks of %d: %+v, in one pass %+v", n, chunk, got.Flops, f)
			}
		}
	}
}

// tiny is a model of very few tokens.
func tiny(t testing.TB, r *rand.Rand, vocab, eos int) *library.Loaded {
	t.Helper()
	c := modeltest.Config(r)
	c.Vocab, c.EOS = vocab, eos
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	return &library.Loaded{Name: "tiny", Model: m}
}

// TestBeamIsExhaustive: where the width leaves nothing out, beam search finds the
// best of all texts, as trying every one of them does, each in a run of its own.
func TestBeamIsExhaustive(t *testing.T) {
	r := rand.New(rand.NewPCG(65, 1))
	for range rounds(12) {
		vocab, most := 2, 1+r.IntN(4)
		if r.IntN(2) == 0 {
			vocab, most = 3, 1+r.IntN(2)
		}
		m := tiny(t, r, vocab, r.IntN(vocab+1)-1)
		rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 0, 1}, MaxNew: most, Sampler: sim.Sampler{Kind: "beam", Width: 8, Length: float64(r.IntN(3)) / 2}})
		steps := collect(t, m, rec)
		last := steps[len(steps)-1]
		best := last.Beams.Finished[last.Beams.Best]

		var top float64
		var winner []int
		var try func(ids []int, sum float64)
		try = func(ids []int, sum float64) {
			ended := len(ids) > 0 && ids[len(ids)-1] == m.Model.Config.EOS
			if ended || len(ids) == most {
				if score := sample.Score(sum, len(ids), rec.Sampler.Length); winner == nil || score > top {
					top, winner = score, slices.Clone(ids)
				}
				return
			}
			one := recipe.Complete(sim.Recipe{Tokens: append([]int{1, 0, 1}, ids...), MaxNew: 1, Lanes: "cached"})
			s := collect(t, m, one)
			for id, lp := range sample.LogProbs(s[len(s)-1].Logits()) {
				try(append(slices.Clone(ids), id), sum+lp)
			}
		}
		try(nil, 0)
		if !slices.Equal(best.Tokens, winner) || best.Score != top {
			t.Fatalf("beam search found %v (%v), the best text is %v (%v)", best.Tokens, best.Score, winner, top)
		}
	}
}

// TestBeamsShareBlocks: every beam's logits are those of its text alone, bit for
// bit; both lanes agree; beams share the blocks of what they have in common, and
// copy one when they part.
func TestBeamsShareBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(66, 1))
	shared, copied := 0, 0
	for range rounds(25) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.MaxNew, rec.Sampler, rec.Cache = 2+r.IntN(5), sim.Sampler{Kind: "beam", Width: 2 + r.IntN(4), Length: 1}, sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(5)}
		for _, s := range collect(t, m, rec) {
			for _, p := range append([]*sim.Step{&s}, s.PassSteps...) {
				if !p.Identical {
					t.Fatalf("beam %d, step %d: the lanes differ in %s", p.Seq, p.N, p.Differs)
				}
				if p.Part != sim.HeadPart {
					continue
				}
				one := recipe.Complete(sim.Recipe{Tokens: p.Tokens, MaxNew: 1, Lanes: "cached"})
				alone := collect(t, m, one)
				if !sameBits(p.Logits(), alone[len(alone)-1].Logits()) {
					t.Fatalf("beam %d differs from its text alone", p.Seq)
				}
				for _, refs := range p.KV.Usage().Refs {
					if refs > 1 {
						shared++
					}
				}
			}
			if s.Beams != nil {
				copied += s.Beams.Copied
			}
		}
	}
	if shared == 0 || copied == 0 {
		t.Errorf("%d blocks shared, %d copied", shared, copied)
	}
}
