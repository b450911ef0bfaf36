package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is Dot of four rows of x with each of n rows of w, four by four: the 16
// lanes of a sum fill one register, and a number that was read is used four times.
func tile() {
	u := avx512()
	TEXT("tileAVX512", NOSPLIT, "func(dst *float32, dstStride int, x *float32, xStride, k int, w *float32, wStride, n int)")
	Pragma("noescape")
	Doc("tileAVX512 sets dst[i][j] to the dot product of row i of x and row j of w, k numbers each,",
		"i = 0..3, j = 0..n-1; n is a multiple of 4.")
	dst, dstStride := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	x, xStride := Load(Param("x"), GP64()), Load(Param("xStride"), GP64())
	w, wStride := Load(Param("w"), GP64()), Load(Param("wStride"), GP64())
	k := Load(Param("k"), GP64())
	whole := GP64()
	MOVQ(k, whole)
	ANDQ(I8(-16), whole)
	u.tailMask(k, 16)
	for _, stride := range []reg.Register{dstStride, xStride, wStride} {
		SHLQ(Imm(2), stride)
	}
	xs, ws := [4]reg.Register{x, GP64(), GP64(), GP64()}, [4]reg.Register{w, GP64(), GP64(), GP64()}
	rowsFrom(xs, xStride)

	Label("four")
	rowsFrom(ws, wStride)
	var acc [4][4]reg.VecVirtual // [row of w][row of x]
	for j := range acc {
		for i := range acc[j] {
			acc[j][i] = u.zero()
		}
	}
	c := GP64()
	XORQ(c, c)
	JMP(LabelRef("chunks"))
	Label("chunk")
	u.sixteen(xs, ws, c, acc, nil)
	ADDQ(Imm(16), c)
	Label("chunks")
	CMPQ(c, whole)
	JL(LabelRef("chunk"))
	CMPQ(c, k)
	JE(LabelRef("trees"))
	u.sixteen(xs, ws, c, acc, u.parts[0])
	Label("trees")
	sums := sixteenTrees(acc)
	to := GP64()
	MOVQ(dst, to)
	for i := range 4 {
		VEXTRACTF32X4(Imm(uint64(i)), sums, Mem{Base: to})
		if i < 3 {
			ADDQ(dstStride, to)
		}
	}
	ADDQ(Imm(16), dst)
	LEAQ(Mem{Base: w, Index: wStride, Scale: 4}, w)
	n := Load(Param("n"), GP64())
	SUBQ(Imm(4), n)
	Store(n, Param("n"))
	JG(LabelRef("four"))
	u.leave()
}

// rowsFrom finds the three rows after the first.
func rowsFrom(rows [4]reg.Register, stride reg.Register) {
	LEAQ(Mem{Base: rows[0], Index: stride, Scale: 1}, rows[1])
	LEAQ(Mem{Base: rows[0], Index: stride, Scale: 2}, rows[2])
	LEAQ(Mem{Base: rows[1], Index: stride, Scale: 2}, rows[3])
}

// sixteen adds the products of 16 numbers of each row to the lanes.
func (u *unit) sixteen(xs, ws [4]reg.Register, c reg.Register, acc [4][4]reg.VecVirtual, mask reg.Register) {
	var b [4]reg.VecVirtual
	for j := range b {
		b[j] = u.reg()
		u.load(Mem{Base: ws[j], Index: c, Scale: 4}, mask, b[j])
	}
	for i := range xs {
		a := u.reg()
		u.load(Mem{Base: xs[i], Index: c, Scale: 4}, mask, a)
		for j := range b {
			p := u.reg()
			VMULPS(b[j], a, p)
			VADDPS(p, acc[j][i], acc[j][i])
		}
	}
}

// sixteenTrees adds the lanes of 16 sums, acc[j][i], and gives them as
// [i][j]: each step adds one half of the lanes of two registers to the other
// half and puts the two results side by side in one.
func sixteenTrees(acc [4][4]reg.VecVirtual) reg.VecVirtual {
	halves := func(a, b reg.VecVirtual) reg.VecVirtual { // l + (l+8): 8 lanes of a, of b
		low, high := ZMM(), ZMM()
		VSHUFF32X4(Imm(0x44), b, a, low)
		VSHUFF32X4(Imm(0xee), b, a, high)
		VADDPS(high, low, low)
		return low
	}
	quarters := func(a, b reg.VecVirtual) reg.VecVirtual { // + (l+4): 4 lanes of four
		even, odd := ZMM(), ZMM()
		VSHUFF32X4(Imm(0x88), b, a, even)
		VSHUFF32X4(Imm(0xdd), b, a, odd)
		VADDPS(odd, even, even)
		return even
	}
	inQuarters := func(first, second uint64, a, b reg.VecVirtual) reg.VecVirtual {
		front, back := ZMM(), ZMM()
		VSHUFPS(Imm(first), b, a, front)
		VSHUFPS(Imm(second), b, a, back)
		VADDPS(back, front, front)
		return front
	}
	var rows [4]reg.VecVirtual // of w: quarter i has four lanes of the sum with row i of x
	for j, a := range acc {
		rows[j] = quarters(halves(a[0], a[1]), halves(a[2], a[3]))
	}
	a := inQuarters(0x44, 0xee, rows[0], rows[1]) // + (l+2)
	b := inQuarters(0x44, 0xee, rows[2], rows[3])
	return inQuarters(0x88, 0xdd, a, b) // + (l+1)
}
