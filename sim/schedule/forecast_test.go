package schedule

import (
	"math"
	"math/rand/v2"
	"testing"
)

// passByPass is Forecast without skipping: every pass is planned by itself.
func passByPass(p Policy, prompts []Prompt) int {
	all := make([]forecast, len(prompts))
	for i, q := range prompts {
		all[i] = forecast{Prompt: q}
	}
	for pass := 0; ; pass++ {
		out := next(p, pass, all)
		if len(out.Scheduled) == 0 {
			return pass
		}
		for _, s := range out.Scheduled {
			all[s.Request].feed(1, s.NumTokens)
		}
	}
}

// TestForecastCountsAtOnce: passes that are alike are skipped without changing how many
// there are, and the work does not grow with tokens, passes or waiting.
func TestForecastCountsAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	for range 3000 {
		n := 1 + r.IntN(16)
		p := Policy{Slots: 1 + r.IntN(16), Chunk: r.IntN(3) * r.IntN(9), Static: r.IntN(2) == 0}
		if p.Static {
			p.Chunk = 0
		}
		var prompts, huge []Prompt
		for range n {
			q := Prompt{Tokens: r.IntN(40), MaxNew: r.IntN(30), Arrive: r.IntN(2) * r.IntN(60)}
			prompts = append(prompts, q)
			huge = append(huge, Prompt{q.Tokens << 20, math.MaxInt32 - q.MaxNew, q.Arrive << 20})
		}
		most := 3*n*(n+1) + 1
		got, plans := p.Forecast(prompts)
		if want := passByPass(p, prompts); got != want || plans > most {
			t.Fatalf("%+v, %d requests: %d passes in %d plans, want %d in %d at most", p, n, got, plans, want, most)
		}
		if _, plans := p.Forecast(huge); plans > most {
			t.Fatalf("%+v, %d large requests: %d plans, want %d at most", p, n, plans, most)
		}
	}
}

// TestForecastIsTheEngine: with memory for all, a batch that is played takes as many passes
// as are forecast. (sim/run compares them with real runs.)
func TestForecastIsTheEngine(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 8))
	for n := range 5000 {
		policy, m := world(t, r)
		m.blocks, m.remembered = 1<<20, 0
		var prompts []Prompt
		for _, q := range m.all {
			prompts = append(prompts, q.Prompt)
		}
		passes, preempted, err := m.play(policy)
		if err != nil || preempted > 0 {
			t.Fatalf("batch %d: %d preempted, %v", n, preempted, err)
		}
		if want, _ := policy.Forecast(prompts); passes != want {
			t.Fatalf("batch %d (%+v): %d passes, %d were forecast", n, policy, passes, want)
		}
	}
}
