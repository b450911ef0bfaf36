package run

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// BenchmarkWaitingLane is what a run of a large model takes from its start to its end with the
// lanes that the page offers of it, by turns with the cached lane alone: 64 new tokens after a
// long prompt and after a short one, of which the uncached lane runs the beginning. With
// KVSTEP_ALL=1 the uncached lane also runs in every step, which takes a minute.
func BenchmarkWaitingLane(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped in short mode: half a gigabyte of weights")
	}
	c := sim.Config{Family: "gpt2", Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072,
		Vocab: 50257, Context: 1024, NormEps: 1e-5, NoPE: true, Tied: true, BOS: -1, EOS: -1}
	made, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(1, 1)), c))
	if err != nil {
		b.Fatal(err)
	}
	m := &library.Loaded{Name: "GPT-2 124M", Model: made}
	lanes := []string{"cached", library.DefaultLanes(c)}
	if os.Getenv("KVSTEP_ALL") != "" {
		lanes = append(lanes, "both")
	}
	for _, x := range []struct {
		name   string
		prompt int
	}{{"256+64", 256}, {"16+64", 16}} {
		b.Run(x.name, func(b *testing.B) {
			seconds, times := map[string][]float64{}, map[string][]float64{}
			for b.Loop() {
				for _, l := range lanes {
					s := timeRun(b, m, x.prompt, l)
					seconds[l] = append(seconds[l], s)
					times[l] = append(times[l], s/seconds["cached"][len(seconds["cached"])-1])
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, l := range lanes {
				b.ReportMetric(middle(seconds[l]), l+"-s")
				b.ReportMetric(middle(times[l]), l+"-x") // of the turn's cached lane, so that what else the machine does meets both
			}
		})
	}
}

// timeRun returns the seconds of a run of 64 new tokens.
func timeRun(b *testing.B, m *library.Loaded, prompt int, lanes string) float64 {
	ids := make([]int, prompt)
	for i := range ids {
		ids[i] = i*7 + 3
	}
	runtime.GC()
	started := time.Now()
	clock := func() float64 { return time.Since(started).Seconds() }
	for _, err := range Steps(context.Background(), m, recipe.Complete(sim.Recipe{Tokens: ids, MaxNew: 64, Lanes: lanes}), clock) {
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started).Seconds()
}
