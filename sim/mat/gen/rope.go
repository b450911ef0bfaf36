package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rotate and rotatePairs are Rope.Rotate of one head: pairs that stand half a head apart, and
// pairs side by side.
func rotate() {
	u := avx2()
	u.function("rotate", "x, cos, sin *float32, half int", "turns pair (x[i], x[half+i]) by angle i, i = 0..half-1.")
	p, n := pointers("x", "cos", "sin"), Load(Param("half"), GP64())
	back := GP64()
	LEAQ(Mem{Base: p[0], Index: n, Scale: 4}, back)
	u.each(n, 8, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		var v [4]reg.VecVirtual
		for i, from := range []reg.Register{p[0], back, p[1], p[2]} {
			v[i] = u.reg()
			u.load(at(from), mask, v[i])
		}
		xa, xb, cos, sin := v[0], v[1], v[2], v[3]
		y, t := u.reg(), u.reg()
		VMULPS(cos, xa, y)
		VMULPS(sin, xb, t)
		VSUBPS(t, y, y)
		u.store(y, at(p[0]), mask)
		VMULPS(sin, xa, y)
		VMULPS(cos, xb, t)
		VADDPS(t, y, y)
		u.store(y, at(back), mask)
	})
	u.leave()
}

func rotatePairs() {
	u := avx2()
	u.function("rotatePairs", "x, cos, sin *float32, half int", "turns pair (x[2i], x[2i+1]) by angle i, i = 0..half-1; half is a multiple of 4.")
	p, n := pointers("x", "cos", "sin"), Load(Param("half"), GP64())
	twice := u.reg() // each angle for both numbers of its pair
	twin := GLOBL("twins", RODATA|NOPTR)
	for i, from := range []uint32{0, 0, 1, 1, 2, 2, 3, 3} {
		DATA(4*i, U32(from))
	}
	VMOVUPS(twin, twice)
	i := GP64()
	XORQ(i, i)
	Label("four")
	cos, sin, x, y := u.reg(), u.reg(), u.reg(), u.reg()
	VBROADCASTF128(Mem{Base: p[1], Index: i, Scale: 4}, cos)
	VBROADCASTF128(Mem{Base: p[2], Index: i, Scale: 4}, sin)
	VPERMILPS(twice, cos, cos)
	VPERMILPS(twice, sin, sin)
	VMOVUPS(Mem{Base: p[0], Index: i, Scale: 8}, x)
	VPERMILPS(Imm(0xb1), x, y) // the partners
	VMULPS(cos, x, x)
	VMULPS(sin, y, y)
	VADDSUBPS(y, x, x)
	VMOVUPS(x, Mem{Base: p[0], Index: i, Scale: 8})
	ADDQ(Imm(4), i)
	CMPQ(i, n)
	JL(LabelRef("four"))
	u.leave()
}
