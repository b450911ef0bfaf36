package mat

import (
	"math/rand/v2"
	"testing"
)

// someHalves is a view of a matrix of 16 bits a number, all finite, and the same
// numbers as float32.
func someHalves(r *rand.Rand, rows, cols int, kind Half) (Matrix, Matrix) {
	above, left, h, w := r.IntN(3), r.IntN(3), rows+r.IntN(9), cols+r.IntN(3)
	bits16, wide := make([]uint16, (h+above)*(w+left)), New(h+above, w+left)
	for i := range bits16 {
		for bits16[i] = uint16(r.Uint32()); kind.F32(bits16[i])-kind.F32(bits16[i]) != 0; {
			bits16[i] = uint16(r.Uint32())
		}
		if r.IntN(2) == 0 { // near 1, so that sums are not all overflows
			bits16[i] = bits16[i]&0x83ff | 0x3c00
		}
		wide.data[i] = kind.F32(bits16[i])
	}
	view := func(m Matrix) Matrix { return m.Rows(above, above+rows).Cols(left, left+cols) }
	return view(OfHalves(h+above, w+left, kind, bits16)), view(wide)
}

// TestHalves: weights of 16 bits give the bits of the same weights widened before, at
// every level, in every shape, in pieces and as a whole.
func TestHalves(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 1))
	for i := range 600 {
		kind := Half(i % 2)
		m, rows, cols := 1+r.IntN(6), 1+r.IntN(70), 1+r.IntN(130)
		if i%3 == 0 {
			m, cols = 1, 16*(1+r.IntN(9)) // what the kernel of decode takes
		}
		w, wide := someHalves(r, rows, cols, kind)
		x := someRows(r, m, cols, false)
		want := New(m, rows)
		Portable.run(func() { MulT(want, x, wide) })
		for _, l := range Levels() {
			l.run(func() {
				got := New(m, rows)
				MulT(got, x, w)
				cut := r.IntN(rows + 1)
				parts := New(m, rows)
				MulT(parts.Cols(0, cut), x, w.Rows(0, cut))
				MulT(parts.Cols(cut, rows), x, w.Rows(cut, rows))
				for i := range m {
					for name, have := range map[string]Matrix{"whole": got, "in two": parts} {
						if at, bad := differ(have.Row(i), want.Row(i)); bad {
							t.Fatalf("%v, kind %d, %d x %d x %d, %s: [%d][%d] = %v, want %v", l, kind, m, rows, cols, name, i, at, have.At(i, at), want.At(i, at))
						}
					}
				}
				for i := range rows {
					if at, bad := differ(w.Row(i), wide.Row(i)); bad || w.At(i, cols-1) != wide.At(i, cols-1) {
						t.Fatalf("%v, kind %d: row %d differs at %d", l, kind, i, at)
					}
				}
			})
		}
	}
}

// TestEveryHalf: every number of 16 bits is widened to what F32 says, eight at a time too.
func TestEveryHalf(t *testing.T) {
	bits16 := make([]uint16, 1<<16)
	for i := range bits16 {
		bits16[i] = uint16(i)
	}
	for _, kind := range []Half{Float16, BFloat16} {
		got, want := make([]float32, len(bits16)), make([]float32, len(bits16))
		Portable.run(func() { kind.widen(want, bits16) })
		kind.widen(got, bits16)
		if i, bad := differ(got, want); bad {
			t.Errorf("kind %d: %#x is %v, want %v", kind, i, got[i], want[i])
		}
	}
}
