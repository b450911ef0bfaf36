package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots is Dot of x with each of n rows, four at a time; squares is Dot of each
// row with itself.
func dots(squares bool) {
	if squares {
		TEXT("squaresAVX2", NOSPLIT, "func(dst *float32, k int, "+rowsParams+", n int) bool")
		Doc("squaresAVX2 sets dst[r] to the dot product of row r with itself, k numbers, r = 0..n-1.", rowsDoc)
	} else {
		TEXT("dotsAVX2", NOSPLIT, "func(dst, x *float32, k int, "+rowsParams+", n int) bool")
		Doc("dotsAVX2 sets dst[r] to the dot product of x and row r, k numbers each, r = 0..n-1.", rowsDoc)
	}
	Pragma("noescape")
	w := startWalk("short")
	dst := Load(Param("dst"), GP64())
	f := newFour(squares)
	n := Load(Param("n"), GP64())
	rows := [4]reg.Register{GP64(), GP64(), GP64(), GP64()}

	Label("four")
	TESTQ(n, n)
	JLE(LabelRef("end"))
	fourRows(w, n, rows)
	storeFour(dst, n, f.sums(rows))
	ADDQ(Imm(16), dst)
	SUBQ(Imm(4), n)
	JMP(LabelRef("four"))

	Label("end")
	finish(true)
	Label("short")
	finish(false)
	w.turnPages()
}

// dotsApart is dots for weights that come from memory: its four rows stand a
// quarter of the matrix apart, so that each quarter is read from end to end. Four
// neighbouring rows would be four short streams that end before a prefetcher
// of the processor has caught up with them, and run into each other.
func dotsApart(kind number) {
	name := "dotsApart" + kind.name + "AVX2"
	TEXT(name, NOSPLIT, "func(dst, x *float32, k int, w *"+kind.goType+", stride, n int)")
	Doc(name+" sets dst[q*n+r] to the dot product of x and row q*n+r, k numbers each,",
		"q = 0..3, r = 0..n-1. The rows begin at w, stride numbers apart."+kind.rule)
	Pragma("noescape")
	dst := Load(Param("dst"), GP64())
	f := newFour(false)
	f.number = kind
	stride, n := Load(Param("stride"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(kind.shift), stride) // bytes
	rows := [4]reg.Register{GP64(), GP64(), GP64(), GP64()}
	Load(Param("w"), rows[0])
	quarter := GP64()
	MOVQ(n, quarter)
	IMULQ(stride, quarter)
	for q := range 3 {
		LEAQ(Mem{Base: rows[q], Index: quarter, Scale: 1}, rows[q+1])
	}
	across := GP64() // three quarters of dst
	LEAQ(Mem{Base: n, Index: n, Scale: 2}, across)
	left := GP64()
	MOVQ(n, left)

	Label("four")
	TESTQ(left, left)
	JLE(LabelRef("end"))
	sums := f.sums(rows).(reg.VecVirtual)
	VMOVSS(sums, Mem{Base: dst})
	VEXTRACTPS(Imm(1), sums, Mem{Base: dst, Index: n, Scale: 4})
	VEXTRACTPS(Imm(2), sums, Mem{Base: dst, Index: n, Scale: 8})
	VEXTRACTPS(Imm(3), sums, Mem{Base: dst, Index: across, Scale: 4})
	ADDQ(Imm(4), dst)
	for _, row := range rows {
		ADDQ(stride, row)
	}
	DECQ(left)
	JMP(LabelRef("four"))

	Label("end")
	VZEROUPPER()
	RET()
}

// four is the dot product of x with four rows, or of four rows with themselves.
type four struct {
	squares           bool
	number            number // of the rows
	x                 reg.Register
	whole             reg.Register   // numbers of a row in whole chunks of 16
	restLow, restHigh reg.VecVirtual // masks of those after them
}

// newFour loads the parameters x, where there is one, and k.
func newFour(squares bool) *four {
	f := &four{squares: squares, number: float32s, restLow: YMM(), restHigh: YMM()}
	if !squares {
		f.x = Load(Param("x"), GP64())
	}
	f.whole = Load(Param("k"), GP64())
	mask(f.whole, 16, f.restLow, f.restHigh)
	ANDQ(I8(-16), f.whole)
	return f
}

// sums are the four sums: lanes 0-7 of a row in one register, 8-15 in another.
func (f *four) sums(rows [4]reg.Register) reg.Register {
	var low, high [4]reg.VecVirtual
	for r := range 4 {
		low[r], high[r] = YMM(), YMM()
		VXORPS(low[r], low[r], low[r])
		VXORPS(high[r], high[r], high[r])
	}
	x0, x1, p0, p1 := YMM(), YMM(), YMM(), YMM()
	i := GP64()
	XORQ(i, i)
	JMP(LabelRef("chunks"))
	Label("chunk")
	if !f.squares {
		VMOVUPS(Mem{Base: f.x, Index: i, Scale: 4}, x0)
		VMOVUPS(Mem{Base: f.x, Index: i, Scale: 4, Disp: 32}, x1)
	}
	for r := range 4 {
		row0, row1 := Mem{Base: rows[r], Index: i, Scale: 4}, Mem{Base: rows[r], Index: i, Scale: 4, Disp: 32}
		if f.number.widen != nil {
			f.number.widen(Mem{Base: rows[r], Index: i, Scale: 2}, p0)
			f.number.widen(Mem{Base: rows[r], Index: i, Scale: 2, Disp: 16}, p1)
			VMULPS(p0, x0, p0)
			VMULPS(p1, x1, p1)
		} else if f.squares {
			VMOVUPS(row0, x0)
			VMOVUPS(row1, x1)
			VMULPS(x0, x0, p0)
			VMULPS(x1, x1, p1)
		} else {
			VMULPS(row0, x0, p0)
			VMULPS(row1, x1, p1)
		}
		VADDPS(p0, low[r], low[r])
		VADDPS(p1, high[r], high[r])
	}
	ADDQ(Imm(16), i)
	Label("chunks")
	CMPQ(i, f.whole)
	JL(LabelRef("chunk"))
	if f.number.widen == nil {
		f.rest(i, rows, low, high, x0, x1, p0, p1)
	}
	for r := range 4 {
		VADDPS(high[r], low[r], low[r]) // l + (l+8)
	}
	return fourTrees(low)
}

// rest adds what is left of the rows after whole chunks.
func (f *four) rest(i reg.Register, rows [4]reg.Register, low, high [4]reg.VecVirtual, x0, x1, p0, p1 reg.VecVirtual) {
	k := Load(Param("k"), GP64())
	CMPQ(i, k)
	JE(LabelRef("tree"))
	// What is left of a row; masked numbers are zeros and change no lane.
	if !f.squares {
		VMASKMOVPS(Mem{Base: f.x, Index: i, Scale: 4}, f.restLow, x0)
		VMASKMOVPS(Mem{Base: f.x, Index: i, Scale: 4, Disp: 32}, f.restHigh, x1)
	}
	for r := range 4 {
		VMASKMOVPS(Mem{Base: rows[r], Index: i, Scale: 4}, f.restLow, p0)
		VMASKMOVPS(Mem{Base: rows[r], Index: i, Scale: 4, Disp: 32}, f.restHigh, p1)
		if f.squares {
			VMULPS(p0, p0, p0)
			VMULPS(p1, p1, p1)
		} else {
			VMULPS(p0, x0, p0)
			VMULPS(p1, x1, p1)
		}
		VADDPS(p0, low[r], low[r])
		VADDPS(p1, high[r], high[r])
	}
	Label("tree")
}

// fourRows finds the next four rows, or all that are left and the last again.
func fourRows(w *walk, n reg.Register, rows [4]reg.Register) {
	CMPQ(n, Imm(4))
	JL(LabelRef("gather"))
	CMPQ(w.left, Imm(4))
	JL(LabelRef("turn"))
	MOVQ(w.ptr, rows[0])
	LEAQ(Mem{Base: rows[0], Index: w.stride, Scale: 1}, rows[1])
	LEAQ(Mem{Base: rows[0], Index: w.stride, Scale: 2}, rows[2])
	LEAQ(Mem{Base: rows[1], Index: w.stride, Scale: 2}, rows[3])
	LEAQ(Mem{Base: rows[0], Index: w.stride, Scale: 4}, w.ptr)
	SUBQ(Imm(4), w.left)
	JMP(LabelRef("found"))
	Label("turn") // a page to each row needs no counting
	single := Load(Param("perPage"), GP64())
	SUBQ(Imm(1), single)
	ORQ(w.left, single)
	JNZ(LabelRef("gather"))
	need, skip := Load(Param("need"), GP64()), Load(Param("skip"), GP64())
	for r := range 4 {
		CMPQ(need, Mem{Base: w.page, Disp: 24*(r+1) + 8})
		JG(LabelRef(w.fail))
		MOVQ(Mem{Base: w.page, Disp: 24 * (r + 1)}, rows[r])
		LEAQ(Mem{Base: rows[r], Index: skip, Scale: 4}, rows[r])
	}
	ADDQ(Imm(96), w.page)
	JMP(LabelRef("found"))
	Label("gather")
	for r := range 4 {
		if r > 0 {
			MOVQ(rows[r-1], rows[r])
			CMPQ(n, Imm(uint64(r)))
			JLE(LabelRef("found" + string(rune('0'+r))))
		}
		w.next()
		MOVQ(w.ptr, rows[r])
		w.done()
		if r > 0 {
			Label("found" + string(rune('0'+r)))
		}
	}
	Label("found")
}

// fourTrees adds the eight lanes of each register: + (l+4), + (l+2), + (l+1).
func fourTrees(rows [4]reg.VecVirtual) reg.Register {
	var four [4]reg.Register
	for r, row := range rows {
		half := XMM()
		VEXTRACTF128(Imm(1), row, half)
		VADDPS(half, row.AsX(), half)
		four[r] = half
	}
	var two [2]reg.Register // lanes 0 and 1 of two rows
	for i := range two {
		a, b := four[2*i], four[2*i+1]
		front, back := XMM(), XMM()
		VMOVLHPS(b, a, front)
		VMOVHLPS(a, b, back)
		VADDPS(back, front, front)
		two[i] = front
	}
	even, odd := XMM(), XMM()
	VSHUFPS(Imm(0x88), two[1], two[0], even)
	VSHUFPS(Imm(0xdd), two[1], two[0], odd)
	VADDPS(odd, even, even)
	return even
}

// storeFour stores the first n of four sums.
func storeFour(dst, n, sums reg.Register) {
	CMPQ(n, Imm(4))
	JL(LabelRef("some"))
	VMOVUPS(sums, Mem{Base: dst})
	JMP(LabelRef("stored"))
	Label("some")
	m := YMM()
	mask(n, 4, m)
	VMASKMOVPS(sums, m.AsX(), Mem{Base: dst})
	Label("stored")
}

// finish returns whether the kernel did its work.
func finish(ok bool) {
	VZEROUPPER()
	result, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	var done uint64
	if ok {
		done = 1
	}
	MOVB(Imm(done), result.Addr)
	RET()
}

// laneSums adds numbers to the lanes of their positions.
func laneSums() {
	TEXT("laneSumsAVX2", NOSPLIT, "func(sums *[16]float32, x *float32, at *int, n int)")
	Pragma("noescape")
	Doc("laneSumsAVX2 adds x[j] to sums[at[j] mod 16], j = 0..n-1; a nil at means 0, 1, 2...")
	sums, x, n := Load(Param("sums"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	p := loadPositions()
	j := GP64()
	XORQ(j, j)
	Label("number")
	lane, v := p.lane(j), XMM()
	VMOVSS(Mem{Base: x, Index: j, Scale: 4}, v)
	VADDSS(Mem{Base: sums, Index: lane, Scale: 4}, v, v)
	VMOVSS(v, Mem{Base: sums, Index: lane, Scale: 4})
	INCQ(j)
	CMPQ(j, n)
	JL(LabelRef("number"))
	RET()
}
