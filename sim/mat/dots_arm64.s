#include "textflag.h"
#include "rows_arm64.h"

// MORE adds the products of 16 numbers of x (V16-V19) and a row to its lanes.
#define MORE(row, l0, l1, l2, l3) \
	VLD1.P 64(row), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	FMUL4(16, 20, 20);   \
	FMUL4(17, 21, 21);   \
	FMUL4(18, 22, 22);   \
	FMUL4(19, 23, 23);   \
	FADD4(20, l0, l0);   \
	FADD4(21, l1, l1);   \
	FADD4(22, l2, l2);   \
	FADD4(23, l3, l3)

// FOUR does so for four numbers of x (V16) and of each row, in one group of
// four lanes of the 16.
#define FOUR(l0, l1, l2, l3) \
	VLD1.P 16(R17), [V16.S4]; \
	VLD1.P 16(R11), [V20.S4]; \
	VLD1.P 16(R12), [V21.S4]; \
	VLD1.P 16(R13), [V22.S4]; \
	VLD1.P 16(R14), [V23.S4]; \
	FMUL4(16, 20, 20);   \
	FMUL4(16, 21, 21);   \
	FMUL4(16, 22, 22);   \
	FMUL4(16, 23, 23);   \
	FADD4(20, l0, l0);   \
	FADD4(21, l1, l1);   \
	FADD4(22, l2, l2);   \
	FADD4(23, l3, l3)

// TREE adds four groups of four lanes: l + (l+8), + (l+4).
#define TREE(l0, l1, l2, l3) \
	FADD4(l2, l0, l0);   \
	FADD4(l3, l1, l1);   \
	FADD4(l1, l0, l0)

#define ZERO(v) VEOR v.B16, v.B16, v.B16

// func dotsNEON(dst, x *float32, k int, page *[]float32, row, perPage, skip, stride, need, n int) bool
TEXT ·dotsNEON(SB), NOSPLIT, $0-81
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD k+16(FP), R2
	MOVD page+24(FP), R3
	MOVD row+32(FP), R15
	MOVD perPage+40(FP), R9
	MOVD skip+48(FP), R5
	MOVD stride+56(FP), R6
	MOVD need+64(FP), R7
	MOVD n+72(FP), R8
	START(R15)

four:
	// The next four rows, or all that are left and the last again.
	NEXT(R11)
	MOVD R11, R12
	MOVD R11, R13
	MOVD R11, R14
	CMP  $2, R8
	BLT  found
	NEXT(R12)
	MOVD R12, R13
	MOVD R12, R14
	CMP  $3, R8
	BLT  found
	NEXT(R13)
	MOVD R13, R14
	CMP  $4, R8
	BLT  found
	NEXT(R14)

found:
	ZERO(V0)
	ZERO(V1)
	ZERO(V2)
	ZERO(V3)
	ZERO(V4)
	ZERO(V5)
	ZERO(V6)
	ZERO(V7)
	ZERO(V8)
	ZERO(V9)
	ZERO(V10)
	ZERO(V11)
	ZERO(V12)
	ZERO(V13)
	ZERO(V14)
	ZERO(V15)
	MOVD R1, R17
	SUBS $16, R2, R15
	BLT  rest

chunk:
	VLD1.P 64(R17), [V16.S4, V17.S4, V18.S4, V19.S4]
	MORE(R11, 0, 1, 2, 3)
	MORE(R12, 4, 5, 6, 7)
	MORE(R13, 8, 9, 10, 11)
	MORE(R14, 12, 13, 14, 15)
	SUBS $16, R15, R15
	BGE  chunk

rest:
	// What is left of a row, four by four.
	ADDS $16, R15, R15
	BEQ  trees
	FOUR(0, 4, 8, 12)
	SUBS $4, R15, R15
	BEQ  trees
	FOUR(1, 5, 9, 13)
	SUBS $4, R15, R15
	BEQ  trees
	FOUR(2, 6, 10, 14)

trees:
	TREE(0, 1, 2, 3)
	TREE(4, 5, 6, 7)
	TREE(8, 9, 10, 11)
	TREE(12, 13, 14, 15)
	VTRN1 V4.D2, V0.D2, V16.D2 // + (l+2), two rows to a register
	VTRN2 V4.D2, V0.D2, V17.D2
	FADD4(17, 16, 16)
	VTRN1 V12.D2, V8.D2, V18.D2
	VTRN2 V12.D2, V8.D2, V19.D2
	FADD4(19, 18, 18)
	FADDP4(18, 16, 16)         // + (l+1), four rows to a register
	CMP   $4, R8
	BLT   some
	VST1.P [V16.S4], 16(R0)
	SUBS  $4, R8, R8
	BGT   four
	B     done

some:
	VMOV V16.S[0], R16
	MOVW R16, (R0)
	CMP  $2, R8
	BLT  done
	VMOV V16.S[1], R16
	MOVW R16, 4(R0)
	CMP  $3, R8
	BLT  done
	VMOV V16.S[2], R16
	MOVW R16, 8(R0)

done:
	MOVD $1, R0
	MOVB R0, ret+80(FP)
	RET

short:
	MOVB ZR, ret+80(FP)
	RET
