package wire

import (
	"fmt"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// BenchmarkWithout encodes a frame of the last layer of a decode pass, nothing open, with the rows of the lane without a
// cache and without them (as where the lane waits): recorded ones, and under a policy that evicts, computed
// again. The layer before has been shown.
func BenchmarkWithout(b *testing.B) {
	l, err := library.New().Get("")
	if err != nil {
		b.Fatal(err)
	}
	for _, tokens := range []int{16, 64, 256, 500} {
		for _, cache := range []string{"contiguous", "window:8:2"} {
			rec := sim.Recipe{Model: l.Name, MaxNew: 3, Lanes: "both"}
			rec.Cache, _ = kv.Parse(cache)
			for i := range tokens - 2 {
				rec.Tokens = append(rec.Tokens, 300+i%7)
			}
			rec = recipe.Complete(rec)
			steps := stepsOf(b, l, rec)
			last := len(steps) - 2
			for _, shown := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/%d/with=%v", cache, tokens, shown), func(b *testing.B) {
					kept, buf := &lens.Kept{}, []byte(nil)
					encode := func(n int) {
						f := planned(moment(l, rec, steps, n, steps[n].Layer, 3))
						if f.Kept, f.View.Cell = kept, nil; !shown {
							f.From = asRun(f.From)
							f.From.Ran[sim.Uncached] = false
						}
						buf = Encode(buf[:0], f)
					}
					var took float64
					for range b.N {
						*kept = lens.Kept{}
						encode(last - 1)
						started := b.Elapsed()
						encode(last)
						took += (b.Elapsed() - started).Seconds()
					}
					b.ReportMetric(took/float64(b.N)*1e6, "us/frame")
					b.ReportMetric(float64(len(buf)), "bytes/frame")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
