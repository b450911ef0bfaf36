package mat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// run runs f with the kernels of one level.
func (l Level) run(f func()) {
	defer func(was Level) { selected = was }(selected)
	selected = l
	f()
}

// fast are the levels of this processor beside the portable one.
func fast() []Level { return Levels()[1:] }

// wild are numbers of every kind: most near 1, some huge, subnormal, zero of
// either sign, infinite or not a number where the seed says so.
func wild(r *rand.Rand, n int, strange bool) []float32 {
	x := randoms(r, n)
	if !strange {
		return x
	}
	for i := range x {
		switch r.IntN(12) {
		case 0:
			x[i] = math.Float32frombits(r.Uint32()) // anything at all
		case 1:
			x[i] = math.Float32frombits(r.Uint32() & 0x807fffff) // subnormal
		case 2:
			x[i] = float32(math.Copysign(0, float64(x[i])))
		case 3:
			x[i] *= 1e30
		case 4:
			x[i] *= 90
		}
	}
	return x
}

// differ is the first place where a and b have other bits; which NaN a NaN is
// does not count, for processors disagree on it.
func differ(a, b []float32) (int, bool) {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return i, true
		}
	}
	return 0, false
}

// check compares what f writes at every level with what portable Go writes,
// a guard after the n numbers included.
func check(t *testing.T, name string, n int, f func(dst []float32)) {
	t.Helper()
	want := make([]float32, n+16)
	Portable.run(func() { f(want[:n]) })
	for _, l := range fast() {
		got := make([]float32, n+16)
		l.run(func() { f(got[:n]) })
		if i, bad := differ(got, want); bad {
			t.Fatalf("%s %v: [%d] = %x (%v), want %x (%v)", name, l, i,
				math.Float32bits(got[i]), got[i], math.Float32bits(want[i]), want[i])
		}
	}
}

// someRows is a matrix of random shape and keeping: strided, a view, or pages.
func someRows(r *rand.Rand, rows, cols int, strange bool) Matrix {
	above, left, right := r.IntN(5), r.IntN(5), r.IntN(5)
	h, w := above+rows+r.IntN(3), left+cols+right
	if r.IntN(2) == 0 {
		return Of(h, w, wild(r, h*w, strange)).Rows(above, above+rows).Cols(left, left+cols)
	}
	per, skip := 1+r.IntN(20), r.IntN(9)
	pages := make([][]float32, (h+per-1)/per)
	for i := range pages {
		pages[i] = wild(r, skip+per*w, strange)
	}
	return Paged(h, w, pages, per, skip).Rows(above, above+rows).Cols(left, left+cols)
}

// somePositions are n ascending positions with gaps, or nil.
func somePositions(r *rand.Rand, n int) []int {
	if r.IntN(2) == 0 {
		return nil
	}
	at, p := make([]int, n), r.IntN(20)
	for i := range at {
		at[i] = p
		p += 1 + r.IntN(1+r.IntN(20))
	}
	return at
}

func eachKernel(t *testing.T, seed uint64, m, n, k int, strange bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	name := fmt.Sprintf("seed %d, %d %d %d %v:", seed, m, n, k, strange)
	w := someRows(r, n, k, strange)
	x := someRows(r, m, k, strange)
	check(t, name+" MulT", m*n, func(dst []float32) { MulT(Of(m, n, dst), x, w) })
	check(t, name+" Squares", n, func(dst []float32) { Squares(dst, w) })
	p, at := wild(r, n, strange), somePositions(r, n)
	check(t, name+" WeightedSum", k, func(dst []float32) { WeightedSum(dst, p, w, at) })
	check(t, name+" Softmax", n, func(dst []float32) { Softmax(dst, p, at) })
	check(t, name+" Softmax in place", n, func(dst []float32) {
		copy(dst, p)
		Softmax(dst, dst, at)
	})
	y := wild(r, n, strange)
	check(t, name+" SwiGLU", n, func(dst []float32) { SwiGLU(dst, p, y) })
	check(t, name+" GELU", n, func(dst []float32) { GELU(dst, p) })
	check(t, name+" LayerNorm", n, func(dst []float32) { LayerNorm(dst, p, y, slices.Clone(p), 1e-5) })
	for _, half := range []int{1 + k%40, 4 * (1 + k%10)} {
		x := wild(r, 3*2*half, strange)
		for _, interleaved := range []bool{false, true} {
			rope := NewRope(5, 2*half, 100, interleaved, nil)
			check(t, name+" Rotate", len(x), func(dst []float32) {
				copy(dst, x)
				rope.Rotate(dst[:len(x)], 3)
			})
		}
	}
	check(t, name+" RMSNorm", n, func(dst []float32) { RMSNorm(dst, p, y, 1e-5) })
	check(t, name+" Add", n, func(dst []float32) { Add(dst, p, y) })
	check(t, name+" Scale", n, func(dst []float32) {
		copy(dst, p)
		Scale(dst, y[0])
	})
	check(t, name+" Sum", 1, func(dst []float32) { dst[0] = Sum(p, at) })
	checkMass(t, name, y)
	logits := slices.Clone(p)
	for i, x := range logits {
		if !(x <= math.MaxFloat32) { // but for -Inf, which rules a token out
			logits[i] = 0
		}
	}
	logits[0] = 1
	check(t, name+" Partition", 3, func(dst []float32) {
		sum, mass, positive := Partition(logits, Max(logits))
		dst[0], dst[1], dst[2] = sum, float32(mass), float32(positive)
	})
}

// TestPartition: what Exps and Mass say, whatever the length.
func TestPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, n := range []int{1, 15, 16, 1023, 1024, 1025, 2047, 5000, 32000} {
		s, exps := randoms(r, n), make([]float32, n)
		for i := range s {
			s[i] *= 30 // some exponentials are 0
		}
		want := Exps(exps, s, nil)
		wantMass, above := Mass(exps)
		if sum, mass, positive := Partition(s, Max(s)); sum != want || mass != wantMass || positive != above {
			t.Errorf("%d numbers: %v, %v of %d, want %v, %v of %d", n, sum, mass, positive, want, wantMass, above)
		}
	}
}

// checkMass compares Mass of x without its signs and NaNs at every level, and the
// portable one with the two things that it promises.
func checkMass(t *testing.T, name string, x []float32) {
	t.Helper()
	weights, plain, above := slices.Clone(x), 0.0, 0
	for i, w := range x {
		if weights[i] = max(w, -w); w != w {
			weights[i] = 0
		}
		plain += float64(weights[i])
		above += min(1, int(math.Float32bits(weights[i])))
	}
	for _, l := range Levels() {
		l.run(func() {
			sum, positive := Mass(weights)
			var want float64
			Portable.run(func() { want, _ = Mass(weights) })
			if sum != want || positive != above || !(math.Abs(sum-plain) <= 1e-12*plain) && sum != plain {
				t.Fatalf("%s Mass %v: %v of %d, want %v of %d, about %v", name, l, sum, positive, want, above, plain)
			}
		})
	}
}

func FuzzLevels(f *testing.F) {
	f.Add(uint64(1), uint8(2), uint16(33), uint8(33), true) // rows in pages
	// One row by a view of a matrix in one piece, as in decode: rows that are no
	// multiple of four, columns that are none of sixteen.
	f.Add(uint64(421), uint8(0), uint16(34), uint8(20), false)
	f.Add(uint64(421), uint8(0), uint16(37), uint8(53), true)
	f.Fuzz(func(t *testing.T, seed uint64, m uint8, n uint16, k uint8, strange bool) {
		eachKernel(t, seed, 1+int(m)%8, 1+int(n)%600, 1+int(k), strange)
	})
}

// TestLevels: every level of this processor gives portable Go's bits, for every
// tail of rows and columns.
func TestLevels(t *testing.T) {
	t.Logf("levels beside portable: %v", fast())
	for n := 1; n <= 70; n++ {
		for k := 1; k <= 70; k += 1 + n%3 {
			eachKernel(t, uint64(n*100+k), 1+n%9, n, k, k%2 == 0)
		}
	}
	r := rand.New(rand.NewPCG(43, 1))
	for range 200 { // widths that every unit likes
		eachKernel(t, r.Uint64(), 1+r.IntN(9), 1+r.IntN(200), 4*(1+r.IntN(40)), r.IntN(2) == 0)
	}
	for range 8 { // rows that tiles take in pieces
		eachKernel(t, r.Uint64(), 2+r.IntN(13), 1+r.IntN(70), 1000+r.IntN(2200), false)
	}
	eachKernel(t, 1, 9, 300, 200, false)
	eachKernel(t, 2, 9, 300, 200, true)
}

// TestShortPages: a page without room for all its rows is not read beyond its end.
func TestShortPages(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	pages := [][]float32{randoms(r, 12), randoms(r, 12), randoms(r, 6)} // two rows of 3 in the last
	m := Paged(10, 3, pages, 4, 0)
	x, p := RowOf(randoms(r, 3)), randoms(r, 10)
	check(t, "MulT", 10, func(dst []float32) { MulT(RowOf(dst), x, m) })
	check(t, "WeightedSum", 3, func(dst []float32) { WeightedSum(dst, p, m, nil) })
}

func TestUse(t *testing.T) {
	defer func(was Level) { selected = was }(selected)
	for l := range numLevels {
		err := Select(l)
		if here := slices.Contains(Levels(), l); here != (err == nil) || here && selected != l {
			t.Errorf("Select(%v): %v, level %v; here are %v", l, err, selected, Levels())
		}
	}
}

// TestPeak: every level has its loops, which say how much they did.
func TestPeak(t *testing.T) {
	wide := map[Level]int{Portable: 1, NEON: 4, AVX2: 8, AVX512: 16}
	for _, l := range Levels() {
		l.run(func() {
			if got, want := Peak(50, false), 50*2*peakSums*wide[l]; got != want {
				t.Errorf("%v: %d operations, want %d", l, got, want)
			}
			if got := Peak(50, true); got != Peak(50, false) && got != 0 {
				t.Errorf("%v: %d fused operations", l, got)
			}
		})
	}
}
