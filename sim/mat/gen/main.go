// Command gen writes the AVX2 kernels of sim/mat:
//
//	cd sim/mat/gen && go run . -pkg mat -out ../dot4_amd64.s -stubs ../dot4_amd64.go
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	dot4()
	Generate()
}

// dot4 is four dot products of x with neighbouring rows of w, in the order of
// Dot: lanes 0-7 in one register, 8-15 in another, products rounded before
// they are added (no FMA), then the tree.
func dot4() {
	TEXT("dot4AVX2", NOSPLIT, "func(dst *[4]float32, x, w *float32, stride, n int)")
	Pragma("noescape")
	Doc("dot4AVX2 sets dst[r] to the dot product of x and row r of w, r = 0..3.",
		"n is a multiple of 16; stride is the distance between rows, in floats.")
	dst := Load(Param("dst"), GP64())
	x := Load(Param("x"), GP64())
	w := Load(Param("w"), GP64())
	stride := Load(Param("stride"), GP64())
	n := Load(Param("n"), GP64())

	SHLQ(Imm(2), stride) // bytes
	rows := [4]reg.Register{w, GP64(), GP64(), GP64()}
	for r := 1; r < 4; r++ {
		MOVQ(rows[r-1], rows[r])
		ADDQ(stride, rows[r])
	}
	var low, high [4]reg.VecVirtual
	for r := range 4 {
		low[r], high[r] = YMM(), YMM()
		VXORPS(low[r], low[r], low[r])
		VXORPS(high[r], high[r], high[r])
	}
	x0, x1, p0, p1 := YMM(), YMM(), YMM(), YMM()
	i := GP64()
	XORQ(i, i)
	Label("chunk")
	CMPQ(i, n)
	JGE(LabelRef("tree"))
	VMOVUPS(Mem{Base: x, Index: i, Scale: 4}, x0)
	VMOVUPS(Mem{Base: x, Index: i, Scale: 4, Disp: 32}, x1)
	for r := range 4 {
		VMULPS(Mem{Base: rows[r], Index: i, Scale: 4}, x0, p0)
		VMULPS(Mem{Base: rows[r], Index: i, Scale: 4, Disp: 32}, x1, p1)
		VADDPS(p0, low[r], low[r])
		VADDPS(p1, high[r], high[r])
	}
	ADDQ(Imm(16), i)
	JMP(LabelRef("chunk"))

	Label("tree")
	for r := range 4 {
		VADDPS(high[r], low[r], low[r]) // l + (l+8)
		half := XMM()
		VEXTRACTF128(Imm(1), low[r], half)
		sum := low[r].AsX()
		VADDPS(half, sum, sum) // + (l+4)
		VMOVHLPS(sum, sum, half)
		VADDPS(half, sum, sum) // + (l+2)
		VMOVSHDUP(sum, half)
		VADDSS(half, sum, sum) // + (l+1)
		VMOVSS(sum, Mem{Base: dst, Disp: 4 * r})
	}
	VZEROUPPER()
	RET()
}
