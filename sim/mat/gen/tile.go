package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is Dot of some rows of x, six at most, with each of n rows of w, four at a time: the 16
// lanes of a sum fill one register, and a number that was read is used as often as there are
// rows of the other side. The rows of x stay in the nearest cache, those of w come by. Rows that
// are too long for that cache are taken in pieces, with the lanes in memory between two.
func tile(m int) {
	u := avx512()
	name := "tile" + strconv.Itoa(m) + "AVX512"
	TEXT(name, NOSPLIT, "func(dst *float32, dstStride int, x *float32, xStride, k int, w *float32, wStride, n int, before, after *float32, ahead uintptr, lines int)")
	Pragma("noescape")
	Doc(name+" sets dst[i][j] to the dot product of row i of x and row j of w, k numbers each,",
		"i = 0.."+strconv.Itoa(m-1)+", j = 0..n-1; n is a multiple of 4. The lanes begin with those at before, or",
		"with 0 where it is nil; where after is not nil they end there, and dst is left alone.",
		"For every four rows of w so many cache lines are fetched from ahead on.")
	dst, dstStride := Load(Param("dst"), GP64()), Load(Param("dstStride"), GP64())
	x, w := threes(Load(Param("x"), GP64()), Load(Param("xStride"), GP64())), threes(Load(Param("w"), GP64()), Load(Param("wStride"), GP64()))
	SHLQ(Imm(2), dstStride)
	whole, back := Load(Param("k"), GP64()), GP64()
	u.tailMask(whole, 16)
	ANDQ(I8(-16), whole)
	LEAQ(Mem{Base: whole, Index: whole, Scale: 1}, back) // bytes of whole chunks: 4 times
	ADDQ(back, back)
	before, after := Load(Param("before"), GP64()), Load(Param("after"), GP64())

	Label("four")
	fetchAhead()
	acc := make([][4]reg.VecVirtual, m) // [row of x][row of w]
	for i := range acc {
		for j := range acc[i] {
			acc[i][j] = u.zero()
		}
	}
	TESTQ(before, before)
	JZ(LabelRef("begin"))
	lanesOf(acc, before, func(lane Mem, sum reg.VecVirtual) { VMOVUPS(lane, sum) })
	Label("begin")
	c := GP64()
	MOVQ(whole, c)
	TESTQ(c, c)
	JZ(LabelRef("rest"))
	Label("chunk")
	u.sixteen(x, w, acc, nil)
	x.move(64)
	w.move(64)
	SUBQ(Imm(16), c)
	JNZ(LabelRef("chunk"))
	Label("rest")
	Load(Param("k"), c)
	CMPQ(whole, c)
	JE(LabelRef("summed"))
	u.sixteen(x, w, acc, u.parts[0])
	Label("summed")
	TESTQ(after, after)
	JZ(LabelRef("trees"))
	lanesOf(acc, after, func(lane Mem, sum reg.VecVirtual) { VMOVUPS(sum, lane) })
	JMP(LabelRef("next"))
	Label("trees")
	storeTrees(acc, dst, dstStride)
	ADDQ(Imm(16), dst)
	Label("next")
	x.turn(back, false)
	w.turn(back, true)
	n := Load(Param("n"), GP64())
	SUBQ(Imm(4), n)
	Store(n, Param("n"))
	JG(LabelRef("four"))
	u.leave()
}

// fetchAhead asks for some lines of memory that is read later: few at a time, so that none waits for
// another and the sums go on meanwhile.
func fetchAhead() {
	at, left := Load(Param("ahead"), GP64()), Load(Param("lines"), GP64())
	TESTQ(left, left)
	JZ(LabelRef("fetched"))
	Label("fetch")
	PREFETCHT0(Mem{Base: at})
	ADDQ(Imm(64), at)
	DECQ(left)
	JNZ(LabelRef("fetch"))
	Store(at, Param("ahead"))
	Label("fetched")
}

// lanesOf visits the sums and their places in memory, and goes on to the next ones.
func lanesOf(acc [][4]reg.VecVirtual, at reg.Register, visit func(lane Mem, sum reg.VecVirtual)) {
	for i := range acc {
		for j, sum := range acc[i] {
			visit(Mem{Base: at, Disp: 64 * (4*i + j)}, sum)
		}
	}
	ADDQ(U32(64*4*len(acc)), at)
}

// storeTrees stores the sums, four a row.
func storeTrees(acc [][4]reg.VecVirtual, dst, stride reg.Register) {
	to := GP64()
	MOVQ(dst, to)
	for i := 0; i < len(acc); i += 4 {
		some := acc[i:min(i+4, len(acc))]
		sums := sixteenTrees(some)
		for r := range some {
			VEXTRACTF32X4(Imm(uint64(r)), sums, Mem{Base: to})
			if i+r < len(acc)-1 {
				ADDQ(stride, to)
			}
		}
	}
}

// rowsOf are rows one stride apart, by every third of which there is a pointer.
type rowsOf struct {
	at     [2]reg.Register // rows 0 and 3
	stride reg.Register
}

// threes begins at a row; the stride comes in numbers.
func threes(row, stride reg.Register) *rowsOf {
	r := &rowsOf{at: [2]reg.Register{row, GP64()}, stride: stride}
	SHLQ(Imm(2), stride)
	LEAQ(Mem{Base: row, Index: stride, Scale: 2}, r.at[1])
	ADDQ(stride, r.at[1])
	return r
}

func (r *rowsOf) row(i int) Mem {
	m := Mem{Base: r.at[min(i/3, 1)]}
	if i -= 3 * min(i/3, 1); i > 0 {
		m.Index, m.Scale = r.stride, uint8(i)
	}
	return m
}

// move goes on by so many bytes of each row.
func (r *rowsOf) move(bytes int) {
	ADDQ(Imm(uint64(bytes)), r.at[0])
	ADDQ(Imm(uint64(bytes)), r.at[1])
}

// turn goes back by so many bytes, and to the next four rows.
func (r *rowsOf) turn(back reg.Register, next bool) {
	for _, at := range r.at {
		SUBQ(back, at)
		if next {
			LEAQ(Mem{Base: at, Index: r.stride, Scale: 4}, at)
		}
	}
}

// sixteen adds the products of 16 numbers of each row to the lanes.
func (u *unit) sixteen(x, w *rowsOf, acc [][4]reg.VecVirtual, mask reg.Register) {
	var b [4]reg.VecVirtual
	for j := range b {
		b[j] = u.reg()
		u.load(w.row(j), mask, b[j])
	}
	for i := range acc {
		a := u.reg()
		u.load(x.row(i), mask, a)
		for j := range b {
			p := u.reg()
			VMULPS(b[j], a, p)
			VADDPS(p, acc[i][j], acc[i][j])
		}
	}
}

// sixteenTrees adds the lanes of up to 16 sums, acc[i][j], and gives them as
// [i][j]: each step adds one half of the lanes of two registers to the other
// half and puts the two results side by side in one. A row that is not there is
// the first once more.
func sixteenTrees(acc [][4]reg.VecVirtual) reg.VecVirtual {
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
	for j := range rows {
		front := halves(acc[0][j], acc[min(1, len(acc)-1)][j])
		back := front
		if len(acc) > 2 {
			back = halves(acc[2][j], acc[len(acc)-1][j])
		}
		rows[j] = quarters(front, back)
	}
	a := inQuarters(0x44, 0xee, rows[0], rows[1]) // + (l+2)
	b := inQuarters(0x44, 0xee, rows[2], rows[3])
	return inQuarters(0x88, 0xdd, a, b) // + (l+1)
}
