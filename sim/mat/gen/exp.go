package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exponential holds the constants of Exp.
type exponential struct {
	u                             *unit
	log2e, half, one, ln2, ln2low Op
	above, below, infinity, bias  Op
	poly                          [6]Op
}

func (u *unit) exponential() *exponential {
	e := &exponential{u: u}
	e.log2e, e.half, e.one = u.constant(float(1.44269504088896341)), u.constant(float(0.5)), u.constant(float(1))
	e.ln2, e.ln2low = u.constant(float(0.693359375)), u.constant(float(-2.12194440e-4))
	e.above, e.below = u.constant(float(88.72283)), u.constant(float(-103.97208))
	e.infinity = u.constant(float(float32(math.Inf(1))))
	if !u.wide() {
		e.bias = u.constant(127)
	}
	for i, c := range []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		e.poly[i] = u.constant(float(c))
	}
	return e
}

// of is Exp of every number of x, step by step as there; x is used up.
func (e *exponential) of(x reg.VecVirtual) reg.VecVirtual {
	u := e.u
	t, y := u.reg(), u.reg()
	var tooLarge, tooSmall reg.Register
	if u.wide() {
		tooLarge, tooSmall = K(), K()
	} else {
		tooLarge, tooSmall = YMM(), YMM()
	}
	VCMPPS(Imm(0x1e), e.above, x, tooLarge) // greater than, a NaN is not
	VCMPPS(Imm(0x11), e.below, x, tooSmall) // less than

	VMULPS(e.log2e, x, t)
	VADDPS(e.half, t, t)
	if u.wide() {
		VRNDSCALEPS(Imm(9), t, t) // floor
	} else {
		VROUNDPS(Imm(9), t, t)
	}
	low := u.reg()
	VMULPS(e.ln2, t, low)
	VSUBPS(low, x, x)
	VMULPS(e.ln2low, t, low)
	VSUBPS(low, x, x)
	VMULPS(e.poly[0], x, y)
	VADDPS(e.poly[1], y, y)
	for _, c := range e.poly[2:] {
		VMULPS(x, y, y)
		VADDPS(c, y, y)
	}
	VMULPS(x, y, y)
	VMULPS(x, y, y)
	VADDPS(x, y, y)
	VADDPS(e.one, y, y)
	if u.wide() {
		VSCALEFPS(t, y, y) // y * 2^t, rounded once
		VMOVAPS(e.infinity, tooLarge, y)
		VPXORD(y, y, tooSmall, y)
		return y
	}
	e.scale2(y, t)
	VBLENDVPS(tooLarge, e.infinity, y, y)
	VANDNPS(y, tooSmall, y)
	return y
}

// scale2 is y * 2^n in two factors that are powers of two in float32's range:
// the first product is exact, the second is rounded once.
func (e *exponential) scale2(y, t reg.VecVirtual) {
	n, half := YMM(), YMM()
	VCVTTPS2DQ(t, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, power := range []reg.VecVirtual{half, n} {
		VPADDD(e.bias, power, power)
		VPSLLD(Imm(23), power, power)
		VMULPS(power, y, y)
	}
}

// expSums is softmax's middle: exponentials, and their sums in the 16 lanes.
func (u *unit) expSums() {
	u.function("expSums", "dst, s *float32, top float32, sums *[16]float32, n int",
		"sets dst = exp(s - top), and adds dst[j] to sums[j mod 16].")
	dst, s, n := Load(Param("dst"), GP64()), Load(Param("s"), GP64()), Load(Param("n"), GP64())
	top, e := u.broadcast("top"), u.exponential()
	l := u.lanes()
	u.each(n, 16, func(at func(reg.Register) Mem, r int, mask reg.Register) {
		x := u.reg()
		u.load(at(s), mask, x)
		VSUBPS(top, x, x)
		y := e.of(x)
		u.store(y, at(dst), mask)
		l.add(y, r, mask)
	})
	l.leave()
}

// expLanes is expSums with lanes by positions: while the vector unit is at the
// next exponentials, the last ones go to their lanes one by one.
func (u *unit) expLanes() {
	u.function("expLanes", "dst, s *float32, top float32, sums *[16]float32, at *int, n int",
		"sets dst = exp(s - top), and adds dst[j] to sums[at[j] mod 16].")
	dst, s, n := Load(Param("dst"), GP64()), Load(Param("s"), GP64()), Load(Param("n"), GP64())
	sums, positions := Load(Param("sums"), GP64()), Load(Param("at"), GP64())
	top, e := u.broadcast("top"), u.exponential()
	j := GP64() // the next number to go to its lane, a step behind
	add := func(i int) {
		l, v := GP64(), XMM()
		MOVQ(Mem{Base: positions, Index: j, Scale: 8, Disp: 8 * i}, l)
		ANDQ(Imm(15), l)
		VMOVSS(Mem{Base: dst, Index: j, Scale: 4, Disp: 4 * i}, v)
		VADDSS(Mem{Base: sums, Index: l, Scale: 4}, v, v)
		VMOVSS(v, Mem{Base: sums, Index: l, Scale: 4})
	}
	MOVQ(I32(-u.floats), j)
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		x := u.reg()
		u.load(at(s), mask, x)
		VSUBPS(top, x, x)
		u.store(e.of(x), at(dst), mask)
		if mask != nil {
			return
		}
		TESTQ(j, j)
		JS(LabelRef("first"))
		for i := range u.floats {
			add(i)
		}
		Label("first")
		ADDQ(Imm(uint64(u.floats)), j)
	})
	TESTQ(j, j)
	JNS(LabelRef("number"))
	XORQ(j, j)
	Label("number")
	add(0)
	INCQ(j)
	CMPQ(j, n)
	JL(LabelRef("number"))
	u.leave()
}

func (u *unit) swiglu() {
	u.function("swiglu", "dst, gate, up *float32, n int", "sets dst = gate / (1 + exp(-gate)) * up.")
	p, n := pointers("dst", "gate", "up"), Load(Param("n"), GP64())
	e, sign := u.exponential(), u.constant(1<<31)
	u.each(n, 16, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		z, x := u.reg(), u.reg()
		u.load(at(p[1]), mask, z)
		if u.wide() {
			VPXORD(sign, z, x)
		} else {
			VXORPS(sign, z, x)
		}
		y := e.of(x)
		VADDPS(e.one, y, y)
		VDIVPS(y, z, y)
		up := u.reg()
		u.load(at(p[2]), mask, up)
		VMULPS(up, y, y)
		u.store(y, at(p[0]), mask)
	})
	u.leave()
}

// gelu is GPT-2's, as GELU and Tanh have it: e = exp(-2|t|) never overflows, and the sign
// of t goes back to tanh at the end.
func (u *unit) gelu() {
	u.function("gelu", "dst, x *float32, n int", "sets dst = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).")
	p, n := pointers("dst", "x"), Load(Param("n"), GP64())
	e, sign := u.exponential(), u.constant(1<<31)
	cubic, root, twice := u.constant(float(0.044715)), u.constant(float(0.7978845608)), u.constant(float(2))
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		x, t, minus := u.reg(), u.reg(), u.reg()
		u.load(at(p[1]), mask, x)
		VMULPS(x, x, t)
		VMULPS(x, t, t)
		VMULPS(cubic, t, t)
		VADDPS(t, x, t)
		VMULPS(root, t, t)
		u.and(sign, t, minus) // of tanh
		u.or(sign, t, t)      // -|t|
		VMULPS(twice, t, t)
		y, above := e.of(t), u.reg()
		VMOVUPS(constantOf(float(1)), above)
		VSUBPS(y, above, above)
		VADDPS(e.one, y, y)
		VDIVPS(y, above, y)
		u.or(minus, y, y)
		VADDPS(e.one, y, y)
		VMULPS(e.half, x, x)
		VMULPS(y, x, y)
		u.store(y, at(p[0]), mask)
	})
	u.leave()
}
