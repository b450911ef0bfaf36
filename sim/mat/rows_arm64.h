// Vector instructions that Go's assembler has no names for, on four float32
// each: d = n op m.
#define FADD4(m, n, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FADDP4(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL4(m, n, d)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FSUB4(m, n, d)  WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))
#define FDIV4(m, n, d)  WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))
#define FMAX4(m, n, d)  WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXV4(n, d)    WORD $(0x6E30F800 | (n)<<5 | (d)) // of the four

// The walk over rows in pages, as gen/rows.go has it for amd64: R3 is the slice
// header of the page, R4 the rows left in it, R10 the next row; R5 skip and R6
// stride in bytes, R7 need, R9 perPage.
#define START(row); \
	LSL  $2, R5, R5; \
	LSL  $2, R6, R6; \
	MOVD 8(R3), R16; \
	CMP  R7, R16; \
	BLT  short; \
	MOVD (R3), R10; \
	ADD  R5, R10, R10; \
	MUL  row, R6, R16; \
	ADD  R16, R10, R10; \
	SUB  row, R9, R4

#define NEXT(row); \
	CBNZ R4, 8(PC); \
	ADD  $24, R3, R3; \
	MOVD 8(R3), R16; \
	CMP  R7, R16; \
	BLT  short; \
	MOVD (R3), R10; \
	ADD  R5, R10, R10; \
	MOVD R9, R4; \
	MOVD R10, row; \
	ADD  R6, R10, R10; \
	SUB  $1, R4, R4
