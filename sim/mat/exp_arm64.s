#include "textflag.h"
#include "rows_arm64.h"

#define FCMGT4(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // n > m
#define FLOOR4(n, d)    WORD $(0x4E219800 | (n)<<5 | (d))
#define FTOINT4(n, d)   WORD $(0x4EA1B800 | (n)<<5 | (d))
#define FNEG4(n, d)     WORD $(0x6EA0F800 | (n)<<5 | (d))
#define FABS4(n, d)     WORD $(0x4EA0F800 | (n)<<5 | (d))
#define HALVE4(n, d)    WORD $(0x4F3F0400 | (n)<<5 | (d))           // integers, rounded down

// The constants of Exp, in the order of their registers, V16 to V30.
DATA  exps<>+0(SB)/4, $0x3fb8aa3b  // V16: log2 e
DATA  exps<>+4(SB)/4, $0x3f000000  // V17: 0.5
DATA  exps<>+8(SB)/4, $0x3f318000  // V18: ln 2
DATA  exps<>+12(SB)/4, $0xb95e8083 // V19: and its low bits
DATA  exps<>+16(SB)/4, $0x39506967 // V20-V25: the polynomial
DATA  exps<>+20(SB)/4, $0x3ab743ce
DATA  exps<>+24(SB)/4, $0x3c088908
DATA  exps<>+28(SB)/4, $0x3d2aa9c1
DATA  exps<>+32(SB)/4, $0x3e2aaaaa
DATA  exps<>+36(SB)/4, $0x3f000000
DATA  exps<>+40(SB)/4, $0x3f800000 // V26: 1
DATA  exps<>+44(SB)/4, $0x42b17217 // V27: above is infinity
DATA  exps<>+48(SB)/4, $0xc2cff1b4 // V28: below is zero
DATA  exps<>+52(SB)/4, $0x7f800000 // V29: infinity
DATA  exps<>+56(SB)/4, $127        // V30: an exponent's bias
GLOBL exps<>(SB), RODATA|NOPTR, $60

#define CONSTANTS \
	MOVD    $exps<>(SB), R5  ; \
	VLD1R.P 4(R5), [V16.S4]  ; \
	VLD1R.P 4(R5), [V17.S4]  ; \
	VLD1R.P 4(R5), [V18.S4]  ; \
	VLD1R.P 4(R5), [V19.S4]  ; \
	VLD1R.P 4(R5), [V20.S4]  ; \
	VLD1R.P 4(R5), [V21.S4]  ; \
	VLD1R.P 4(R5), [V22.S4]  ; \
	VLD1R.P 4(R5), [V23.S4]  ; \
	VLD1R.P 4(R5), [V24.S4]  ; \
	VLD1R.P 4(R5), [V25.S4]  ; \
	VLD1R.P 4(R5), [V26.S4]  ; \
	VLD1R.P 4(R5), [V27.S4]  ; \
	VLD1R.P 4(R5), [V28.S4]  ; \
	VLD1R.P 4(R5), [V29.S4]  ; \
	VLD1R.P 4(R5), [V30.S4]  ; \
	VEOR    V6.B16, V6.B16, V6.B16

// EXP is Exp of V0 in V3, step by step as there; V0, V1, V2, V4, V5 are used up.
#define EXP \
	FCMGT4(27, 0, 4) ; \
	FCMGT4(0, 28, 5) ; \
	FMUL4(16, 0, 1)  ; \
	FADD4(17, 1, 1)  ; \
	FLOOR4(1, 1)     ; \
	FMUL4(18, 1, 2)  ; \
	FSUB4(2, 0, 0)   ; \
	FMUL4(19, 1, 2)  ; \
	FSUB4(2, 0, 0)   ; \
	FMUL4(20, 0, 3)  ; \
	FADD4(21, 3, 3)  ; \
	FMUL4(0, 3, 3)   ; \
	FADD4(22, 3, 3)  ; \
	FMUL4(0, 3, 3)   ; \
	FADD4(23, 3, 3)  ; \
	FMUL4(0, 3, 3)   ; \
	FADD4(24, 3, 3)  ; \
	FMUL4(0, 3, 3)   ; \
	FADD4(25, 3, 3)  ; \
	FMUL4(0, 3, 3)   ; \
	FMUL4(0, 3, 3)   ; \
	FADD4(0, 3, 3)   ; \
	FADD4(26, 3, 3)  ; \
	FTOINT4(1, 1)    ; \
	HALVE4(1, 2)     ; \
	VSUB V2.S4, V1.S4, V1.S4     ; \
	VADD V30.S4, V1.S4, V1.S4    ; \
	VADD V30.S4, V2.S4, V2.S4    ; \
	VSHL $23, V1.S4, V1.S4       ; \
	VSHL $23, V2.S4, V2.S4       ; \
	FMUL4(2, 3, 3)              ; \
	FMUL4(1, 3, 3)               ; \
	VBIT V4.B16, V29.B16, V3.B16 ; \
	VBIT V5.B16, V6.B16, V3.B16

// func expsNEON(dst, s *float32, top float32, n int)
TEXT ·expsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD s+8(FP), R1
	MOVD $top+16(FP), R2
	MOVD n+24(FP), R3
	CONSTANTS
	VLD1R (R2), [V31.S4]

loop:
	VLD1.P 16(R1), [V0.S4]
	FSUB4(31, 0, 0)
	EXP
	VST1.P [V3.S4], 16(R0)
	SUBS $4, R3, R3
	BNE  loop
	RET

// func swigluNEON(dst, gate, up *float32, n int)
TEXT ·swigluNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD gate+8(FP), R1
	MOVD up+16(FP), R2
	MOVD n+24(FP), R3
	CONSTANTS

loop:
	VLD1.P 16(R1), [V7.S4]
	FNEG4(7, 0)
	EXP
	FADD4(26, 3, 3)
	FDIV4(3, 7, 3)
	VLD1.P 16(R2), [V0.S4]
	FMUL4(0, 3, 3)
	VST1.P [V3.S4], 16(R0)
	SUBS $4, R3, R3
	BNE  loop
	RET

// What GELU has beside, in the order of their registers, V9 to V12.
DATA  gelus<>+0(SB)/4, $0x80000000  // V9: a sign
DATA  gelus<>+4(SB)/4, $0x3d372713  // V10: 0.044715
DATA  gelus<>+8(SB)/4, $0x3f4c422a  // V11: sqrt(2/pi)
DATA  gelus<>+12(SB)/4, $0xc0000000 // V12: -2
GLOBL gelus<>(SB), RODATA|NOPTR, $16

// func geluNEON(dst, x *float32, n int)
TEXT ·geluNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R3
	CONSTANTS
	MOVD $gelus<>(SB), R5
	VLD1R.P 4(R5), [V9.S4]
	VLD1R.P 4(R5), [V10.S4]
	VLD1R.P 4(R5), [V11.S4]
	VLD1R.P 4(R5), [V12.S4]

loop:
	VLD1.P 16(R1), [V7.S4]
	FMUL4(7, 7, 0)
	FMUL4(7, 0, 0)
	FMUL4(10, 0, 0)
	FADD4(0, 7, 0)
	FMUL4(11, 0, 0)                // what the tanh is taken of
	VAND V9.B16, V0.B16, V8.B16    // its sign
	FABS4(0, 0)
	FMUL4(12, 0, 0)
	EXP
	FSUB4(3, 26, 0)
	FADD4(26, 3, 3)
	FDIV4(3, 0, 3)
	VORR V8.B16, V3.B16, V3.B16
	FADD4(26, 3, 3)
	FMUL4(17, 7, 7)
	FMUL4(3, 7, 3)
	VST1.P [V3.S4], 16(R0)
	SUBS $4, R3, R3
	BNE  loop
	RET
