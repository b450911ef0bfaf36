package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakSums are the sums that peak keeps at a time: enough for what is under way at once in any
// processor that there is, and few enough for 16 registers with a product beside each other one.
const peakSums = 10

// peak multiplies and adds in registers as fast as a processor can: with the product
// rounded first, as kvstep does, or fused. It shares nothing with the kernels that it is
// there to judge.
func (u *unit) peak(fused bool) {
	name := "peak"
	doc := "multiplies and adds, rounding both, rounds times 10 registers."
	if fused {
		name, doc = "peakFused", "does what peak does with fused multiply-adds."
	}
	u.function(name, "rounds int", doc)
	rounds := Load(Param("rounds"), GP64())
	factor := u.zero()
	var sums [peakSums]reg.VecVirtual
	for i := range sums {
		sums[i] = u.zero()
	}
	Label("round")
	for i := range sums {
		if fused {
			VFMADD231PS(factor, factor, sums[i])
			continue
		}
		p := u.reg()
		VMULPS(factor, factor, p)
		VADDPS(p, sums[i], sums[i])
	}
	DECQ(rounds)
	JNZ(LabelRef("round"))
	u.leave()
}
