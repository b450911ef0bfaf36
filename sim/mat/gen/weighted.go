package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panel is the number of columns that weighted has lanes for.
const panel = 64

// weighted is WeightedSum of up to 64 columns. The 16 lanes of every column
// stand in memory that stays in the nearest cache: a row is read once,
// whichever lane its position gives it.
func weighted() {
	TEXT("weightedAVX2", 0, "func(dst, p *float32, at *int, "+rowsParams+", n, cols int) bool")
	Pragma("noescape")
	Doc("weightedAVX2 sets dst[d] to the sum over n rows of p[j] * row[j][d], d = 0..cols-1,",
		"in the lanes of the positions at (nil: 0, 1, 2...); cols is at most 64.", rowsDoc)
	cols := Load(Param("cols"), GP64())
	rest := YMM()
	mask(cols, 8, rest)
	whole := GP64() // bytes of the columns that fill registers
	MOVQ(cols, whole)
	ANDQ(I8(-8), whole)
	SHLQ(Imm(2), whole)
	acc := GP64()
	LEAQ(AllocLocal(16*4*panel+64).Offset(63), acc)
	ANDQ(I8(-64), acc)
	clearLanes(acc, cols)

	w := startWalk("short")
	p := Load(Param("p"), GP64())
	at := Load(Param("at"), GP64())
	j := GP64()
	XORQ(j, j)
	Label("row")
	w.next()
	lane := GP64()
	MOVQ(j, lane)
	TESTQ(at, at)
	JZ(LabelRef("lane"))
	MOVQ(Mem{Base: at, Index: j, Scale: 8}, lane)
	Label("lane")
	ANDQ(Imm(15), lane)
	SHLQ(Imm(8), lane)
	ADDQ(acc, lane)
	weight, term, term2 := YMM(), YMM(), YMM()
	VBROADCASTSS(Mem{Base: p, Index: j, Scale: 4}, weight)
	c := GP64()
	XORQ(c, c)
	LEAQ(Mem{Base: c, Disp: 32}, c)
	JMP(LabelRef("pairs"))
	Label("pair") // 16 columns
	VMULPS(Mem{Base: w.ptr, Index: c, Scale: 1, Disp: -32}, weight, term)
	VMULPS(Mem{Base: w.ptr, Index: c, Scale: 1}, weight, term2)
	VADDPS(Mem{Base: lane, Index: c, Scale: 1, Disp: -32}, term, term)
	VADDPS(Mem{Base: lane, Index: c, Scale: 1}, term2, term2)
	VMOVUPS(term, Mem{Base: lane, Index: c, Scale: 1, Disp: -32})
	VMOVUPS(term2, Mem{Base: lane, Index: c, Scale: 1})
	ADDQ(Imm(64), c)
	Label("pairs")
	CMPQ(c, whole)
	JL(LabelRef("pair"))
	SUBQ(Imm(32), c)
	CMPQ(c, whole)
	JGE(LabelRef("rest"))
	VMULPS(Mem{Base: w.ptr, Index: c, Scale: 1}, weight, term)
	VADDPS(Mem{Base: lane, Index: c, Scale: 1}, term, term)
	VMOVUPS(term, Mem{Base: lane, Index: c, Scale: 1})
	ADDQ(Imm(32), c)
	Label("rest") // fewer than 8
	TESTQ(I32(7), cols)
	JZ(LabelRef("added"))
	VMASKMOVPS(Mem{Base: w.ptr, Index: c, Scale: 1}, rest, term)
	VMULPS(term, weight, term)
	VADDPS(Mem{Base: lane, Index: c, Scale: 1}, term, term)
	VMOVUPS(term, Mem{Base: lane, Index: c, Scale: 1})
	Label("added")
	w.done()
	INCQ(j)
	n := Load(Param("n"), GP64())
	CMPQ(j, n)
	JL(LabelRef("row"))

	columnTrees(acc, cols, rest)
	finish(true)
	Label("short")
	finish(false)
}

// clearLanes zeroes all lanes of cols columns.
func clearLanes(acc, cols reg.Register) {
	zero, c := YMM(), GP64()
	VXORPS(zero, zero, zero)
	XORQ(c, c)
	Label("clear")
	for l := range 16 {
		VMOVUPS(zero, Mem{Base: acc, Index: c, Scale: 4, Disp: 4 * panel * l})
	}
	ADDQ(Imm(8), c)
	CMPQ(c, cols)
	JL(LabelRef("clear"))
}

// columnTrees adds the lanes of eight columns at a time and stores the sums.
func columnTrees(acc, cols, rest reg.Register) {
	dst := Load(Param("dst"), GP64())
	c := GP64()
	XORQ(c, c)
	Label("tree")
	var s [8]reg.Register
	for l := range s {
		s[l] = YMM()
		VMOVUPS(Mem{Base: acc, Index: c, Scale: 4, Disp: 4 * panel * l}, s[l])
		VADDPS(Mem{Base: acc, Index: c, Scale: 4, Disp: 4 * panel * (l + 8)}, s[l], s[l])
	}
	for half := 4; half > 0; half /= 2 {
		for l := range half {
			VADDPS(s[l+half], s[l], s[l])
		}
	}
	left := GP64()
	MOVQ(cols, left)
	SUBQ(c, left)
	CMPQ(left, Imm(8))
	JL(LabelRef("partial"))
	VMOVUPS(s[0], Mem{Base: dst, Index: c, Scale: 4})
	JMP(LabelRef("trees"))
	Label("partial")
	VMASKMOVPS(s[0], rest, Mem{Base: dst, Index: c, Scale: 4})
	Label("trees")
	ADDQ(Imm(8), c)
	CMPQ(c, cols)
	JL(LabelRef("tree"))
}
