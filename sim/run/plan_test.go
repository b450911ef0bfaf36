package run

import (
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
)

// passByPass is planned without skipping: every pass is played, and every row of it.
func passByPass(b *sim.Batch, all []*plan) int {
	for pass := 0; ; pass++ {
		joinPlans(all, b, pass)
		if !sharePass(all, b) {
			return pass
		}
		for _, q := range all {
			if q.share > 0 {
				q.feed(1)
			}
		}
	}
}

// TestPlansAreCountedAtOnce: passes that are alike are skipped without changing how many
// there are, and the work does not grow with tokens, passes or waiting.
func TestPlansAreCountedAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	for range 3000 {
		n := 1 + r.IntN(16)
		b := &sim.Batch{Schedule: []string{sim.ScheduleStatic, sim.ScheduleContinuous}[r.IntN(2)], Slots: 1 + r.IntN(16), Chunk: r.IntN(3) * r.IntN(9)}
		var fast, slow, huge []*plan
		for range n {
			q := plan{prompt: 1 + r.IntN(40), maxNew: 1 + r.IntN(30), arrive: r.IntN(2) * r.IntN(60)}
			a, c, d := q, q, q
			d.prompt, d.maxNew, d.arrive = q.prompt<<20, math.MaxInt32-q.maxNew, q.arrive<<20
			fast, slow, huge = append(fast, &a), append(slow, &c), append(huge, &d)
		}
		most := 3*n*(n+1) + 1
		got, turns := planned(b, fast)
		if want := passByPass(b, slow); got != want || turns > most {
			t.Fatalf("%+v, %d requests: %d passes in %d turns, want %d in %d at most", *b, n, got, turns, want, most)
		}
		if _, turns := planned(b, huge); turns > most {
			t.Fatalf("%+v, %d large requests: %d turns, want %d at most", *b, n, turns, most)
		}
	}
}
