package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// codes writes the kernels that make numbers of quantised ones, code*scale +
// low, eight at a time: of groups along a row, and of columns.
func codes(bits int) {
	name := fmt.Sprintf("groups%dAVX2", bits)
	TEXT(name, NOSPLIT, "func(dst *float32, codes *byte, scales, lows *uint16, n, size int)")
	Doc(fmt.Sprintf("%s makes n groups of size numbers each, of %d bits: code*scale + low;", name, bits), "size is a multiple of 8.")
	dst, from := Load(Param("dst"), GP64()), Load(Param("codes"), GP64())
	scales, lows := Load(Param("scales"), GP64()), Load(Param("lows"), GP64())
	n, size := Load(Param("n"), GP64()), Load(Param("size"), GP64())
	u := unpacker(bits)
	left := GP64()
	Label("group")
	scale, low := halfOf(scales), halfOf(lows)
	MOVQ(size, left)
	Label("eight")
	u.eight(Mem{Base: from}, Mem{Base: dst}, scale, low)
	ADDQ(Imm(uint64(bits)), from)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(8), left)
	JNZ(LabelRef("eight"))
	ADDQ(Imm(2), scales)
	ADDQ(Imm(2), lows)
	DECQ(n)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()

	name = fmt.Sprintf("columns%dAVX2", bits)
	TEXT(name, NOSPLIT, "func(dst *float32, codes *byte, scales, lows *uint16, rows, cols int)")
	Doc(fmt.Sprintf("%s makes rows of cols numbers, of %d bits, of which each column has a scale and a low;", name, bits), "cols is a multiple of 8.")
	dst, from = Load(Param("dst"), GP64()), Load(Param("codes"), GP64())
	scales, lows = Load(Param("scales"), GP64()), Load(Param("lows"), GP64())
	rows, cols := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	u = unpacker(bits)
	stride, jump, i, at, to := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(cols, stride) // bytes of codes in a row
	if bits == 4 {
		SHRQ(Imm(1), stride)
	}
	MOVQ(cols, jump)
	SHLQ(Imm(2), jump)
	Label("column")
	s, l := halvesOf(scales), halvesOf(lows)
	MOVQ(from, at)
	MOVQ(dst, to)
	MOVQ(rows, i)
	Label("row")
	u.eight(Mem{Base: at}, Mem{Base: to}, s, l)
	ADDQ(stride, at)
	ADDQ(jump, to)
	DECQ(i)
	JNZ(LabelRef("row"))
	ADDQ(Imm(uint64(bits)), from)
	ADDQ(Imm(32), dst)
	ADDQ(Imm(16), scales)
	ADDQ(Imm(16), lows)
	SUBQ(Imm(8), cols)
	JNZ(LabelRef("column"))
	VZEROUPPER()
	RET()
}

// unpack makes eight codes whole numbers of 32 bits.
type unpack struct {
	bits         int
	shifts, mask reg.VecVirtual
}

func unpacker(bits int) unpack {
	u := unpack{bits: bits}
	if bits == 4 {
		u.shifts, u.mask = YMM(), YMM()
		VMOVDQU(nibbles(), u.shifts)
		VMOVDQU(constantOf(15), u.mask)
	}
	return u
}

func (u unpack) eight(from, to Mem, scale, low reg.VecVirtual) {
	x := YMM()
	if u.bits == 8 {
		VPMOVZXBD(from, x)
	} else {
		VPBROADCASTD(from, x)
		VPSRLVD(u.shifts, x, x)
		VPAND(u.mask, x, x)
	}
	VCVTDQ2PS(x, x)
	VMULPS(scale, x, x) // rounded before it is added
	VADDPS(low, x, x)
	VMOVUPS(x, to)
}

var nibbleShifts Mem

func nibbles() Mem {
	if nibbleShifts.Base == nil && nibbleShifts.Symbol.Name == "" {
		nibbleShifts = GLOBL("nibbles", RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(uint32(4*i)))
		}
	}
	return nibbleShifts
}

// A finite float16 is its bits moved to a float32's place, times 2^112: the
// difference of the biases. Subnormal ones come out right too.
const twoTo112 = 0x77800000

// halfOf fills a register with the float16 at p.
func halfOf(p reg.Register) reg.VecVirtual {
	h, sign := GP32(), GP32()
	MOVWLZX(Mem{Base: p}, h)
	MOVL(h, sign)
	ANDL(U32(0x8000), sign)
	ANDL(U32(0x7fff), h)
	SHLL(Imm(13), h)
	SHLL(Imm(16), sign)
	ORL(sign, h)
	x, y := XMM(), YMM()
	VMOVD(h, x)
	VMULSS(constantOf(twoTo112), x, x)
	VBROADCASTSS(x, y)
	return y
}

// halvesOf are the eight float16 at p.
func halvesOf(p reg.Register) reg.VecVirtual {
	x, sign := YMM(), YMM()
	VPMOVZXWD(Mem{Base: p}, x)
	VPAND(constantOf(0x8000), x, sign)
	VPAND(constantOf(0x7fff), x, x)
	VPSLLD(Imm(13), x, x)
	VPSLLD(Imm(16), sign, sign)
	VPOR(sign, x, x)
	VMULPS(constantOf(twoTo112), x, x)
	return x
}
