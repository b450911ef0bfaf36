package room

import (
	"errors"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

// TestForetoldIsHeld: what is said before a run, of how many tokens there is memory for, is what
// there was memory for; and where it is for all of them nothing is said.
func TestForetoldIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers of one goroutine: long under the race detector, which has nothing to find")
	}
	long := strings.Repeat("One day Tom found a red ball. ", 6)
	for name, r := range map[string]sim.Recipe{
		"both":     {Prompt: long, MaxNew: 200},
		"short":    {Prompt: "Once upon a time", MaxNew: 200},
		"cached":   {Prompt: long, MaxNew: 200, Lanes: "cached"},
		"waiting":  {Prompt: long, MaxNew: 200, Lanes: "both:120"},
		"uncached": {Prompt: long, MaxNew: 200, Lanes: "uncached"},
		"paged":    {Prompt: long, MaxNew: 200, Lanes: "cached", Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 4}},
		"window":   {Prompt: long, MaxNew: 200, Lanes: "cached", Cache: sim.CachePolicy{Kind: sim.CacheWindow, Window: 40}},
		"int8":     {Prompt: long, MaxNew: 200, Cache: sim.CachePolicy{Kind: sim.CacheInt8}},
	} {
		models := endless(t)
		r.Model = "story"
		r = recipe.Complete(r)
		s := lone(t, models)
		if err := s.start(r); err != nil {
			t.Fatal(name, err)
		}
		if s.short != nil {
			t.Errorf("%s: memory for %+v tokens of %d MiB", name, s.short, s.memory().Limit()>>20)
		}
		var most int64
		for {
			more, err := s.tape.Forward()
			if err != nil {
				t.Fatal(name, err)
			}
			if most = max(most, s.memory().Held()); !more {
				break
			}
		}
		s.closeAll()
		for _, share := range []int64{90, 60} {
			total := sim.NewMemory(nil, "memory.total", 0)
			models.Count(total)
			less := lone(t, models)
			total.SetLimit(most * share / 100 * 2) // another room may come
			if err := less.start(r); err != nil {
				var p *sim.Problem
				if !errors.As(err, &p) || p.ID != "memory.prompt" || share > 80 {
					t.Errorf("%s with %d %%: %v", name, share, err)
				}
				continue
			}
			less.memory().SetLimit(0) // only the share
			short, err := less.foretold(less.model, r, less.plan)
			if err != nil {
				continue // not even the prompt
			}
			err = toTheEnd(less)
			at := less.tape.Step(max(less.tape.Len()-1, 0))
			have := at.Cached + at.Rows
			t.Logf("%s with %d %% of %d KiB: foretold %+v, %d tokens, %v", name, share, most>>10, short, have, err)
			switch {
			case short == nil && err != nil:
				t.Errorf("%s with %d %%: %d tokens, and nothing was said: %v", name, share, have, err)
			case short != nil && have < short.Fits*8/10-8:
				t.Errorf("%s with %d %%: %d tokens, foretold %+v", name, share, have, short)
			}
			less.closeAll()
		}
	}
}
