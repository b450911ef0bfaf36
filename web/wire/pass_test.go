package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/export"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
	"kvstep/sim/run/runtest"
)

// paidLanes is what each lane paid, as a trace and a ledger write it.
type paidLanes map[string]sim.Counters

// TestPassIsTheSumOfItsSteps: at every step of random runs (of every family and policy, batches, beams, drafts) the
// ledger's pass is exactly the sum of its steps up to there, as `kvstep trace` writes them, and by a viewer's own
// switches as the ledgers of these steps say.
func TestPassIsTheSumOfItsSteps(t *testing.T) {
	whole := 0
	n := runtest.Rounds{Short: 20, Usual: 60, All: 3000}.Try(t, func(seed, i uint64) error {
		r := rand.New(rand.NewPCG(seed, i))
		m, rec := runtest.Recipe(r)
		steps, _ := runtest.Play(m, rec)
		var lines bytes.Buffer
		for k := range steps {
			if err := export.WriteTrace(&lines, func(yield func(*sim.Step, error) bool) { yield(&steps[k], nil) }); err != nil {
				return err
			}
		}
		traced, own := sums{perPass: m.Model.Config.Layers + 1}, sums{perPass: m.Model.Config.Layers + 1}
		kept := &lens.Kept{}
		view := lens.View{Unit: []string{"flop", "mac"}[r.IntN(2)], Pairs: []string{"allowed", "dense"}[r.IntN(2)], Logits: []string{"last", "all"}[r.IntN(2)]}
		for k, read := 0, json.NewDecoder(&lines); k < len(steps); k++ {
			var line struct{ Lanes paidLanes }
			if err := read.Decode(&line); err != nil {
				return err
			}
			for _, by := range []struct {
				view lens.View
				sums *sums
			}{{lens.View{}, &traced}, {view, &own}} {
				ledger, err := ledgerAt(&Frame{Moment: lens.Moment{Model: m, Recipe: rec, Recorded: len(steps), View: by.view, Kept: kept}}, steps, k)
				if err != nil {
					return err
				}
				if by.sums == &own {
					line.Lanes = ledger.Step
				}
				if err := by.sums.add(k, line.Lanes, ledger.Pass); err != nil {
					return fmt.Errorf("step %d by %+v: %w", k, by.view, err)
				}
			}
			if steps[k].Part == sim.HeadPart {
				whole++
			}
		}
		return nil
	}, func() string { return fmt.Sprint(whole, " whole passes") })
	if whole < n {
		t.Errorf("%d whole passes of %d recipes", whole, n)
	}
}

// ledgerAt is the ledger of the frame at a step.
func ledgerAt(f *Frame, steps []sim.Step, n int) (ledger struct{ Step, Pass paidLanes }, err error) {
	f.Place(n, recorded(steps).Step)
	meta, err := readable(Encode(nil, f))
	if err != nil {
		return ledger, err
	}
	return ledger, json.Unmarshal([]byte(meta["ledger"]), &ledger)
}

// sums adds up steps, pass by pass.
type sums struct {
	perPass int
	pass    paidLanes
}

// add adds step n, and compares what a ledger says of its pass by now.
func (s *sums) add(n int, step, pass paidLanes) error {
	if n%s.perPass == 0 {
		s.pass = paidLanes{}
	}
	for lane, paid := range step {
		if paid.Flops.Total() == 0 && paid.WeightBytes == 0 {
			continue // null, or a lane without work
		}
		s.pass[lane] = cost.Add(s.pass[lane], paid)
	}
	for lane, want := range s.pass {
		if got := pass[lane]; got != want {
			return fmt.Errorf("%s paid %+v in this pass, not %+v", lane, want, got)
		}
	}
	return nil
}

// TestALoneLaneKnowsWhatItRecomputed: what a cache would have left to pay, of a run without one, is what the lane with
// a cache pays in the same run with both.
func TestALoneLaneKnowsWhatItRecomputed(t *testing.T) {
	runtest.Rounds{Short: 10, Usual: 40, All: 2000}.Try(t, func(seed, i uint64) error {
		r := rand.New(rand.NewPCG(seed, i))
		m, rec := runtest.Recipe(r)
		rec.Cache, rec.Draft = sim.CachePolicy{Kind: sim.CacheContiguous}, ""
		rec.Lanes = "both"
		if !runtest.Valid(m, rec) {
			return nil
		}
		both, _ := runtest.Play(m, rec)
		rec.Lanes = "uncached"
		if !runtest.Valid(m, rec) {
			return nil
		}
		alone, _ := runtest.Play(m, rec)
		kept := &lens.Kept{}
		for n := range alone {
			f := &Frame{Moment: lens.Moment{Model: m, Recipe: rec, Recorded: len(alone), Kept: kept}}
			f.Place(n, recorded(alone).Step)
			f.View.Pairs, f.View.Logits = rec.Pairs, rec.Logits
			got := seen[lens.LedgerInfo](f, "ledger")
			rec := rec
			rec.Lanes = "both"
			f = &Frame{Moment: lens.Moment{Model: m, Recipe: rec, Recorded: len(both)}}
			f.Place(n, recorded(both).Step)
			want := seen[lens.LedgerInfo](f, "ledger")
			if *got.Step.Needed != want.Step.Cached.Flops || *got.Pass.Needed != want.Pass.Cached.Flops || *got.Total.Needed != want.Total.Cached.Flops {
				return fmt.Errorf("step %d: %+v of %+v, %+v of %+v", n, *got.Pass.Needed, want.Pass.Cached.Flops, *got.Total.Needed, want.Total.Cached.Flops)
			}
		}
		return nil
	}, func() string { return "" })
}

// TestFactorsAreTheConfigs: what a formula multiplies is what the model has, of every family: the letters of shapes,
// and the factors of the bytes that a token takes (2 x layers x K/V heads x head_dim x 4).
func TestFactorsAreTheConfigs(t *testing.T) {
	families := map[string]bool{}
	for i, m := range runtest.Models() {
		if m.Name == runtest.Loud {
			continue
		}
		rec := recipe.Complete(sim.Recipe{Tokens: []int{0, 1 % m.Model.Config.Vocab, 0}, MaxNew: 2})
		steps, err := runtest.Play(m, rec)
		if err != nil {
			t.Fatal(err)
		}
		c := m.Model.Config
		families[c.Family] = true
		want := lens.Letters{"d": lens.Integer(c.Dim), "H": lens.Integer(c.Heads), "G": lens.Integer(c.KVHeads), "h": lens.Integer(c.HeadDim),
			"F": lens.Integer(c.FFN), "V": lens.Integer(c.Vocab), "L": lens.Integer(c.Layers), "b": 4}
		for n := range steps {
			f := &Frame{Moment: lens.Moment{Model: m, Recipe: rec, Prompt: 3, Recorded: len(steps), View: lens.View{Show: []string{"formulas"}}}}
			f.Place(n, recorded(steps).Step)
			letters := seen[map[lens.LaneName]lens.Letters](f, "letters")[lens.LaneCached]
			for letter, v := range want {
				if letters[letter] != v {
					t.Errorf("model %d (%s), step %d: %s is %d, the config says %d", i, c.Family, n, letter, letters[letter], v)
				}
			}
			rows := map[bool]int{true: 3, false: 1}[steps[n].Pass == 0]
			if letters["m"] != lens.Integer(rows) || letters["s"] != lens.Integer(steps[n].Cached) {
				t.Errorf("model %d, step %d: %d rows after %d tokens", i, n, letters["m"], letters["s"])
			}
			if got := seen[lens.CacheInfo](f, "kv").BytesPerToken; got != lens.Integer(2*c.Layers*c.KVHeads*c.HeadDim*4) {
				t.Errorf("model %d: %d bytes a token", i, got)
			}
		}
	}
	if len(families) < 4 {
		t.Errorf("only %v", families)
	}
}
