package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func constantName(bits uint32) string { return fmt.Sprintf("all%08x", bits) }

func float(x float32) uint32 { return math.Float32bits(x) }

// function begins a kernel of one unit.
func (u *unit) function(name, params string, doc ...string) {
	TEXT(name+u.name, NOSPLIT, "func("+params+")")
	Pragma("noescape")
	Doc(append([]string{name + u.name + " " + doc[0]}, doc[1:]...)...)
}

func pointers(names ...string) (all []reg.Register) {
	for _, name := range names {
		all = append(all, Load(Param(name), GP64()))
	}
	return all
}

// elementwise are the kernels whose numbers do not meet each other.
func (u *unit) elementwise() {
	u.function("add", "dst, a, b *float32, n int", "sets dst = a + b.")
	p, n := pointers("dst", "a", "b"), Load(Param("n"), GP64())
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		a, b := u.reg(), u.reg()
		u.load(at(p[1]), mask, a)
		u.load(at(p[2]), mask, b)
		VADDPS(b, a, a)
		u.store(a, at(p[0]), mask)
	})
	u.leave()

	u.function("scale", "x *float32, f float32, n int", "sets x = x * f.")
	p, n = pointers("x"), Load(Param("n"), GP64())
	f := u.broadcast("f")
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		x := u.reg()
		u.load(at(p[0]), mask, x)
		VMULPS(f, x, x)
		u.store(x, at(p[0]), mask)
	})
	u.leave()

	u.function("divide", "x *float32, by float32, n int", "sets x = x / by.")
	p, n = pointers("x"), Load(Param("n"), GP64())
	by := u.broadcast("by")
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		x := u.reg()
		u.load(at(p[0]), mask, x)
		VDIVPS(by, x, x)
		u.store(x, at(p[0]), mask)
	})
	u.leave()

	u.function("gain", "dst, x, gain *float32, inv float32, n int", "sets dst = x * inv * gain: what RMSNorm does with each number.")
	p, n = pointers("dst", "x", "gain"), Load(Param("n"), GP64())
	inv := u.broadcast("inv")
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		x, g := u.reg(), u.reg()
		u.load(at(p[1]), mask, x)
		u.load(at(p[2]), mask, g)
		VMULPS(inv, x, x)
		VMULPS(g, x, x)
		u.store(x, at(p[0]), mask)
	})
	u.leave()
}

// layerNorm are the three walks of LayerNorm over its numbers: the sum for the mean, the
// distances from it and their squares, and what is made of them.
func (u *unit) layerNorm() {
	u.function("sums", "sums *[16]float32, x *float32, n int", "adds x[i] to sums[i mod 16].")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	l := u.lanes()
	u.each(n, 16, func(at func(reg.Register) Mem, r int, mask reg.Register) {
		v := u.reg()
		u.load(at(x), mask, v)
		l.add(v, r, mask)
	})
	l.leave()

	u.function("center", "dst, x *float32, mean float32, sums *[16]float32, n int",
		"sets dst = x - mean, and adds the square of dst[i] to sums[i mod 16].")
	p, n := pointers("dst", "x"), Load(Param("n"), GP64())
	mean := u.broadcast("mean")
	l = u.lanes()
	u.each(n, 16, func(at func(reg.Register) Mem, r int, mask reg.Register) {
		v := u.reg()
		u.load(at(p[1]), mask, v)
		VSUBPS(mean, v, v)
		u.store(v, at(p[0]), mask)
		VMULPS(v, v, v)
		l.add(v, r, mask)
	})
	l.leave()

	u.function("affine", "x, gain, bias *float32, inv float32, n int", "sets x = x * inv * gain + bias.")
	p, n = pointers("x", "gain", "bias"), Load(Param("n"), GP64())
	inv := u.broadcast("inv")
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		v, g := u.reg(), u.reg()
		u.load(at(p[0]), mask, v)
		VMULPS(inv, v, v)
		u.load(at(p[1]), mask, g)
		VMULPS(g, v, v)
		u.load(at(p[2]), mask, g)
		VADDPS(g, v, v)
		u.store(v, at(p[0]), mask)
	})
	u.leave()
}

// laned are the 16 lanes of a sum in registers, read from the parameter sums and stored there.
type laned struct {
	u    *unit
	to   reg.Register
	sums []reg.VecVirtual
}

func (u *unit) lanes() *laned {
	l := &laned{u: u, to: Load(Param("sums"), GP64())}
	for r := range 16 / u.floats {
		l.sums = append(l.sums, u.reg())
		VMOVUPS(Mem{Base: l.to, Disp: 4 * u.floats * r}, l.sums[r])
	}
	return l
}

// add adds v to register r of the lanes; what is masked changes none. v may be used up.
func (l *laned) add(v reg.VecVirtual, r int, mask reg.Register) {
	switch {
	case mask != nil && l.u.wide():
		VADDPS(v, l.sums[r], mask, l.sums[r])
		return
	case mask != nil:
		VANDPS(mask, v, v)
	}
	VADDPS(v, l.sums[r], l.sums[r])
}

func (l *laned) leave() {
	for r, s := range l.sums {
		VMOVUPS(s, Mem{Base: l.to, Disp: 4 * l.u.floats * r})
	}
	l.u.leave()
}

func (u *unit) leave() {
	VZEROUPPER()
	RET()
}

// greatest is the largest of n numbers. A NaN may count or not: softmax makes
// every number of its row a NaN either way.
func (u *unit) greatest() {
	TEXT("greatest"+u.name, NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	Doc("greatest" + u.name + " is the largest of x; whether a NaN counts is open.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	top := u.reg()
	VBROADCASTSS(Mem{Base: x}, top)
	u.each(n, u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		v := u.reg()
		u.load(at(x), mask, v)
		switch {
		case mask == nil:
			VMAXPS(v, top, top)
		case u.wide():
			VMAXPS(v, top, mask, top)
		default:
			VBLENDVPS(mask, v, top, v)
			VMAXPS(v, top, top)
		}
	})
	if u.wide() {
		half := YMM()
		VEXTRACTF64X4(Imm(1), top, half)
		VMAXPS(half, top.AsY(), half)
		top = half
	}
	half := XMM()
	VEXTRACTF128(Imm(1), top.AsY(), half)
	VMAXPS(half, top.AsX(), half)
	other := XMM()
	VMOVHLPS(half, half, other)
	VMAXPS(other, half, half)
	VMOVSHDUP(half, other)
	VMAXSS(other, half, half)
	Store(half, ReturnIndex(0))
	u.leave()
}

// mass is the float64 lanes of a sum, and counts numbers above 0.
func (u *unit) mass() {
	u.function("mass", "sums *[16]float64, counts *[8]int32, x *float32, n int",
		"adds x[i] to sums[i mod 16], and to counts, all together, how many of x are above 0.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	to, counts := Load(Param("sums"), GP64()), Load(Param("counts"), GP64())
	count, none := u.reg(), u.zero()
	VMOVDQU(Mem{Base: counts}, count)
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = u.reg()
		VMOVUPD(Mem{Base: to, Disp: 32 * i}, sums[i])
	}
	u.each(n, 16, func(at func(reg.Register) Mem, r int, mask reg.Register) {
		v, above, high := u.reg(), u.reg(), XMM()
		u.load(at(x), mask, v) // what is masked is 0 and changes no lane
		VCMPPS(Imm(0x1e), none, v, above)
		VPSUBD(above, count, count)
		VEXTRACTF128(Imm(1), v, high)
		for i, four := range []reg.VecVirtual{v.AsX().(reg.VecVirtual), high} {
			wide := u.reg()
			VCVTPS2PD(four, wide)
			VADDPD(wide, sums[2*r+i], sums[2*r+i])
		}
	})
	for i, s := range sums {
		VMOVUPD(s, Mem{Base: to, Disp: 32 * i})
	}
	VMOVDQU(count, Mem{Base: counts})
	u.leave()
}
