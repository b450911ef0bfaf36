package run

import (
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/schedule"
)

// tighten gives a batch blocks for the longest of its requests, and few more.
func tighten(r *rand.Rand, m *library.Loaded, rec *sim.Recipe) {
	rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
	most := len(rec.Tokens) + rec.MaxNew - 1
	for _, q := range rec.Batch.Requests {
		most = max(most, len(q.Tokens)+q.MaxNew-1)
	}
	blocks := (most+rec.Cache.Block-1)/rec.Cache.Block + r.IntN(4)
	rec.Cache.Budget = int64(blocks*rec.Cache.Block) * kv.SpecOf(m.Model.Config, 1).TokenBytes()
}

// TestPreemptionChangesNothing: in batches under tight budgets that nobody exceeds alone,
// every request gets the tokens, the logits and the cache that it gets alone, bit for bit;
// both lanes agree; nobody ends for want of memory; and what is paid beyond a batch with
// memory enough is exactly what is told as recomputed.
func TestPreemptionChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(67, 1))
	preempted, drawn, static, pieces := 0, 0, 0, 0
	for range rounds(150) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		randomBatch(r, &rec, m.Model.Config.Vocab)
		if rec.Batch.Slots++; r.IntN(2) == 0 {
			rec.Sampler = sim.Sampler{Kind: "sample", Temperature: 1.5, TopP: 1, RepetitionPenalty: 1, Seed: r.Uint64()}
		}
		tighten(r, m, &rec)
		rec.Batch.Share = r.IntN(3) == 0
		steps := collect(t, m, rec)
		checkRequests(t, m, rec, steps)
		prompt, err := m.Prepare(rec)
		if err != nil {
			t.Fatal(err)
		}
		if most := NewPlan(m, rec, prompt).MostSteps; len(steps) > most {
			t.Fatalf("%+v: %d steps, at most %d were planned", rec, len(steps), most)
		}
		last := steps[len(steps)-1]
		again := last.Schedule.Recomputed
		if again == nil {
			continue
		}
		for _, q := range last.Schedule.Requests {
			preempted += q.Preempted
		}
		if drawn += again.TotalRows; rec.Batch.Schedule == sim.ScheduleStatic {
			static++
		}
		if rec.Batch.Chunk > 0 {
			pieces++
		}
		if rec.Batch.Share { // what is found in blocks is another in each
			continue
		}
		rec.Cache.Budget = 0
		loose := collect(t, m, rec)
		if paid, want := last.Totals[sim.Cached].Flops.Total(), loose[len(loose)-1].Totals[sim.Cached].Flops.Total(); rec.Pairs == "allowed" && paid-again.TotalFlops != want {
			t.Fatalf("%+v: %d FLOPs, of them %d recomputed; %d with memory enough", rec, paid, again.TotalFlops, want)
		}
	}
	t.Logf("%d times preempted, %d rows recomputed; %d static batches, %d in pieces", preempted, drawn, static, pieces)
	if preempted == 0 || !testing.Short() && (preempted < 20 || static == 0 || pieces == 0) {
		t.Error("that is too few")
	}
}

// checkRequests compares every request of a batch with a run of it alone.
func checkRequests(t *testing.T, m *library.Loaded, rec sim.Recipe, steps []sim.Step) {
	t.Helper()
	of := bySequence(steps)
	for id := range 1 + len(rec.Batch.Requests) {
		alone := rec
		if alone.Batch = nil; id > 0 {
			q := rec.Batch.Requests[id-1]
			alone.Tokens, alone.MaxNew = q.Tokens, q.MaxNew
		}
		var heads []*sim.Step
		for _, s := range of[id] {
			if !s.Identical {
				t.Fatalf("%+v: request %d, step %d: the lanes differ in %s", rec, id, s.N, s.Differs)
			}
			if s.Part == sim.HeadPart && s.Token >= 0 {
				heads = append(heads, s)
			}
		}
		want, at := collect(t, m, alone), 0
		for i := range want {
			if want[i].Part != sim.HeadPart {
				continue
			}
			if at == len(heads) {
				t.Fatalf("%+v: request %d stops after %d tokens", rec, id, at)
			}
			s := heads[at]
			if s.Token != want[i].Token || !sameBits(s.Logits(), want[i].Logits()) || export.StateHash(m.Model, s) != export.StateHash(m.Model, &want[i]) {
				t.Fatalf("%+v: request %d, token %d differs from the request alone", rec, id, at)
			}
			at++
		}
		if q := steps[len(steps)-1].Schedule.Requests[id]; at != len(heads) || q.FinishReason != want[len(want)-1].RunFinishReason || q.FinishReason == sim.FinishMemory {
			t.Fatalf("%+v: request %d ends with %q after %d tokens, alone with %q after %d", rec, id, q.FinishReason, len(heads), want[len(want)-1].RunFinishReason, at)
		}
	}
}

// TestForecast: a batch that goes to its maximum with memory enough takes as many passes as
// the scheduler foretells.
func TestForecast(t *testing.T) {
	r := rand.New(rand.NewPCG(68, 1))
	for range rounds(60) {
		m := random(t, r)
		m.Model.Config.EOS = -1
		rec := randomRecipe(r, m.Model.Config)
		rec.Lanes, rec.Stop = "cached", nil
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
		randomBatch(r, &rec, m.Model.Config.Vocab)
		rec.Batch.Share = false
		steps := collect(t, m, rec)
		prompts := []schedule.Prompt{{Tokens: len(rec.Tokens), MaxNew: rec.MaxNew}}
		for _, q := range rec.Batch.Requests {
			prompts = append(prompts, schedule.Prompt{Tokens: len(q.Tokens), MaxNew: q.MaxNew, Arrive: q.Arrive})
		}
		if want, _ := schedule.For(rec.Batch).Forecast(prompts); steps[len(steps)-1].Pass+1 != want {
			t.Fatalf("%+v: %d passes, %d were forecast", rec, steps[len(steps)-1].Pass+1, want)
		}
	}
}
