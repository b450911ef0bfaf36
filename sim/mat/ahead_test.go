package mat

import (
	"math/rand/v2"
	"testing"
)

// TestMulTInParts: a product that is done some rows of w at a time has the bits of one dot product after the
// other, where rows are left for no tile and where a row is longer than a tile takes.
func TestMulTInParts(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	for _, shape := range [][3]int{{7, 2*someNumbers/64 + 5, 64}, {13, 3*firstNumbers/40 + 2, 40}, {2, 51, 2*1024 + 24}, {8, 2*widenedNumbers/96 + 7, 96}} {
		m, rows, cols := shape[0], shape[1], shape[2]
		w, wide := someHalves(r, rows, cols, Float16)
		x := Of(m, cols, randoms(r, m*cols))
		for _, l := range Levels() {
			l.run(func() {
				got, halved := New(m, rows), New(m, rows)
				MulT(got, x, wide)
				MulT(halved, x, w)
				for i := range m {
					want := make([]float32, rows)
					for j := range want {
						want[j] = Dot(x.Row(i), wide.Row(j))
					}
					if at, bad := differ(got.Row(i), want); bad {
						t.Fatalf("%v, %v: [%d][%d] differs", l, shape, i, at)
					}
					if at, bad := differ(halved.Row(i), want); bad {
						t.Fatalf("%v, %v, 16 bits: [%d][%d] differs", l, shape, i, at)
					}
				}
			})
		}
	}
}

// TestAhead: the parts in which memory is asked for follow each other, and are all of it and no more.
func TestAhead(t *testing.T) {
	w := New(20, 32)
	wide, half := aheadOf(&w, 4, 16), OfHalves(20, 32, Float16, make([]uint16, 640))
	if wide.lines != 32 || aheadOf(&half, 4, 16).lines != 16 {
		t.Errorf("16 rows of 32 numbers are %d lines", wide.lines)
	}
	if cols := w.Cols(0, 16); aheadOf(&cols, 4, 16) != (ahead{}) {
		t.Error("what lies between rows is asked for")
	}
	for parts := 1; parts < 70; parts++ {
		a := wide
		a.share(parts)
		for n := 0; n < parts; n++ {
			if at, lines := a.take(1); lines > 0 && at != wide.at+uintptr((wide.lines-lines-a.lines)*lineBytes) {
				t.Fatalf("part %d of %d begins elsewhere", n, parts)
			}
		}
		if a.lines != 0 {
			t.Errorf("%d parts leave %d lines", parts, a.lines)
		}
	}
}
