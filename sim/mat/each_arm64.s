#include "textflag.h"
#include "rows_arm64.h"

// The kernels whose numbers do not meet each other, four at a time; n is a multiple of 4.

// EACH ends a loop over four numbers.
#define EACH \
	SUBS $4, R3, R3; \
	BNE  loop; \
	RET

// func addNEON(dst, a, b *float32, n int)
TEXT ·addNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD a+8(FP), R1
	MOVD b+16(FP), R2
	MOVD n+24(FP), R3

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	FADD4(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	EACH

// func scaleNEON(x *float32, f float32, n int)
TEXT ·scaleNEON(SB), NOSPLIT, $0-24
	MOVD  x+0(FP), R0
	MOVD  $f+8(FP), R1
	VLD1R (R1), [V1.S4]
	MOVD  n+16(FP), R3

loop:
	VLD1 (R0), [V0.S4]
	FMUL4(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	EACH

// func divideNEON(x *float32, by float32, n int)
TEXT ·divideNEON(SB), NOSPLIT, $0-24
	MOVD  x+0(FP), R0
	MOVD  $by+8(FP), R1
	VLD1R (R1), [V1.S4]
	MOVD  n+16(FP), R3

loop:
	VLD1 (R0), [V0.S4]
	FDIV4(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	EACH

// func gainNEON(dst, x, gain *float32, inv float32, n int)
TEXT ·gainNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  gain+16(FP), R2
	MOVD  $inv+24(FP), R4
	VLD1R (R4), [V2.S4]
	MOVD  n+32(FP), R3

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	FMUL4(2, 0, 0)
	FMUL4(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	EACH

// func affineNEON(x, gain, bias *float32, inv float32, n int)
TEXT ·affineNEON(SB), NOSPLIT, $0-40
	MOVD  x+0(FP), R0
	MOVD  gain+8(FP), R1
	MOVD  bias+16(FP), R2
	MOVD  $inv+24(FP), R4
	VLD1R (R4), [V3.S4]
	MOVD  n+32(FP), R3

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VLD1.P 16(R2), [V2.S4]
	FMUL4(3, 0, 0)
	FMUL4(1, 0, 0)
	FADD4(2, 0, 0)
	VST1.P [V0.S4], 16(R0)
	EACH

// func sumsNEON(sums *[16]float32, x *float32, n int)
// n is a multiple of 16.
TEXT ·sumsNEON(SB), NOSPLIT, $0-24
	MOVD sums+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R3
	VLD1 (R0), [V16.S4, V17.S4, V18.S4, V19.S4]

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	FADD4(0, 16, 16)
	FADD4(1, 17, 17)
	FADD4(2, 18, 18)
	FADD4(3, 19, 19)
	SUBS $16, R3, R3
	BNE  loop
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R0)
	RET

// func centerNEON(dst, x *float32, mean float32, sums *[16]float32, n int)
// n is a multiple of 16.
TEXT ·centerNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  $mean+16(FP), R2
	VLD1R (R2), [V8.S4]
	MOVD  sums+24(FP), R2
	MOVD  n+32(FP), R3
	VLD1  (R2), [V16.S4, V17.S4, V18.S4, V19.S4]

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	FSUB4(8, 0, 0)
	FSUB4(8, 1, 1)
	FSUB4(8, 2, 2)
	FSUB4(8, 3, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	FMUL4(0, 0, 0)
	FMUL4(1, 1, 1)
	FMUL4(2, 2, 2)
	FMUL4(3, 3, 3)
	FADD4(0, 16, 16)
	FADD4(1, 17, 17)
	FADD4(2, 18, 18)
	FADD4(3, 19, 19)
	SUBS $16, R3, R3
	BNE  loop
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R2)
	RET

// func greatestNEON(x *float32, n int) float32
TEXT ·greatestNEON(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R0
	MOVD  n+8(FP), R3
	VLD1R (R0), [V0.S4]

loop:
	VLD1.P 16(R0), [V1.S4]
	FMAX4(1, 0, 0)
	SUBS  $4, R3, R3
	BNE   loop
	FMAXV4(0, 0)
	FMOVS F0, ret+16(FP)
	RET

// TURN turns the pairs V0, V1 by the angles whose cosines and sines are V2 and V3.
#define TURN \
	FMUL4(2, 0, 4) ; \
	FMUL4(3, 1, 5) ; \
	FSUB4(5, 4, 4) ; \
	FMUL4(3, 0, 5) ; \
	FMUL4(2, 1, 6) ; \
	FADD4(6, 5, 5)

// func rotateNEON(x, cos, sin *float32, half int)
TEXT ·rotateNEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD cos+8(FP), R1
	MOVD sin+16(FP), R2
	MOVD half+24(FP), R3
	ADD  R3<<2, R0, R4

loop:
	VLD1   (R0), [V0.S4]
	VLD1   (R4), [V1.S4]
	VLD1.P 16(R1), [V2.S4]
	VLD1.P 16(R2), [V3.S4]
	TURN
	VST1.P [V4.S4], 16(R0)
	VST1.P [V5.S4], 16(R4)
	EACH

// func rotatePairsNEON(x, cos, sin *float32, half int)
TEXT ·rotatePairsNEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD cos+8(FP), R1
	MOVD sin+16(FP), R2
	MOVD half+24(FP), R3

loop:
	VLD2   (R0), [V0.S4, V1.S4]
	VLD1.P 16(R1), [V2.S4]
	VLD1.P 16(R2), [V3.S4]
	TURN
	VST2.P [V4.S4, V5.S4], 32(R0)
	EACH
