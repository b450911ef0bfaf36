package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// number is how the numbers of a row stand in memory.
type number struct {
	name, goType string
	rule         string                            // for who calls
	shift        uint64                            // 1 << shift bytes
	widen        func(from Mem, to reg.VecVirtual) // eight to float32; nil where they are
}

var (
	float32s  = number{goType: "float32", shift: 2}
	float16s  = number{name: "F16", goType: "uint16", shift: 1, rule: wholeChunks, widen: func(from Mem, to reg.VecVirtual) { VCVTPH2PS(from, to) }}
	bfloat16s = number{name: "BF16", goType: "uint16", shift: 1, rule: wholeChunks, widen: func(from Mem, to reg.VecVirtual) {
		VPMOVZXWD(from, to)
		VPSLLD(Imm(16), to, to)
	}}
)

const wholeChunks = " k is a multiple of 16."

// widen makes float32 of numbers of 16 bits.
func widen(kind number) {
	name := "widen" + kind.name + "AVX2"
	TEXT(name, NOSPLIT, "func(dst *float32, bits16 *uint16, n int)")
	Doc(name + " sets dst to the numbers of bits16; n is a multiple of 16.")
	Pragma("noescape")
	dst, bits16, n := Load(Param("dst"), GP64()), Load(Param("bits16"), GP64()), Load(Param("n"), GP64())
	i, x, y := GP64(), YMM(), YMM()
	XORQ(i, i)
	Label("chunk")
	kind.widen(Mem{Base: bits16, Index: i, Scale: 2}, x)
	kind.widen(Mem{Base: bits16, Index: i, Scale: 2, Disp: 16}, y)
	VMOVUPS(x, Mem{Base: dst, Index: i, Scale: 4})
	VMOVUPS(y, Mem{Base: dst, Index: i, Scale: 4, Disp: 32})
	ADDQ(Imm(16), i)
	CMPQ(i, n)
	JL(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}
