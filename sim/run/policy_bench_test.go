package run

import (
	"slices"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// BenchmarkPolicies compares a decode pass of story under every cache policy
// with that of the contiguous cache at the same attended length, as ratios of
// medians; the runs take turns, so that a noisy machine slows all alike.
func BenchmarkPolicies(b *testing.B) {
	m, err := library.Open("story")
	if err != nil {
		b.Fatal(err)
	}
	const attended, passes = 256, 128
	texts := []string{"contiguous", "paged:1", "paged:4", "paged:16", "paged:64", "window:252:4", "h2o:128:128",
		"int8:token:32", "int4:token:32", "int8:channel:8", "int4:channel:32"}
	times := make([][]float64, len(texts))
	for range max(b.N, 3) {
		for i, text := range texts {
			p, err := kv.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			rec := recipe.Complete(sim.Recipe{MaxNew: passes, Lanes: "cached", Cache: p})
			for n := range attended + 64 { // past what windows keep
				rec.Tokens = append(rec.Tokens, 5+n%200)
			}
			if !kv.TraitsOf(p).Evicts {
				rec.Tokens = rec.Tokens[:attended-passes/2]
			}
			for pass := range passes { // never the end of the text
				rec.Forced = append(rec.Forced, sim.Forced{Pass: pass, Token: 7})
			}
			start := time.Now()
			clock := func() float64 { return time.Since(start).Seconds() }
			layers := 0.0
			for s, err := range Steps(b.Context(), m, rec, clock) {
				if err != nil {
					b.Fatal(err)
				}
				if layers += s.Lanes[sim.Cached].Seconds; s.Part == sim.HeadPart {
					if s.Pass > 0 {
						times[i] = append(times[i], layers)
					}
					layers = 0
				}
			}
		}
	}
	median := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
	base := median(times[0])
	b.ReportMetric(base*1e6, "µs/contiguous")
	for i, text := range texts[1:] {
		b.ReportMetric(median(times[i+1])/base, "x/"+text)
	}
}
