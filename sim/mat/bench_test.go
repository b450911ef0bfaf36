package mat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// race runs some ways of doing one thing by turns and gives the shortest time
// of each for one call, in nanoseconds. What else the machine does then meets
// them all alike, and their ratios hold on a busy machine too.
func race(ways ...func()) []float64 {
	const calls, rounds = 50, 200
	best := make([]float64, len(ways))
	for round := range rounds {
		for i, way := range ways {
			start := time.Now()
			for range calls {
				way()
			}
			took := float64(time.Since(start).Nanoseconds()) / calls
			if round == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}

// shelves are one matrix kept in different ways: rows side by side, in pages
// of shuffled order, and one by one with half of the positions gone.
func shelves(r *rand.Rand, rows, cols int) (names []string, all []Matrix, at [][]int) {
	flat := Of(rows, cols, randoms(r, rows*cols))
	add := func(name string, m Matrix, positions []int) {
		names, all, at = append(names, name), append(all, m), append(at, positions)
	}
	add("contiguous", flat, nil)
	for _, per := range []int{1, 4, 16, 64} {
		pages := make([][]float32, (rows+per-1)/per)
		pool := randoms(r, len(pages)*per*cols)
		for i, place := range r.Perm(len(pages)) {
			pages[i] = pool[place*per*cols : (place+1)*per*cols]
		}
		add(fmt.Sprintf("pages/%d", per), Paged(rows, cols, pages, per, 0), nil)
	}
	left := r.Perm(2 * rows)[:rows]
	slices.Sort(left)
	add("gathered", all[1], left)
	return names, all, at
}

// BenchmarkAttention is one query against a cache kept in different ways, each
// also as a multiple of the contiguous one's time (bar: 1.3).
func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, cols := range []int{16, 64} {
		for _, rows := range []int{16, 64, 256, 512} {
			names, k, at := shelves(r, rows, cols)
			_, v, _ := shelves(r, rows, cols)
			q, scores, out := RowOf(randoms(r, cols)), New(1, rows), make([]float32, cols)
			ways := make([]func(), len(names))
			for i := range names {
				ways[i] = func() {
					MulT(scores, q, k[i])
					Scale(scores.Row(0), 0.25)
					Softmax(scores.Row(0), scores.Row(0), at[i])
					WeightedSum(out, scores.Row(0), v[i], at[i])
				}
			}
			took := race(ways...)
			for i, name := range names {
				b.Run(fmt.Sprintf("%d/%d/%s", cols, rows, name), func(b *testing.B) {
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(took[i], "ns")
					b.ReportMetric(took[i]/took[0], "x")
				})
			}
		}
	}
}

// BenchmarkLevels is every kernel at every level of this processor; x is how
// many times as fast as portable Go.
func BenchmarkLevels(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, w, head := Of(64, 128, randoms(r, 64*128)), Of(384, 128, randoms(r, 384*128)), Of(256, 32, randoms(r, 256*32))
	p, y, dst, out := randoms(r, 256), randoms(r, 256), make([]float32, 512), New(64, 384)
	rope, ropePairs, turned := NewRope(8, 64, 1e4, false, nil), NewRope(8, 64, 1e4, true, nil), randoms(r, 256)
	kernels := []struct {
		name string
		run  func()
	}{
		{"mult/1x128x384", func() { MulT(out.Rows(0, 1), x.Rows(0, 1), w) }},
		{"mult/8x128x384", func() { MulT(out.Rows(0, 8), x.Rows(0, 8), w) }},
		{"dot/32", func() { dst[0] = Dot(p[:32], y) }},
		{"squares/256x32", func() { Squares(dst, head) }},
		{"scores/256x32", func() { MulT(RowOf(dst[:256]), RowOf(p[:32]), head) }},
		{"weighted/256x32", func() { WeightedSum(dst[:32], p, head, nil) }},
		{"weighted/256x16", func() { WeightedSum(dst[:16], p, head.Cols(0, 16), nil) }},
		{"weighted/64x64", func() { WeightedSum(dst[:64], p[:64], x.Cols(0, 64).Rows(0, 64), nil) }},
		{"softmax/256", func() { Softmax(dst[:256], p, nil) }},
		{"swiglu/256", func() { SwiGLU(dst[:256], p, y) }},
		{"gelu/256", func() { GELU(dst[:256], p) }},
		{"layernorm/128", func() { LayerNorm(dst[:128], p[:128], y[:128], p[:128], 1e-5) }},
		{"rope/256, heads of 64", func() { rope.Rotate(turned, 3) }},
		{"rope/256, side by side", func() { ropePairs.Rotate(turned, 3) }},
		{"sum/256", func() { dst[0] = Sum(p, nil) }},
		{"rmsnorm/128", func() { RMSNorm(dst[:128], p[:128], y[:128], 1e-5) }},
		{"add/128", func() { Add(dst[:128], p[:128], y[:128]) }},
		{"scale/256", func() { Scale(y, -1) }},
	}
	for _, k := range kernels {
		var ways []func()
		for _, l := range Levels() {
			ways = append(ways, func() { selected = l; k.run() })
		}
		was := selected
		took := race(ways...)
		selected = was
		for i, l := range Levels() {
			b.Run(k.name+"/"+l.String(), func(b *testing.B) {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(took[i], "ns")
				b.ReportMetric(took[0]/took[i], "x")
			})
		}
	}
}

// BenchmarkPrefill is 64 rows that meet matrices of 15M, 110M and GPT-2 by one thread, each of which comes from
// memory, as those of one layer after the other do; share is of what the processor reaches in registers.
func BenchmarkPrefill(b *testing.B) {
	const rows, peakRounds, times = 64, 10_000_000, 60
	r := rand.New(rand.NewPCG(1, 1))
	weights := Slab(100 << 20)
	for i := range weights {
		weights[i] = r.Float32()
	}
	x := randoms(r, rows*3072)
	for _, shape := range [][2]int{{288, 288}, {288, 768}, {768, 768}, {768, 2048}, {2048, 768}, {768, 3072}, {3072, 768}} {
		k, n := shape[0], shape[1]
		start := time.Now()
		ops := Peak(peakRounds, false)
		peak := float64(ops) / float64(time.Since(start).Nanoseconds())
		in, dst, at := Of(rows, k, x[:rows*k]), New(rows, n), 0
		var rates []float64
		for range times {
			if at += n * k; at+n*k > len(weights) {
				at = 0
			}
			w := Of(n, k, weights[at:at+n*k])
			start := time.Now()
			linearRows(dst, in, w, nil)
			rates = append(rates, 2*rows*float64(n*k)/float64(time.Since(start).Nanoseconds()))
		}
		slices.Sort(rates)
		b.Run(fmt.Sprintf("%dx%dx%d", rows, k, n), func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(rates[times/2], "GFLOP/s")
			b.ReportMetric(rates[times/2]/peak, "share")
		})
	}
}
