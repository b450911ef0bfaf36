package run

import (
	"context"
	"iter"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

// BenchmarkTracing is what a run costs more than the engine alone: a Session whose
// likeliest token goes on and a traced run of the cached lane take their passes by
// turns, so that what else the machine does meets both. Times are medians of passes, and
// what is more the median of the differences between two that followed each other. The
// memory of a run is that of the one before, as in a server: a first touch of memory can
// take longer than all else. With -benchtime 1x and KVSTEP_FRESH=1 nothing was touched.
func BenchmarkTracing(b *testing.B) {
	for _, shape := range []struct {
		name string
		c    sim.Config
	}{
		{"15M", sim.Config{Family: "llama", Dim: 288, Layers: 6, Heads: 6, KVHeads: 6, HeadDim: 48, FFN: 768, Vocab: 32000, Context: 256}},
		{"110M", sim.Config{Family: "llama", Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 2048, Vocab: 32000, Context: 1024}},
	} {
		b.Run(shape.name, func(b *testing.B) {
			c := shape.c
			c.NormEps, c.RopeBase, c.Tied, c.BOS, c.EOS = 1e-5, 10000, true, -1, -1
			made, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(1, 1)), c))
			if err != nil {
				b.Fatal(err)
			}
			m := &library.Loaded{Model: made}
			var bare, more [2][]float64 // prefill, decode
			if os.Getenv("KVSTEP_FRESH") == "" {
				tracingTurns(b, m, &[2][]float64{}, &[2][]float64{})
			}
			for b.Loop() {
				tracingTurns(b, m, &bare, &more)
			}
			b.ReportMetric(0, "ns/op")
			for i, what := range []string{"prefill", "decode"} {
				b.ReportMetric(1000*middle(bare[i]), what+"-ms")
				b.ReportMetric(100*middle(more[i])/middle(bare[i]), what+"-%-more")
			}
		})
	}
}

func tracingTurns(b *testing.B, m *library.Loaded, bare, more *[2][]float64) {
	const made = 48
	prompt := make([]int, 64)
	for i := range prompt {
		prompt[i] = i*7 + 3
	}
	runtime.GC()
	r := recipe.Complete(sim.Recipe{Tokens: prompt, MaxNew: made, Lanes: "cached"})
	session, err := NewSession(m, len(prompt)+made)
	if err != nil {
		b.Fatal(err)
	}
	next, stop := iter.Pull2(Steps(context.Background(), m, r, noClock))
	defer stop()
	fed := prompt
	for pass := range made {
		kind := min(pass, 1)
		start := time.Now()
		token := likeliest(session.Feed(fed...))
		alone := time.Since(start).Seconds()
		start = time.Now()
		for {
			s, err, more := next()
			if err != nil || !more {
				b.Fatal(pass, err, more)
			}
			if s.Part == sim.HeadPart {
				if fed = []int{token}; s.Token != token {
					b.Fatalf("pass %d: traced %d, alone %d", pass, s.Token, token)
				}
				break
			}
		}
		bare[kind] = append(bare[kind], alone)
		more[kind] = append(more[kind], time.Since(start).Seconds()-alone)
	}
}

func middle(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }

func likeliest(logits []float32) (best int) {
	for id, x := range logits {
		if x > logits[best] {
			best = id
		}
	}
	return best
}
