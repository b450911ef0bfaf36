package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsParams are the rows that a kernel walks, as kernel_amd64.go hands them
// over: in pages of perPage rows, stride floats from one row to the next, the
// first row of a page skip floats after its beginning. The walk begins at row
// `row` of the page whose slice header is at `page`; the headers of the pages
// after it follow. A page has at least need floats, or the kernel gives up.
// Rows side by side are one page.
const rowsParams = "page *[]float32, row, perPage, skip, stride, need int"

const rowsDoc = "A page shorter than need makes it give up and return false."

// walk is where a kernel stands in its rows.
type walk struct {
	page, ptr, left, stride reg.GPVirtual // slice header, next row, rows left in the page, bytes
	fail                    string        // where to go when a page is too short
	turns                   []string      // labels of the jumps to turnPages
}

func startWalk(fail string) *walk {
	w := &walk{page: GP64(), ptr: GP64(), left: GP64(), stride: GP64(), fail: fail}
	Load(Param("page"), w.page)
	Load(Param("stride"), w.stride)
	SHLQ(Imm(2), w.stride) // bytes
	w.open()
	row := Load(Param("row"), GP64())
	SUBQ(row, w.left)
	IMULQ(w.stride, row)
	ADDQ(row, w.ptr)
	return w
}

// open goes to the first row of the page.
func (w *walk) open() {
	tmp := Load(Param("need"), GP64())
	CMPQ(tmp, Mem{Base: w.page, Disp: 8})
	JG(LabelRef(w.fail))
	Load(Param("skip"), tmp)
	MOVQ(Mem{Base: w.page}, w.ptr)
	LEAQ(Mem{Base: w.ptr, Index: tmp, Scale: 4}, w.ptr)
	Load(Param("perPage"), w.left)
}

// next leaves the next row in w.ptr; the caller calls done when it has read it.
func (w *walk) next() {
	name := "turn" + strconv.Itoa(len(w.turns))
	w.turns = append(w.turns, name)
	TESTQ(w.left, w.left)
	JZ(LabelRef(name + "over"))
	Label(name)
}

// single leaves the next row in ptr where each row has a page of its own; need
// and skip are the parameters, skip in bytes.
func (w *walk) single(need, skip reg.Register) {
	CMPQ(need, Mem{Base: w.page, Disp: 8})
	JG(LabelRef(w.fail))
	MOVQ(Mem{Base: w.page}, w.ptr)
	ADDQ(skip, w.ptr)
	ADDQ(Imm(24), w.page)
}

// turnPages is where next goes at the end of a page: out of the way of loops,
// after the kernel's end.
func (w *walk) turnPages() {
	for _, name := range w.turns {
		Label(name + "over")
		ADDQ(Imm(24), w.page)
		w.open()
		JMP(LabelRef(name))
	}
}

func (w *walk) done() {
	ADDQ(w.stride, w.ptr)
	DECQ(w.left)
}

// positions are where lanes come from: position j is at[j & every], and a nil
// at, lane j mod 16, is the table 0, 1, ... 15.
type positions struct{ at, every reg.GPVirtual }

var laneTable Mem

func loadPositions() positions {
	if laneTable.Base == nil {
		laneTable = GLOBL("laneNumbers", RODATA|NOPTR)
		for i := range 16 {
			DATA(8*i, U64(i))
		}
	}
	p := positions{GP64(), GP64()}
	Load(Param("at"), p.at)
	MOVQ(I32(-1), p.every)
	TESTQ(p.at, p.at)
	JNZ(LabelRef("given"))
	LEAQ(laneTable, p.at)
	MOVQ(I32(15), p.every)
	Label("given")
	return p
}

// lane is the lane of the number with index j.
func (p positions) lane(j reg.Register) reg.GPVirtual {
	l := GP64()
	MOVQ(j, l)
	ANDQ(p.every, l)
	MOVQ(Mem{Base: p.at, Index: l, Scale: 8}, l)
	ANDQ(Imm(15), l)
	return l
}

// maskTable has 16 words of ones, then 16 of zeros: read from word 16-n on it
// masks all but the first n.
var maskTable Mem

func masks() Mem {
	if maskTable.Base == nil {
		maskTable = GLOBL("masks", RODATA|NOPTR)
		for i := range 32 {
			word := U32(0)
			if i < 16 {
				word = 0xffffffff
			}
			DATA(4*i, word)
		}
	}
	return maskTable
}

// mask loads masks for what follows a multiple of 16, or of 8, floats: of n
// words mod `of`, the first one register full goes to the first, and so on.
func mask(n reg.Register, of int, into ...reg.VecVirtual) {
	table, rest := GP64(), GP64()
	LEAQ(masks(), table)
	MOVQ(n, rest)
	ANDQ(Imm(uint64(of-1)), rest)
	SHLQ(Imm(2), rest)
	SUBQ(rest, table)
	for i, m := range into {
		VMOVUPS(Mem{Base: table, Disp: 64 + 32*i}, m)
	}
}
