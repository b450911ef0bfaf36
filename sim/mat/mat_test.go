package mat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randoms(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// slowDot is the order written down literally: lane i mod 16, then the tree.
func slowDot(a, b []float32) float32 {
	var s [16]float32
	for i := range a {
		s[i%16] += float32(a[i] * b[i])
	}
	for half := 8; half > 0; half /= 2 {
		for l := 0; l < half; l++ {
			s[l] += s[l+half]
		}
	}
	return s[0]
}

func TestDotOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		a, b := randoms(r, n), randoms(r, n)
		if got, want := Dot(a, b), slowDot(a, b); got != want {
			t.Fatalf("n=%d: %v, want %v", n, got, want)
		}
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 1
		}
		if got, want := Sum(a, nil), slowDot(a, ones); got != want {
			t.Fatalf("Sum n=%d: %v, want %v", n, got, want)
		}
	}
}

func TestWeightedSumIsDotOfColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, cols := range []int{1, 2, 7, 8, 9, 24, 32} {
		for n := 1; n < 50; n++ {
			wide := Of(n, cols+5, randoms(r, n*(cols+5)))
			v, p, dst := wide.Cols(3, 3+cols), randoms(r, n), make([]float32, cols)
			WeightedSum(dst, p, v, nil)
			for d := range cols {
				column := make([]float32, n)
				for j := range column {
					column[j] = v.At(j, d)
				}
				if want := slowDot(p, column); dst[d] != want {
					t.Fatalf("n=%d cols=%d d=%d: %v, want %v", n, cols, d, dst[d], want)
				}
			}
		}
	}
}

func TestMulTDoesNotDependOnTheBatch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	x, w := Of(9, 33, randoms(r, 9*33)), Of(21, 33, randoms(r, 21*33))
	all := New(9, 21)
	MulT(all, x, w)
	for i := range 9 {
		one := New(1, 21)
		MulT(one, x.Rows(i, i+1), w)
		for j := range 21 {
			if one.At(0, j) != all.At(i, j) {
				t.Fatalf("row %d column %d differs alone", i, j)
			}
		}
	}
}

// TestMulTIsDot: the rows that a kernel takes by fours are Dot's own bits, for
// every length, offset and stride.
func TestMulTIsDot(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for k := range 100 {
		for _, n := range []int{1, 3, 4, 5, 9} {
			wide := Of(n, k+3, randoms(r, n*(k+3)))
			x, w, dst := Of(2, k, randoms(r, 2*k)), wide.Cols(1, 1+k), New(2, n)
			MulT(dst, x, w)
			for i := range 2 {
				for j := range n {
					if got, want := dst.At(i, j), slowDot(x.Row(i), w.Row(j)); math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("k=%d n=%d [%d %d]: %v, want %v", k, n, i, j, got, want)
					}
				}
			}
		}
	}
}

func FuzzMulT(f *testing.F) {
	f.Add(uint64(1), uint8(32), int8(0))
	f.Fuzz(func(t *testing.T, seed uint64, k uint8, scale int8) {
		r := rand.New(rand.NewPCG(seed, 1))
		x, w, dst := Of(1, int(k), randoms(r, int(k))), Of(4, int(k), randoms(r, 4*int(k))), New(1, 4)
		for i := range x.Row(0) { // also denormal and huge
			x.Row(0)[i] = float32(math.Ldexp(float64(x.Row(0)[i]), int(scale)))
		}
		MulT(dst, x, w)
		for j := range 4 {
			if got, want := dst.At(0, j), slowDot(x.Row(0), w.Row(j)); math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("row %d: %v, want %v", j, got, want)
			}
		}
	})
}

func TestExp(t *testing.T) {
	worst := 0.0
	for i := range 400_000 {
		x := float32(-104 + float64(i)*193.0/400_000)
		got, want := float64(Exp(x)), math.Exp(float64(x))
		if want < math.SmallestNonzeroFloat32 || want > math.MaxFloat32 {
			continue
		}
		ulp := math.Max(want*math.Pow(2, -23), math.SmallestNonzeroFloat32)
		worst = math.Max(worst, math.Abs(got-want)/ulp)
	}
	if worst > 2 {
		t.Errorf("worst error %.2f ulp, want at most 2", worst)
	}
	for x, want := range map[float32]float32{0: 1, -200: 0, float32(math.Inf(-1)): 0} {
		if got := Exp(x); got != want {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := Exp(100); !math.IsInf(float64(got), 1) {
		t.Errorf("Exp(100) = %v, want +Inf", got)
	}
	if got := Exp(float32(math.NaN())); got == got {
		t.Errorf("Exp(NaN) = %v", got)
	}
}

func TestSoftmax(t *testing.T) {
	x := []float32{1, 2, 3, float32(math.Inf(-1)), 1e30}
	Softmax(x, x, nil)
	if x[4] != 1 || x[0] != 0 || x[3] != 0 {
		t.Errorf("huge logit: %v", x)
	}
	y := []float32{0, 0, 0, 0}
	Softmax(y, y, nil)
	if y[0] != 0.25 || y[3] != 0.25 {
		t.Errorf("equal logits: %v", y)
	}
}

func TestRopeTable(t *testing.T) {
	for _, base := range []float64{100, 10000, 500000, 1e6} {
		for _, hd := range []int{2, 8, 24, 64, 128} {
			r := NewRope(4096, hd, base, false, nil)
			for _, p := range []int{7, 0, 1, 63, 64, 511, 4095} {
				cos, sin := r.Cos(p+1), r.Sin(p+1)
				for i := range hd / 2 {
					angle := float64(p) * math.Pow(base, -2*float64(i)/float64(hd))
					if d := math.Abs(float64(cos.At(p, i)) - math.Cos(angle)); d > 1e-7 {
						t.Fatalf("base %g hd %d p %d i %d: cos off by %g", base, hd, p, i, d)
					}
					if d := math.Abs(float64(sin.At(p, i)) - math.Sin(angle)); d > 1e-7 {
						t.Fatalf("base %g hd %d p %d i %d: sin off by %g", base, hd, p, i, d)
					}
				}
			}
		}
	}
}

func TestRotateKeepsLength(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, interleaved := range []bool{false, true} {
		rope := NewRope(64, 8, 10000, interleaved, nil)
		x := randoms(r, 24)
		before := Dot(x, x)
		rope.Rotate(x, 63)
		if after := Dot(x, x); math.Abs(float64(after-before)) > 1e-4 {
			t.Errorf("interleaved %v: |x|^2 went from %v to %v", interleaved, before, after)
		}
	}
}

func TestViews(t *testing.T) {
	m := Of(3, 4, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	v := m.Rows(1, 3).Cols(1, 3)
	if v.NumRows() != 2 || v.NumCols() != 2 || v.At(0, 0) != 5 || v.At(1, 1) != 10 {
		t.Errorf("view is wrong: %+v", v)
	}
	if e := m.Rows(2, 2); e.NumRows() != 0 || e.NumCols() != 4 {
		t.Errorf("empty view: %+v", e)
	}
}

func TestSameBits(t *testing.T) {
	nan, minus := float32(math.NaN()), float32(math.Copysign(0, -1))
	for _, c := range []struct {
		a, b []float32
		same bool
	}{
		{nil, []float32{}, true}, {[]float32{1, nan}, []float32{1, nan}, true}, {[]float32{0}, []float32{minus}, false},
		{[]float32{1}, []float32{1, 2}, false}, {[]float32{1, 2, 3}, []float32{1, 2, 3.0000002}, false},
	} {
		if got := SameBits(c.a, c.b); got != c.same {
			t.Errorf("SameBits(%v, %v) = %v", c.a, c.b, got)
		}
	}
}
