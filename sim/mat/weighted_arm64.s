#include "textflag.h"
#include "rows_arm64.h"

// PAIR loads four columns of two lanes from R12 and adds them.
#define PAIR(a, b, fa, fb) \
	FMOVQ (256*a)(R12), fa; \
	FMOVQ (256*b)(R12), fb; \
	FADD4(b, a, a)

// func weightedNEON(dst, p *float32, at *int, page *[]float32, row, perPage, skip, stride, need, n, cols int) bool
//
// The 16 lanes of 64 columns stand on the stack, 256 bytes to a lane.
TEXT ·weightedNEON(SB), 0, $4096-89
	MOVD dst+0(FP), R0
	MOVD p+8(FP), R1
	MOVD at+16(FP), R2
	MOVD page+24(FP), R3
	MOVD row+32(FP), R15
	MOVD perPage+40(FP), R9
	MOVD skip+48(FP), R5
	MOVD stride+56(FP), R6
	MOVD need+64(FP), R7
	MOVD n+72(FP), R8
	MOVD cols+80(FP), R14
	START(R15)

	MOVD $lanes-4096(SP), R17
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD R17, R12
	MOVD $64, R15

clear:
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R12)
	SUBS   $1, R15, R15
	BNE    clear

	// R15 is the position where none are given: 0, 1, 2...
row:
	NEXT(R11)
	MOVD R15, R16
	ADD  $1, R15, R15
	CBZ  R2, lane
	MOVD.P 8(R2), R16

lane:
	AND $15, R16, R16
	ADD R16<<8, R17, R12
	VLD1R.P 4(R1), [V0.S4]
	SUBS $16, R14, R13
	BLT  rest

columns:
	VLD1.P 64(R11), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1   (R12), [V16.S4, V17.S4, V18.S4, V19.S4]
	FMUL4(0, 4, 4)
	FMUL4(0, 5, 5)
	FMUL4(0, 6, 6)
	FMUL4(0, 7, 7)
	FADD4(4, 16, 16)
	FADD4(5, 17, 17)
	FADD4(6, 18, 18)
	FADD4(7, 19, 19)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R12)
	SUBS $16, R13, R13
	BGE  columns

rest:
	ADDS $16, R13, R13
	BEQ  added

few:
	VLD1.P 16(R11), [V4.S4]
	VLD1   (R12), [V16.S4]
	FMUL4(0, 4, 4)
	FADD4(4, 16, 16)
	VST1.P [V16.S4], 16(R12)
	SUBS $4, R13, R13
	BNE  few

added:
	SUBS $1, R8, R8
	BNE  row

	MOVD R17, R12

tree:
	PAIR(0, 8, F0, F8)
	PAIR(1, 9, F1, F9)
	PAIR(2, 10, F2, F10)
	PAIR(3, 11, F3, F11)
	PAIR(4, 12, F4, F12)
	PAIR(5, 13, F5, F13)
	PAIR(6, 14, F6, F14)
	PAIR(7, 15, F7, F15)
	FADD4(4, 0, 0)
	FADD4(5, 1, 1)
	FADD4(6, 2, 2)
	FADD4(7, 3, 3)
	FADD4(2, 0, 0)
	FADD4(3, 1, 1)
	FADD4(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	ADD  $16, R12, R12
	SUBS $4, R14, R14
	BNE  tree
	MOVD $1, R0
	MOVB R0, ret+88(FP)
	RET

short:
	MOVB ZR, ret+88(FP)
	RET
