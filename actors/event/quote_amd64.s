#include "textflag.h"

// func quoteBlocks(dst, src unsafe.Pointer, n, slack int) (read, written int)
//
// SI is where it reads, DX the last place where it can read a block, DI where it
// writes; R10 is the slack. Y0 to Y2 are what is looked for: signed bytes below
// the space, which are the controls and all beyond ASCII, the quote and the
// backslash.
TEXT ·quoteBlocks(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), DX
	MOVQ slack+24(FP), R10
	MOVQ DI, R8
	MOVQ SI, R9
	LEAQ -32(SI)(DX*1), DX
	MOVL $0x20202020, AX
	MOVQ AX, X0
	VPBROADCASTD X0, Y0
	MOVL $0x22222222, AX
	MOVQ AX, X1
	VPBROADCASTD X1, Y1
	MOVL $0x5c5c5c5c, AX
	MOVQ AX, X2
	VPBROADCASTD X2, Y2

block:
	CMPQ SI, DX
	JGT  done
	VMOVDQU (SI), Y3
	VMOVDQU Y3, (DI)
	VPCMPGTB Y3, Y0, Y4
	VPCMPEQB Y3, Y1, Y5
	VPCMPEQB Y3, Y2, Y6
	VPOR Y4, Y5, Y4
	VPOR Y4, Y6, Y4
	VPMOVMSKB Y4, BX
	TESTL BX, BX
	JNZ  special
	ADDQ $32, SI
	ADDQ $32, DI
	JMP  block

special:
	BSFL BX, BX
	ADDQ BX, SI
	ADDQ BX, DI
	MOVBLZX (SI), AX
	CMPL AX, $0x22
	JEQ  escape
	CMPL AX, $0x5c
	JEQ  escape
	CMPL AX, $0x0a
	JNE  done
	MOVL $0x6e, AX // an n for a newline

escape:
	TESTQ R10, R10
	JLE  done
	DECQ R10
	SHLL $8, AX
	ORL  $0x5c, AX
	MOVW AX, (DI)
	INCQ SI
	ADDQ $2, DI
	JMP  block

done:
	VZEROUPPER
	SUBQ R9, SI
	SUBQ R8, DI
	MOVQ SI, read+32(FP)
	MOVQ DI, written+40(FP)
	RET
