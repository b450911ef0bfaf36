package mat

import (
	"math"
	"testing"
)

// slowF32 is the definition: (-1)^s x 2^(e-15) x 1.fraction.
func slowF32(h uint16) float64 {
	sign, e, f := 1.0, int(h>>10&31), float64(h&0x3ff)
	if h&0x8000 != 0 {
		sign = -1
	}
	switch {
	case e == 31 && f == 0:
		return sign * math.Inf(1)
	case e == 31:
		return math.NaN()
	case e == 0:
		return sign * math.Ldexp(f, -24)
	}
	return sign * math.Ldexp(1024+f, e-25)
}

// TestF32 checks every float16 against the definition, and that F16 brings it back.
func TestF32(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		got, want := F32(h), slowF32(h)
		if want != want {
			if got == got {
				t.Fatalf("F32(%04x) = %v, want NaN", h, got)
			}
			if back := F16(got); back&0x7c00 != 0x7c00 || back&0x3ff == 0 {
				t.Fatalf("NaN %04x came back as %04x", h, back)
			}
			continue
		}
		if float64(got) != want || math.Signbit(float64(got)) != (h&0x8000 != 0) {
			t.Fatalf("F32(%04x) = %v, want %v", h, got, want)
		}
		if back := F16(got); back != h {
			t.Fatalf("%04x came back as %04x", h, back)
		}
	}
}

// TestF16Rounds checks every place where rounding changes: between each two
// neighbouring float16 the middle goes to the even one, and the float32 just
// below and above the middle to the nearer one.
func TestF16Rounds(t *testing.T) {
	for i := range 0x7c00 {
		low, high := uint16(i), uint16(i+1)
		next := slowF32(high)
		if high == 0x7c00 {
			next = 65536 // what the largest exponent's next number would be
		}
		middle := float32((slowF32(low) + next) / 2) // exact: 11 bits and one more
		even := low
		if low&1 == 1 {
			even = high
		}
		for x, want := range map[float32]uint16{
			middle:                      even,
			math.Nextafter32(middle, 0): low, math.Nextafter32(middle, math.MaxFloat32): high,
		} {
			if got := F16(x); got != want {
				t.Fatalf("F16(%v) = %04x, want %04x", x, got, want)
			}
			if got := F16(-x); got != want|0x8000 {
				t.Fatalf("F16(%v) = %04x, want %04x", -x, got, want|0x8000)
			}
		}
	}
	for x, want := range map[float32]uint16{
		65504: 0x7bff, 65519: 0x7bff, 65520: 0x7c00, 1e10: 0x7c00, math.MaxFloat32: 0x7c00,
		float32(math.Inf(-1)): 0xfc00, math.SmallestNonzeroFloat32: 0, 1: 0x3c00, -2: 0xc000,
	} {
		if got := F16(x); got != want {
			t.Errorf("F16(%v) = %04x, want %04x", x, got, want)
		}
	}
	// A NaN whose set bits are all below float16's must not become infinity.
	if got := F16(math.Float32frombits(0x7f800001)); got != 0x7e00 {
		t.Errorf("NaN became %04x", got)
	}
}

func BenchmarkAppendF16(b *testing.B) {
	x := make([]float32, 64*64)
	for i := range x {
		x[i] = float32(i) / 99
	}
	dst := make([]byte, 0, 2*len(x))
	b.SetBytes(int64(4 * len(x)))
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendF16(dst[:0], x)
	}
}

// FuzzF16 compares with the definition: no float16 is nearer.
func FuzzF16(f *testing.F) {
	f.Add(float32(1.0009765))
	f.Add(float32(5.9604645e-8))
	f.Fuzz(func(t *testing.T, x float32) {
		h := F16(x)
		got := slowF32(h)
		if x != x || h&0x7fff == 0x7c00 || h&0x7fff == 0 {
			return
		}
		// One step up and down in magnitude; h is neither 0 nor infinite.
		for _, other := range []uint16{h - 1, h + 1} {
			if o := slowF32(other); abs(float64(x)-o) < abs(float64(x)-got) {
				t.Fatalf("F16(%v) = %v, and %v is nearer", x, got, o)
			}
		}
	})
}

func abs(x float64) float64 { return max(x, -x) }
