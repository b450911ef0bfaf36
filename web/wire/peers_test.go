package wire

import (
	"encoding/json"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// served is step n of a run of several sequences, seen by who looks at one of them.
func served(t testing.TB, l *library.Loaded, rec sim.Recipe, steps []sim.Step, n, seq int, show ...string) *Frame {
	t.Helper()
	ids, err := l.Prepare(rec)
	if err != nil {
		t.Fatal(err)
	}
	m := &Frame{Seq: 1, Link: Link{Step: n}, Moment: lens.Moment{Model: l, Recipe: rec, Prompt: len(ids), Waiting: ids, Recorded: n + 1,
		View: lens.View{Seq: seq, Show: show}}}
	if n == len(steps)-1 {
		m.Ended = steps[n].RunFinishReason
	}
	m.Place(n, func(n int) *sim.Step { return &steps[n] })
	return m
}

// batch is a recipe of the small model with three requests, the second of which
// begins like the first.
func batch(schedule string, share bool) sim.Recipe {
	r := sim.Recipe{Model: "small", Tokens: []int{0, 7, 19, 7, 33, 4, 5}, MaxNew: 5, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 2}}
	r.Batch = &sim.Batch{Schedule: schedule, Slots: 2, Share: share, Requests: []sim.Request{
		{Tokens: []int{0, 7, 19, 7, 33, 9}, MaxNew: 3, Arrive: 2}, {Tokens: []int{0, 3, 8}, MaxNew: 4, Arrive: 3},
	}}
	if schedule == sim.ScheduleContinuous {
		r.Batch.Chunk = 4
	}
	return recipe.Complete(r)
}

func beam() sim.Recipe {
	return recipe.Complete(sim.Recipe{Model: "small", Tokens: []int{0, 7, 19, 7, 33}, MaxNew: 4, Sampler: sim.Sampler{Kind: "beam", Width: 3, Length: 1},
		Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 2}})
}

// tell decodes one value of a frame.
func tell[T any](t testing.TB, f checkpoint.File, key string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(f.Meta[key]), &v); err != nil {
		t.Fatalf("%s: %v: %s", key, err, f.Meta[key])
	}
	return v
}

// TestASchedulesFrames: what frames say of every pass is what the steps say, and
// the passes ahead are those that the run then has.
func TestASchedulesFrames(t *testing.T) {
	l, _, _ := small(t)
	for _, schedule := range []string{sim.ScheduleStatic, sim.ScheduleContinuous} {
		rec := batch(schedule, false)
		steps := stepsOf(t, l, rec)
		if start := tell[lens.RunInfo](t, File(served(t, l, rec, steps, -1, 2)), "run"); start.Length != len(steps) {
			t.Errorf("%s: %d steps are told at first, there are %d", schedule, start.Length, len(steps))
		}
		for seq, want := range []int{7, 6, 3} { // the prompt that is looked at waits
			f := File(served(t, l, rec, steps, -1, seq))
			if run := tell[lens.RunInfo](t, f, "run"); run.Prompt != want || len(tell[[][2]any](t, f, "waiting")) != want {
				t.Errorf("request %d begins with %d tokens, want %d", seq, run.Prompt, want)
			}
		}
		for n := range steps {
			for seq := range 3 {
				f := File(served(t, l, rec, steps, n, seq, "schedule"))
				checkPass(t, f, steps, n)
				p := tell[lens.PeersInfo](t, f, "peers")
				own := steps[n].ForSequence(seq)
				if p.Seq != own.Seq || p.Pick != seq || p.Fed[len(p.Fed)-1] != own.Rows {
					t.Fatalf("step %d, request %d: peers %+v", n, seq, p)
				}
				sum := 0
				for _, rows := range p.Fed {
					sum += rows
				}
				if sum != own.Cached+own.Rows {
					t.Errorf("step %d, request %d: %v were fed, %d stand", n, seq, p.Fed, own.Cached+own.Rows)
				}
			}
		}
	}
}

func checkPass(t *testing.T, f checkpoint.File, steps []sim.Step, n int) {
	t.Helper()
	s := &steps[n]
	info := tell[lens.ScheduleInfo](t, f, "schedule")
	for seq, q := range info.Requests {
		if q.RequestState != s.Schedule.Requests[seq] {
			t.Errorf("step %d: request %d is %+v", n, seq, q)
		}
	}
	table, weights := f.Tensors[len(f.Tensors)-2], f.Tensors[len(f.Tensors)-1]
	if table.Name != "schedule" || weights.Name != "schedule_weights" || table.Shape[1] != s.Pass+1 {
		t.Fatalf("step %d: %s %v, %s", n, table.Name, table.Shape, weights.Name)
	}
	at := func(row, pass int) int { return int(table.Data[row*table.Shape[1]+pass]) }
	for i := range n + 1 {
		x := steps[i]
		for seq, q := range x.Schedule.Requests {
			if at(seq, x.Pass) != q.Rows {
				t.Errorf("step %d: pass %d has %d rows of request %d, not %d", n, x.Pass, at(seq, x.Pass), seq, q.Rows)
			}
		}
		if r := len(x.Schedule.Requests); at(r, x.Pass) != x.Schedule.Padded || at(r+1, x.Pass) != x.Schedule.Idle {
			t.Errorf("step %d: pass %d is padded by %d, %d idle", n, x.Pass, at(r, x.Pass), at(r+1, x.Pass))
		}
	}
}

// TestWhatAPrefixSaves: the FLOPs that the frames call saved are those that the
// same run without sharing pays more.
func TestWhatAPrefixSaves(t *testing.T) {
	l, _, _ := small(t)
	rec := batch(sim.ScheduleContinuous, true)
	rec.Batch.Chunk = 0
	steps := stepsOf(t, l, rec)
	saved, reused := int64(0), 0
	for n := range steps {
		f := File(served(t, l, rec, steps, n, 1))
		if p, q := tell[lens.PeersInfo](t, f, "peers"), tell[lens.ScheduleInfo](t, f, "schedule").Requests[1]; p.Seq == 1 && q.Started == steps[n].Pass && steps[n].Layer == 0 {
			use := tell[lens.UseInfo](t, f, "use")
			if found := q.Reused / rec.Cache.Block; len(use.Given) > 0 || len(use.Taken) != len(use.Table)-found {
				t.Errorf("step %d: of blocks %v, %d found in the cache, %v are said to be taken, %v given back", n, use.Table, found, use.Taken, use.Given)
			}
		}
		for _, e := range tell[lens.PeersInfo](t, File(served(t, l, rec, steps, n, 0)), "peers").Events {
			if e.Kind == "reuse" {
				saved, reused = saved+int64(e.Saved), reused+e.Tokens
			}
		}
	}
	rec.Batch.Share = false
	alone := stepsOf(t, l, rec)
	total := func(steps []sim.Step) int64 {
		return cost.Headline(steps[len(steps)-1].Totals[sim.Cached], (lens.View{}).Switches(rec))
	}
	if want := total(alone) - total(steps); saved != want || reused != 4 {
		t.Errorf("%d FLOPs are said to be saved by %d tokens, %d are", saved, reused, want)
	}
}

// TestABeamTreesFrames: the tree has every beam of every pass; the texts of its
// nodes are those of the beams, and copies are told once for every block copied.
func TestABeamTreesFrames(t *testing.T) {
	l, _, _ := small(t)
	rec := beam()
	steps := stepsOf(t, l, rec)
	perPass := l.Model.Config.Layers + 1
	copied, told := 0, 0
	for n := range steps {
		f := File(served(t, l, rec, steps, n, 1, "beams"))
		info := tell[lens.BeamsInfo](t, f, "beams")
		for _, e := range tell[lens.PeersInfo](t, f, "peers").Events {
			if e.Kind == "copy" {
				told++
			}
		}
		if b := steps[n].Beams; b != nil && steps[n].RunFinishReason == "" {
			copied += b.Copied
		}
		if n+1 < perPass {
			continue
		}
		x := f.Tensors[len(f.Tensors)-2]
		nodes := 0
		for pass, count := range info.Passes {
			b := steps[(pass+1)*perPass-1].Beams
			if count != len(b.Live) {
				t.Fatalf("step %d: %d nodes in pass %d", n, count, pass)
			}
			nodes += count
		}
		if x.Name != "beam_tree" || x.Shape[1] != nodes {
			t.Fatalf("step %d: %s %v, want %d nodes", n, x.Name, x.Shape, nodes)
		}
		for i, done := range info.Finished {
			if done.Node == nil || i > 0 && done.Score > info.Finished[i-1].Score {
				t.Errorf("step %d: finished %+v", n, info.Finished)
			}
		}
	}
	if copied == 0 || told != copied {
		t.Errorf("%d copies are told of, %d blocks were copied", told, copied)
	}
	last := tell[lens.BeamsInfo](t, File(served(t, l, rec, steps, len(steps)-1, 0)), "beams")
	if last.Best != 0 || len(last.Finished) == 0 || last.Passes != nil {
		t.Errorf("at the end %+v", last)
	}
}
