package run_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/run/runtest"
)

// TestGenerator: random recipes over models, policies, budgets, batches, beams, drafts and
// forks, against the oracles of oracle_test.go. `make attack` never ends.
func TestGenerator(t *testing.T) {
	steps, problems, met := 0, 0, map[string]int{}
	n := runtest.Rounds{Short: 100, Usual: 700, All: 20_000}.Try(t, func(seed, i uint64) error {
		x, err := try(seed, i)
		if err != nil {
			return err
		}
		if steps += len(x.steps); x.err != nil {
			problems++
		}
		x.meets(met)
		return nil
	}, func() string {
		return fmt.Sprintf("%d steps, %d ended with a problem, 0 panics; met %v", steps, problems, met)
	})
	for _, what := range []string{"several", "pieces", "reused", "waited", "memory", "memory in a batch", "preempted", "recomputed", "eos", "stop", "max-new", "evicted", "coded", "accepted", "rejected",
		"beams", "finished", "forced", "changed", "alone in the cached lane", "alone in the uncached lane", "waits", "waits beside others", "waits under a policy", "budget"} {
		if met[what] == 0 && n >= 500 {
			t.Errorf("no recipe has met %q", what)
		}
	}
}

// meets counts what a trial has been through.
func (t *trial) meets(met map[string]int) {
	in := map[string]bool{"budget": t.rec.Cache.Budget > 0, "forced": len(t.rec.Forced) > 0, "alone in the cached lane": t.rec.Lanes == "cached", "alone in the uncached lane": t.rec.Lanes == "uncached"}
	for s := range t.each() {
		in["several"] = in["several"] || len(s.PassSteps) > 1
		in["pieces"] = in["pieces"] || s.Part == sim.HeadPart && s.Output == nil
		in["evicted"] = in["evicted"] || len(kv.Evictions(s)) > 0
		in["coded"] = in["coded"] || t.rec.Cache.Axis != "" && s.KV != nil
		in[s.RunFinishReason] = true
		if x := s.Speculation; x != nil {
			in["accepted"], in["rejected"] = in["accepted"] || x.Accepted > 0, in["rejected"] || len(x.Verdicts) > x.Accepted
		}
		if s.Beams != nil {
			in["beams"], in["finished"] = true, in["finished"] || len(s.Beams.Finished) > 0
		}
		in["waits"], in["waits under a policy"] = in["waits"] || s.Waits() && s.Compared > 0, in["waits under a policy"] || s.Waits() && !kv.TraitsOf(t.rec.Cache).Exact
		for _, p := range s.PassSteps {
			in["waits beside others"] = in["waits beside others"] || p.Waits() && !s.Waits()
		}
		in["changed"] = in["changed"] || s.Effect != nil && s.Effect.Changed != nil
		if s.Schedule == nil {
			continue
		}
		for _, q := range s.Schedule.Requests {
			in["reused"], in["waited"] = in["reused"] || q.Reused > 0, in["waited"] || q.Started > 0
			in["preempted"], in["recomputed"] = in["preempted"] || q.Preempted > 0, in["recomputed"] || q.Recomputed > 0
			in["memory in a batch"] = in["memory in a batch"] || q.FinishReason == sim.FinishMemory
		}
	}
	for what, is := range in {
		if is {
			met[what]++
		}
	}
}

// try plays recipe number i and asks the oracles.
func try(seed, i uint64) (x *trial, err error) {
	r := rand.New(rand.NewPCG(seed, i))
	x = &trial{}
	x.m, x.rec = runtest.Recipe(r)
	at := "run"
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			text, _ := json.Marshal(x.rec)
			err = fmt.Errorf("-seed %d, recipe %d, %s: %w\n%s", seed, i, at, err, text)
		}
	}()
	x.steps, x.err = runtest.Play(x.m, x.rec)
	for _, o := range oracles {
		at = o.name
		if err := o.holds(x, r); err != nil {
			return x, err
		}
	}
	return x, nil
}
