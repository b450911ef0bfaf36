#include "textflag.h"
#include "rows_arm64.h"

#define BOTH(p, s) \
	FMUL4(16, 16, p); \
	FADD4(p, s, s)

// func peakNEON(rounds int)
TEXT ·peakNEON(SB), NOSPLIT, $0-8
	MOVD rounds+0(FP), R0

round:
	BOTH(17, 0)
	BOTH(18, 1)
	BOTH(19, 2)
	BOTH(20, 3)
	BOTH(21, 4)
	BOTH(22, 5)
	BOTH(23, 6)
	BOTH(24, 7)
	BOTH(25, 8)
	BOTH(26, 9)
	SUBS $1, R0, R0
	BNE  round
	RET

// func peakFusedNEON(rounds int)
TEXT ·peakFusedNEON(SB), NOSPLIT, $0-8
	MOVD rounds+0(FP), R0

round:
	VFMLA V16.S4, V16.S4, V0.S4
	VFMLA V16.S4, V16.S4, V1.S4
	VFMLA V16.S4, V16.S4, V2.S4
	VFMLA V16.S4, V16.S4, V3.S4
	VFMLA V16.S4, V16.S4, V4.S4
	VFMLA V16.S4, V16.S4, V5.S4
	VFMLA V16.S4, V16.S4, V6.S4
	VFMLA V16.S4, V16.S4, V7.S4
	VFMLA V16.S4, V16.S4, V8.S4
	VFMLA V16.S4, V16.S4, V9.S4
	SUBS  $1, R0, R0
	BNE   round
	RET
