package run

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
)

// TestARunCountsItsMemory: at every step at least caches and, but for what is given back after a pass,
// the working memory of both lanes are counted, and not twice as much and a slab; when it is over only the rest of the
// slab is; when nobody looks any more, nothing.
func TestARunCountsItsMemory(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	c := m.Model.Config
	for _, policy := range []string{"contiguous", "paged:4", "window:40:2", "h2o:20:20", "int8:token:32", "int4:channel:8"} {
		p, err := kv.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		const n, maxNew = 6, 40
		r := recipe.Complete(sim.Recipe{Model: "story", Tokens: []int{5, 6, 7, 8}, MaxNew: maxNew, Cache: p})
		r.Batch = &sim.Batch{Schedule: sim.ScheduleStatic, Slots: n}
		for range n - 1 {
			r.Batch.Requests = append(r.Batch.Requests, sim.Request{Tokens: []int{5, 9, 7}, MaxNew: maxNew})
		}
		memory := sim.NewMemory(nil, "memory.room", 0)
		shown := int64(0) // of caches, by steps
		for s, err := range StepsWithin(t.Context(), memory, m, r, noClock) {
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range s.PassSteps {
				if s.Part == sim.LayerPart && !kv.KeepsRows(r.Cache) {
					shown += int64(p.Rows*c.KVDim()) * 2 * 4
				}
			}
			if s.RunFinishReason != "" {
				if held := memory.Held(); held > mat.SlabBytes(1<<19) {
					t.Errorf("%s: %d bytes are held when the run is over", policy, held)
				}
				continue
			}
			var caches int64
			rows := 0
			for _, p := range s.PassSteps {
				caches += p.KV.Usage().Allocated
				rows += p.Cached + p.Rows
			}
			lanes := model.ActsBytes(model.Lent{Stream: true, KV: true}, c, len(s.PassSteps), maxNew) + model.ActsBytes(model.Lent{}, c, rows, maxNew)
			if s.Part == sim.HeadPart { // what is much has been given back
				lanes = 0
			}
			held := memory.Held() + shown
			if least := caches + lanes; held < least || held > 2*least+mat.SlabBytes(1<<19)+2<<20 {
				t.Fatalf("%s, step %d: %d bytes are held; caches have %d, lanes at least %d", policy, s.N, held, caches, lanes)
			}
		}
		if held := memory.Held(); held != 0 {
			t.Errorf("%s: %d bytes are held by nobody", policy, held)
		}
	}
}

// TestShortOfMemoryAnywhere: wherever a run is refused, it goes on where it was when there
// is memory, with the same bits; and it is never beyond its limit by more than steps take.
func TestShortOfMemoryAnywhere(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(14, 6))
	refused, preempted := 0, 0
	for range 90 {
		rec := randomMemoryRecipe(r)
		if _, err := m.Prepare(rec); err != nil {
			t.Fatal(err)
		}
		var want []sim.Step
		for s, err := range Steps(t.Context(), m, rec, noClock) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, s)
		}
		memory := sim.NewMemory(nil, "memory.room", 1)
		n := 0
		for s, err := range StepsWithin(context.Background(), memory, m, rec, noClock) {
			var p *sim.Problem
			if errors.As(err, &p) && sim.Short(err) {
				if memory.Held() > memory.Limit() {
					t.Fatalf("%d of %d bytes are held after a refusal: %+v after %d steps: %v", memory.Held(), memory.Limit(), rec, n, err)
				}
				refused++
				memory.SetLimit(memory.Limit() + 1 + r.Int64N(1<<18))
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			w := &want[n]
			if s.N != n || s.Token != w.Token || s.GeneratedText != w.GeneratedText || !sameRows(s.Out, w.Out) || !reflect.DeepEqual(s.Schedule, w.Schedule) || s.Identical != w.Identical || s.Totals[sim.Cached].KVBytes != w.Totals[sim.Cached].KVBytes || len(s.PassSteps) != len(w.PassSteps) {
				t.Fatalf("%+v: step %d is another one after %d refusals", rec, n, refused)
			}
			if n++; s.Schedule != nil && s.Schedule.Recomputed != nil {
				preempted++
			}
			if s.Part == sim.HeadPart && r.IntN(2) == 0 { // between two passes
				memory.SetLimit(max(1, memory.Held())) // now there is no more
			}
		}
		if n != len(want) || memory.Held() != 0 {
			t.Fatalf("%d of %d steps; %d bytes are held by nobody", n, len(want), memory.Held())
		}
	}
	if refused < 200 || preempted == 0 {
		t.Errorf("only %d refusals were tried, %d steps after a preemption", refused, preempted)
	}
}

// randomMemoryRecipe is a short run of any kind.
func randomMemoryRecipe(r *rand.Rand) sim.Recipe {
	policies := []string{"contiguous", "paged:1", "paged:4", "window:6:2", "h2o:4:4", "int8:token:8", "int4:channel:4"}
	p, err := kv.Parse(policies[r.IntN(len(policies))])
	if err != nil {
		panic(err)
	}
	tokens := func() (ids []int) {
		for range 1 + r.IntN(12) {
			ids = append(ids, r.IntN(1700))
		}
		return ids
	}
	rec := sim.Recipe{Model: "story", Tokens: tokens(), MaxNew: 1 + r.IntN(10), Cache: p}
	rec.Lanes = []string{"both", "cached", "uncached"}[r.IntN(3)]
	switch r.IntN(4) {
	case 0:
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(6)}
		rec.Sampler = sim.Sampler{Kind: "beam", Width: 2 + r.IntN(4)}
	case 1:
		rec.Batch = &sim.Batch{Schedule: []string{sim.ScheduleStatic, sim.ScheduleContinuous}[r.IntN(2)], Slots: 1 + r.IntN(3), Chunk: r.IntN(4)}
		rec.Batch.Share = rec.Cache.Kind == sim.CachePaged && r.IntN(2) == 0
		for range r.IntN(4) {
			rec.Batch.Requests = append(rec.Batch.Requests, sim.Request{Tokens: tokens(), MaxNew: 1 + r.IntN(8), Arrive: r.IntN(4)})
		}
		if r.IntN(2) == 0 { // with blocks for about one of them
			rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(4)}
			rec.Cache.Budget = int64(22/rec.Cache.Block+r.IntN(3)) * int64(rec.Cache.Block) * 5120
			rec.Batch.Slots = 3
		}
	case 2:
		if !kv.TraitsOf(rec.Cache).Evicts && rec.Cache.Axis != kv.AxisChannel {
			rec.Draft, rec.Propose = "story-draft", 1+r.IntN(5)
		}
	}
	return recipe.Complete(rec)
}
