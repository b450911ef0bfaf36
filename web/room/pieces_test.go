package room

import (
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// TestABranchReadsItsPromptInOtherPasses: where one policy needs several passes for the
// prompt and the other does not, the branch says the same up to the cursor all the same.
func TestABranchReadsItsPromptInOtherPasses(t *testing.T) {
	rec := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Once upon a time there was a little cat who liked to play", MaxNew: 8,
		Cache: sim.CachePolicy{Kind: sim.CacheInt8, Axis: "channel", Group: 4}})
	m, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := m.Prepare(rec)
	if err != nil {
		t.Fatal(err)
	}
	// Room for the codes of all tokens, and for some of them in float32.
	spec := kv.SpecOf(m.Model.Config, recipe.Fed(len(prompt), rec.MaxNew))
	for spec.Fits(rec.Cache, rec.Cache.Budget) < spec.Most {
		rec.Cache.Budget += 256
	}
	tight, pieces, perPass := rec.Cache.Budget, run.Pieces(m, rec, len(prompt)), m.Model.Config.Layers+1
	if pieces < 2 {
		t.Fatalf("the prompt is read in %d passes", pieces)
	}
	r, v := New(t.Context(), library.New()), newViewer(t)
	t.Cleanup(r.Close)
	r.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
	v.until(-1)
	at := (pieces+3)*perPass - 1 // after the fourth choice
	r.Do(v, wire.Command{Cmd: "seek", Step: at})
	was := ids(t, v.until(at))
	for _, x := range []struct {
		cache  string
		budget int64
		step   int
	}{{"contiguous", 0, 4*perPass - 1}, {"int8:channel:4", tight, at}} {
		r.Do(v, wire.Command{Cmd: "branch", Cache: x.cache, Budget: x.budget})
		if now := ids(t, v.until(x.step)); !slices.Equal(now, was) {
			t.Errorf("%s: %v, the run before %v", x.cache, now, was)
		}
	}
}
