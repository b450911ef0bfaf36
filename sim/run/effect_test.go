package run

import (
	"context"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

// TestTheSameLogitsChooseTheSame: what other logits would have chosen after proposals is what
// was chosen where they are no other: the same rule, the same random number.
func TestTheSameLogitsChooseTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 9))
	rejected, all := 0, 0
	for range rounds(20) {
		m := pair(t, r)
		rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3}, MaxNew: 16, Draft: "draft", Propose: 3, Sampler: sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1, Seed: r.Uint64()}})
		e, err := newEngine(context.Background(), nil, m, rec, noClock, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		q, d := e.all[0], e.decoder.(*speculative)
		err = e.run(func(s sim.Step, _ error) bool {
			x := s.Speculation
			if s.Part != sim.HeadPart || x == nil {
				return true
			}
			row := 0
			for row < len(x.Verdicts) && x.Verdicts[row].Accepted {
				row++
			}
			if row != x.Accepted { // a proposal ended the text
				return true
			}
			if all++; row < len(x.Proposed) {
				rejected++
			}
			past := s.Tokens[:len(s.Tokens)-len(x.Proposed)+row]
			if got, err := d.instead(q, &s, row, past, s.Logits()); err != nil || got != s.Token {
				t.Errorf("step %d: %d instead of %d: %v", s.N, got, s.Token, err)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if rejected == 0 || rejected == all {
		t.Errorf("%d of %d rejected", rejected, all)
	}
}
