// Command gen writes the amd64 kernels of sim/mat:
//
//	cd sim/mat/gen && go run . -pkg mat -out ../kernels_amd64.s -stubs ../kernels_amd64.go
//
// Each does what the portable code beside it in sim/mat says, in the same order
// of additions: a product is rounded before it is added (no FMA), lane i mod 16
// takes term i, the tree comes last.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64")
	dots(false)
	dots(true)
	for _, kind := range []number{float32s, float16s, bfloat16s} {
		dotsApart(kind)
	}
	widen(float16s)
	widen(bfloat16s)
	avx2().weighted()
	laneSums()
	avx2().mass()
	for m := range 6 {
		tile(m + 1)
	}
	for _, u := range []*unit{avx2(), avx512()} {
		u.elementwise()
		u.greatest()
		u.expSums()
		u.expLanes()
		u.swiglu()
		u.gelu()
		u.layerNorm()
		u.peak(false)
		u.peak(true)
	}
	rotate()
	rotatePairs()
	codes(8)
	codes(4)
	Generate()
}
