package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// unit is a vector unit: what a kernel is written for once and generated for
// each. parts are the masks of the kernel's tail, register by register.
type unit struct {
	name   string
	floats int // in one register
	parts  []reg.Register
}

func avx2() *unit   { return &unit{name: "AVX2", floats: 8} }
func avx512() *unit { return &unit{name: "AVX512", floats: 16} }

func (u *unit) wide() bool { return u.floats == 16 }

func (u *unit) reg() reg.VecVirtual {
	if u.wide() {
		return ZMM()
	}
	return YMM()
}

func (u *unit) zero() reg.VecVirtual {
	r := u.reg()
	if u.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// broadcast fills a register with a parameter.
func (u *unit) broadcast(param string) reg.VecVirtual {
	x, r := Load(Param(param), XMM()).(reg.VecVirtual), u.reg()
	VBROADCASTSS(x, r)
	return r
}

// tailMask prepares loads and stores of the last n mod step numbers, which are
// in one register or, where eight fill one, in two.
func (u *unit) tailMask(n reg.Register, step int) {
	if !u.wide() {
		parts := []reg.VecVirtual{YMM(), YMM()}[:step/8]
		mask(n, step, parts...)
		u.parts = nil
		for _, p := range parts {
			u.parts = append(u.parts, p)
		}
		return
	}
	rest, bits := GP32(), GP32()
	MOVL(n.(reg.GP).As32(), rest)
	ANDL(Imm(15), rest)
	MOVL(I32(-1), bits)
	BZHIL(rest, bits, bits)
	k := K()
	KMOVW(bits, k)
	u.parts = []reg.Register{k}
}

// load reads a register full, or what mask (nil: all) leaves, and zeros.
func (u *unit) load(m Mem, mask, r reg.Register) {
	switch {
	case mask == nil:
		VMOVUPS(m, r)
	case u.wide():
		VMOVUPS_Z(m, mask, r)
	default:
		VMASKMOVPS(m, mask, r)
	}
}

func (u *unit) store(r reg.Register, m Mem, mask reg.Register) {
	switch {
	case mask == nil:
		VMOVUPS(r, m)
	case u.wide():
		VMOVUPS(r, mask, m)
	default:
		VMASKMOVPS(r, mask, m)
	}
}

// and and or are bit by bit.
func (u *unit) and(a Op, b, to reg.Register) {
	if u.wide() {
		VPANDD(a, b, to)
	} else {
		VANDPS(a, b, to)
	}
}

func (u *unit) or(a Op, b, to reg.Register) {
	if u.wide() {
		VPORD(a, b, to)
	} else {
		VORPS(a, b, to)
	}
}

// constants are numbers that every lane meets, as operands: registers where
// there are enough of them, memory otherwise.
func (u *unit) constant(bits uint32) Op {
	m := constantOf(bits)
	if !u.wide() {
		return m
	}
	r := ZMM()
	VMOVUPS(m, r)
	return r
}

var constantTable = map[uint32]Mem{}

func constantOf(bits uint32) Mem {
	m, ok := constantTable[bits]
	if !ok {
		m = GLOBL(constantName(bits), RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(bits))
		}
		constantTable[bits] = m
	}
	return m
}

// each is a kernel over the numbers of some arrays, step at a time: body reads
// and writes register r of the step through at, the tail masked.
func (u *unit) each(n reg.Register, step int, body func(at func(base reg.Register) Mem, r int, mask reg.Register)) {
	i, next := GP64(), GP64()
	bodies := func(tail bool) {
		for r := range step / u.floats {
			var m reg.Register
			if tail {
				m = u.parts[r]
			}
			body(func(base reg.Register) Mem { return Mem{Base: base, Index: i, Scale: 4, Disp: 4 * u.floats * r} }, r, m)
		}
	}
	u.tailMask(n, step)
	XORQ(i, i)
	JMP(LabelRef("full"))
	Label("loop")
	bodies(false)
	MOVQ(next, i)
	Label("full")
	LEAQ(Mem{Base: i, Disp: step}, next)
	CMPQ(next, n)
	JLE(LabelRef("loop"))
	CMPQ(i, n)
	JGE(LabelRef("done"))
	bodies(true)
	Label("done")
}
