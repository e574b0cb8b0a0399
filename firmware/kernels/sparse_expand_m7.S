#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ The six words of a tile that has words on both sides, channel by channel, for Cortex-M7. Twin: sparse_expand.c.
@
@ void edgel3_sparse_expand(source, words, channels, stride)

    .syntax unified
    .thumb
    .section EDGEL3_CODE_OF(edgel3_sparse_expand),"ax",%progbits

.macro channel
    ldm     r0, {r4, r6, r8, r9}
    add     r0, r0, r3
    and     r5, r10, r6, ror #8
    and     r4, r10, r4, ror #24
    and     r6, r10, r6, ror #24
    and     r7, r10, r8, ror #8
    and     r9, r10, r9, ror #8
    and     r8, r10, r8, ror #24
    stm     r1!, {r4-r9}
.endm

    .global edgel3_sparse_expand
    .type   edgel3_sparse_expand, %function
    .balign 8
edgel3_sparse_expand:
    push    {r4-r10, lr}
    mvn     r10, #0x00FF0000
    bic     r10, r10, #0x0000FF00
    b       2f
1:                                      @ the channels that are too many for the turns below
    channel
    subs    r2, r2, #1
2:
    tst     r2, #3
    bne     1b
    cmp     r2, #0
    beq     4f
3:
    channel
    channel
    channel
    channel
    subs    r2, r2, #4
    bne     3b
4:
    pop     {r4-r10, pc}
    .size   edgel3_sparse_expand, . - edgel3_sparse_expand

#endif
