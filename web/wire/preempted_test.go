package wire

import (
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
)

// tight is a batch without blocks for all of it.
func tight(c sim.Config, schedule string) sim.Recipe {
	rec := batch(schedule, false)
	rec.Batch.Requests[0].Arrive, rec.Batch.Requests[0].MaxNew = 1, 6
	rec.Cache.Budget = 7 * int64(rec.Cache.Block) * kv.SpecOf(c, 1).TokenBytes()
	return rec
}

// TestPreemptionsFrames: frames tell once of every request that gives its blocks back, with
// the blocks and tokens that it had, and of all rows that are recomputed, pass by pass; what
// they say is paid for these is what the batch pays more than one with memory enough.
func TestPreemptionsFrames(t *testing.T) {
	l, _, _ := small(t)
	c := l.Model.Config
	for _, schedule := range []string{sim.ScheduleStatic, sim.ScheduleContinuous} {
		rec := tight(c, schedule)
		steps := stepsOf(t, l, rec)
		preempted, rows, paid := 0, 0, int64(0)
		var f *Frame
		for n := range steps {
			f = served(t, l, rec, steps, n, 1, "schedule")
			file := File(f)
			p := tell[lens.PeersInfo](t, file, "peers")
			for _, e := range p.Events {
				switch e.Kind {
				case "preempt":
					preempted++
					at := n - 1
					for steps[at].ForSequence(e.Seq).Seq != e.Seq {
						at--
					}
					before := steps[at].ForSequence(e.Seq)
					if e.Tokens != before.Cached+before.Rows || !slices.Equal(e.Blocks, before.KV.Usage().Table) {
						t.Errorf("%s, step %d: %+v, it had %d tokens in %v", schedule, n, e, before.Cached+before.Rows, before.KV.Usage().Table)
					}
				case "recompute":
					rows, paid = rows+e.Rows, paid+int64(e.Paid)
				}
			}
			if own := steps[n].ForSequence(1); own.Seq == 1 && steps[n].Schedule.Requests[1].Preempted > 0 {
				at := 0 // tokens that stand in the end: each is new once
				for pass, fed := range p.Fed {
					at += fed - p.Again[pass]
				}
				if last := len(p.Fed) - 1; at < own.Cached+own.Rows || p.From[last] != own.Cached {
					t.Errorf("%s, step %d: fed %v, again %v, from %v", schedule, n, p.Fed, p.Again, p.From)
				}
			}
			if told, again := tell[lens.ScheduleInfo](t, file, "schedule").Recomputed, steps[n].Schedule.Recomputed; again != nil && int64(told.Flops) != again.TotalFlops {
				t.Errorf("%s, step %d: %d FLOPs so far, the run says %d", schedule, n, told.Flops, again.TotalFlops)
			}
			checkPreempted(t, file, steps, n)
		}
		last := &steps[len(steps)-1]
		info := tell[lens.ScheduleInfo](t, File(f), "schedule").Recomputed
		again := last.Schedule.Recomputed
		if again == nil || preempted == 0 || rows != again.TotalRows || paid != again.TotalFlops || info.Rows != rows || int64(info.Flops) != paid {
			t.Fatalf("%s: %d times preempted, %d rows for %d FLOPs recomputed; %+v, the run says %+v", schedule, preempted, rows, paid, info, again)
		}
		rec.Cache.Budget = 0
		enough := stepsOf(t, l, rec)
		total := func(steps []sim.Step) int64 {
			return cost.Headline(steps[len(steps)-1].Totals[sim.Cached], (lens.View{}).Switches(rec))
		}
		if more := total(steps) - total(enough); more != paid {
			t.Errorf("%s: %d FLOPs are said to be recomputed, %d are", schedule, paid, more)
		}
	}
}

// checkPreempted compares the tables of a frame with the steps.
func checkPreempted(t *testing.T, f checkpoint.File, steps []sim.Step, n int) {
	t.Helper()
	tables := map[string]checkpoint.Tensor{}
	for _, x := range f.Tensors {
		tables[x.Name] = x
	}
	rows, away := tables["schedule_recomputed"], tables["schedule_preempted"]
	if steps[n].Schedule.Recomputed == nil {
		if rows.Data != nil || away.Data != nil {
			t.Errorf("step %d: tables of recomputed rows, and nobody was preempted", n)
		}
		return
	}
	for i := range n + 1 {
		for seq, q := range steps[i].Schedule.Requests {
			at := seq*rows.Shape[1] + steps[i].Pass
			if steps[i].Layer == 0 && (int(rows.Data[at]) != q.Recomputing || (away.Data[at] == 1) != (q.State == sim.RequestPreempted)) {
				t.Errorf("step %d: pass %d, request %d: %d recomputed, preempted %d; %+v", n, steps[i].Pass, seq, rows.Data[at], away.Data[at], q)
			}
		}
	}
}

// preempting is the last moment of a tight batch that tells of an event.
func preempting(t *testing.T, l *library.Loaded, kind lens.EventKind) *Frame {
	t.Helper()
	rec := tight(l.Model.Config, sim.ScheduleContinuous)
	steps := stepsOf(t, l, rec)
	for n := len(steps) - 1; n >= 0; n-- {
		f := served(t, l, rec, steps, n, 1, "schedule")
		for _, e := range tell[lens.PeersInfo](t, File(f), "peers").Events {
			if e.Kind == kind && e.Seq == 1 {
				return f
			}
		}
	}
	t.Fatalf("no %s of request 1", kind)
	return nil
}

// TestBlocksOfThePreempted: who joins again takes all its blocks anew, and gives none back:
// it had none.
func TestBlocksOfThePreempted(t *testing.T) {
	l, _, _ := small(t)
	f := File(preempting(t, l, "recompute"))
	if use := tell[lens.UseInfo](t, f, "use"); len(use.Given) > 0 || !slices.Equal(slices.Sorted(slices.Values(use.Taken)), slices.Sorted(slices.Values(use.Table))) {
		t.Errorf("of blocks %v, %v were taken and %v given back", use.Table, use.Taken, use.Given)
	}
}
