package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panel is the number of columns that weighted has lanes for, log2 of a lane's
// bytes 8.
const panel = 64

// weighting is WeightedSum of up to 64 columns. The 16 lanes of every column
// stand in memory that stays in the nearest cache: a row is read once,
// whichever lane its position gives it. What limits it is how fast lanes can be
// stored and read back, so that registers of 16 numbers do not make it faster.
type weighting struct {
	u               *unit
	w               *walk
	at              positions
	acc, p, j, cols reg.GPVirtual
}

func (u *unit) weighted() {
	TEXT("weighted"+u.name, 0, "func(dst, p *float32, at *int, "+rowsParams+", n, cols int) bool")
	Pragma("noescape")
	Doc("weighted"+u.name+" sets dst[d] to the sum over n rows of p[j] * row[j][d], d = 0..cols-1,",
		"in the lanes of the positions at (nil: 0, 1, 2...); cols is at most 64.", rowsDoc)
	k := &weighting{u: u, acc: GP64(), p: GP64(), j: GP64(), cols: GP64()}
	Load(Param("cols"), k.cols)
	Load(Param("p"), k.p)
	k.at = loadPositions()
	LEAQ(AllocLocal(16*4*panel+64).Offset(63), k.acc)
	ANDQ(I8(-64), k.acc)
	u.tailMask(k.cols, u.floats)
	k.clear()

	k.w = startWalk("short")
	XORQ(k.j, k.j)
	perPage := Load(Param("perPage"), GP64())
	CMPQ(perPage, Imm(1))
	JE(LabelRef("single"))
	k.widths("row", func() func() {
		k.w.next()
		return k.w.done
	})
	Label("single")
	need, skip := Load(Param("need"), GP64()), Load(Param("skip"), GP64())
	SHLQ(Imm(2), skip)
	k.widths("page", func() func() {
		k.w.single(need, skip)
		return func() {}
	})

	Label("sum")
	k.trees()
	finish(true)
	Label("short")
	finish(false)
	k.w.turnPages()
}

// widths are the loops over rows. The usual widths have loops of their own,
// without one inside over columns.
func (k *weighting) widths(name string, next func() (done func())) {
	usual := []int{1, 2, 4, 8} // registers full
	for _, vectors := range usual {
		CMPQ(k.cols, Imm(uint64(vectors*k.u.floats)))
		JE(LabelRef(name + strconv.Itoa(vectors)))
	}
	k.rows(name, next, func(lane reg.Register, weight reg.VecVirtual) { k.anyColumns(name, lane, weight) })
	for _, vectors := range usual {
		k.rows(name+strconv.Itoa(vectors), next, func(lane reg.Register, weight reg.VecVirtual) {
			for v := range vectors {
				at := 4 * k.u.floats * v
				k.add(Mem{Base: k.w.ptr, Disp: at}, Mem{Base: lane, Disp: at}, weight, nil)
			}
		})
	}
}

// rows walks the rows; columns adds one row to the lane that it is given.
func (k *weighting) rows(name string, next func() func(), columns func(lane reg.Register, weight reg.VecVirtual)) {
	Label(name)
	done := next()
	lane := k.at.lane(k.j)
	SHLQ(Imm(8), lane)
	ADDQ(k.acc, lane)
	weight := k.u.reg()
	VBROADCASTSS(Mem{Base: k.p, Index: k.j, Scale: 4}, weight)
	columns(lane, weight)
	done()
	INCQ(k.j)
	n, err := Param("n").Resolve()
	if err != nil {
		panic(err)
	}
	CMPQ(k.j, n.Addr)
	JL(LabelRef(name))
	JMP(LabelRef("sum"))
}

// add adds weight times a register full of the row to a register full of the lane.
func (k *weighting) add(row, lane Mem, weight reg.VecVirtual, mask reg.Register) {
	term := k.u.reg()
	if mask == nil {
		VMULPS(row, weight, term)
	} else {
		k.u.load(row, mask, term)
		VMULPS(term, weight, term)
	}
	VADDPS(lane, term, term)
	VMOVUPS(term, lane)
}

func (k *weighting) anyColumns(name string, lane reg.Register, weight reg.VecVirtual) {
	c, next := GP64(), GP64()
	XORQ(c, c)
	JMP(LabelRef(name + "columns"))
	Label(name + "column")
	k.add(Mem{Base: k.w.ptr, Index: c, Scale: 4}, Mem{Base: lane, Index: c, Scale: 4}, weight, nil)
	MOVQ(next, c)
	Label(name + "columns")
	LEAQ(Mem{Base: c, Disp: k.u.floats}, next)
	CMPQ(next, k.cols)
	JLE(LabelRef(name + "column"))
	CMPQ(c, k.cols)
	JE(LabelRef(name + "added"))
	k.add(Mem{Base: k.w.ptr, Index: c, Scale: 4}, Mem{Base: lane, Index: c, Scale: 4}, weight, k.u.parts[0])
	Label(name + "added")
}

// clear zeroes all lanes of the columns.
func (k *weighting) clear() {
	zero, c := k.u.zero(), GP64()
	XORQ(c, c)
	Label("clear")
	for l := range 16 {
		VMOVUPS(zero, Mem{Base: k.acc, Index: c, Scale: 4, Disp: 4 * panel * l})
	}
	ADDQ(Imm(uint64(k.u.floats)), c)
	CMPQ(c, k.cols)
	JL(LabelRef("clear"))
}

// trees adds the lanes of a register full of columns at a time.
func (k *weighting) trees() {
	dst := Load(Param("dst"), GP64())
	k.u.each(k.cols, k.u.floats, func(at func(reg.Register) Mem, _ int, mask reg.Register) {
		var s [8]reg.VecVirtual
		for l := range s {
			s[l] = k.u.reg()
			VMOVUPS(at(k.acc).Offset(4*panel*l), s[l])
			VADDPS(at(k.acc).Offset(4*panel*(l+8)), s[l], s[l])
		}
		for half := 4; half > 0; half /= 2 {
			for l := range half {
				VADDPS(s[l+half], s[l], s[l])
			}
		}
		k.u.store(s[0], at(dst), mask)
	})
}
