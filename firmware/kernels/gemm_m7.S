#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ The matrix products for Cortex-M7: 2 output channels x 4 columns in eight accumulators, SMLAD on channel
@ pairs. Contract and layouts: gemm.h. Portable twin: gemm.c.
@
@ Registers: r0 weights, r1 columns, r2/r3 weight words, r4/r5 column words (in turn), r6-r9 channel 0,
@ r10-r12 and lr channel 1. A step is 16 multiplications: the loads of the next operands stand between the
@ SMLADs so that the M7 issues them as a pair, and offsets are immediate because a write-back delays the
@ next address: write-backs stand once a chunk, where that is far. By llvm-mca's Cortex-M7 model a step with
@ EDGEL3_GEMM_PAIRED takes 9 cycles and 13 instructions (LDRD fetches both weights), without it 8 and 14.
@ Counters live in floating-point registers, which cost less than a spill: s0 sums, s1 end of columns, s2
@ further chunks.
@
@ Cost: 0.83 instructions per product in positions of 16 pairs, measured with GCC 12.2 -O2 -mcpu=cortex-m7
@ on QEMU. One product stands for 4 MACs in F(4x4,3x3), for 2.25 in F(2x2,3x3) and for 1 in direct
@ convolution.

#ifndef EDGEL3_GEMM_PAIRED
#define EDGEL3_GEMM_PAIRED 1
#endif

    .syntax unified
    .thumb
    .section EDGEL3_CODE_OF(edgel3_gemm_s16),"ax",%progbits

.macro multiply first, sum, weight, column
.if \first
    smuad   \sum, \weight, \column
.else
    smlad   \sum, \weight, \column, \sum
.endif
.endm

@ Step `index` of `unroll` for `columns` columns; the first step of a position starts the sums. On entry r2,
@ r3 and r4 are loaded, and r5 in the first step of a chunk; on exit those of the next step. The last step of
@ a chunk moves on to the next chunk's columns and leaves the weights, so that r2 and r3 are free behind it.
.macro step first, index, unroll, columns
    multiply \first, r6, r2, r4
.if \columns > 1 && \index
    ldr     r5, [r1, #16 * \index + 4]
.endif
    multiply \first, r10, r3, r4
.if \columns > 2
    ldr     r4, [r1, #16 * \index + 8]
.elseif \index + 1 < \unroll
    ldr     r4, [r1, #16 * \index + 16]
.endif
.if \columns > 1
    multiply \first, r7, r2, r5
    multiply \first, r11, r3, r5
.endif
.if \columns > 3
    ldr     r5, [r1, #16 * \index + 12]
.endif
.if \columns > 2
    multiply \first, r8, r2, r4
    multiply \first, r12, r3, r4
.if \index + 1 < \unroll
    ldr     r4, [r1, #16 * \index + 16]
.endif
.endif
.if \columns > 3
    multiply \first, r9, r2, r5
.if EDGEL3_GEMM_PAIRED || \index + 1 == \unroll
    multiply \first, lr, r3, r5
.else
    ldr     r2, [r0, #8 * (\index + 1 - \unroll)]
    multiply \first, lr, r3, r5
    ldr     r3, [r0, #8 * (\index + 1 - \unroll) + 4]
.endif
.endif
.if \index + 1 == \unroll
    ldrd    r4, r5, [r1, #16 * \unroll]!
.elseif EDGEL3_GEMM_PAIRED || \columns < 4
    ldrd    r2, r3, [r0, #8 * (\index + 1 - \unroll)]
.endif
.endm

@ A chunk of `unroll` steps; `first` is 1 for the first chunk of a position.
.macro chunk first, unroll, columns
    ldrd    r2, r3, [r0], #8 * \unroll
    step    \first, 0, \unroll, \columns
    .set    index, 1
    .rept   \unroll - 1
    step    0, index, \unroll, \columns
    .set    index, index + 1
    .endr
.endm

.macro store_sums
    vmov    r2, r3, s0, s1
    stmia   r2!, {r6-r12, lr}
    cmp     r1, r3
    vmov    s0, r2
    bne     1b
    pop     {r4-r11, pc}
.endm

@ Positions of exactly `unroll` pairs.
.macro positions_of unroll, columns
    .balign 8
1:
    chunk   1, \unroll, \columns
    store_sums
.endm

@ Positions of any multiple of `unroll` pairs: s2 holds the chunks behind the first, at least one.
.macro positions_by unroll, columns
    .balign 8
1:
    chunk   1, \unroll, \columns
    vmov    r2, s2
2:
    vmov    s3, r2
    chunk   0, \unroll, \columns
    vmov    r2, s3
    subs    r2, #1
    bne     2b
    store_sums
.endm

@ void edgel3_gemm_s16(weights, v, sums, pairs, positions, columns)
    .global edgel3_gemm_s16
    .type   edgel3_gemm_s16, %function
    .balign 8
edgel3_gemm_s16:
    push    {r4-r11, lr}
    ldrd    r4, r6, [sp, #36]
    vmov    s0, r2
    lsr     r12, r3, #3
    mul     r5, r4, r3
    sub     r7, r12, #1
    add     r5, r1, r5, lsl #4
    vmov    s1, r5
    vmov    s2, r7
    ldrd    r4, r5, [r1]
    cmp     r6, #2
    beq.w   two_columns
    blt.w   one_column
    cmp     r6, #4
    blt.w   three_columns
    cmp     r12, #2
    beq.w   sixteen
    cmp     r12, #1
    beq.w   eight
    tst     r12, #3
    bne.w   eights
    lsr     r2, r12, #2
    subs    r2, #1
    vmov    s2, r2
    beq.w   thirty_two
    positions_by 32, 4
thirty_two:
    positions_of 32, 4
sixteen:
    positions_of 16, 4
eights:
    positions_by 8, 4
eight:
    positions_of 8, 4

@ The last block of a strip may be short.
.macro short_block columns
    cmp     r12, #1
    beq.w   3f
    positions_by 8, \columns
3:
    positions_of 8, \columns
.endm
one_column:
    short_block 1
two_columns:
    short_block 2
three_columns:
    short_block 3
    .size   edgel3_gemm_s16, . - edgel3_gemm_s16

    .section EDGEL3_CODE_OF(edgel3_gemm_s8),"ax",%progbits

@ One word of int8 weights serves both channels: SXTB16 splits it into (c0, c2) of channel 0 and of channel 1.
.macro step_s8 index
    sxtb16  r2, r3
    ldrd    r4, r5, [r1, #16 * \index]
    sxtb16  r3, r3, ror #8
    smlad   r6, r2, r4, r6
    smlad   r7, r2, r5, r7
    smlad   r10, r3, r4, r10
    smlad   r11, r3, r5, r11
    ldrd    r4, r5, [r1, #16 * \index + 8]
    smlad   r8, r2, r4, r8
    smlad   r12, r3, r4, r12
    smlad   r9, r2, r5, r9
    smlad   lr, r3, r5, lr
    ldr     r3, [r0, #4 * \index + 4]
.endm

@ void edgel3_gemm_s8(weights, v, sums, pairs)
    .global edgel3_gemm_s8
    .type   edgel3_gemm_s8, %function
    .balign 8
edgel3_gemm_s8:
    push    {r4-r11, lr}
    vmov    s0, r2
    add     r5, r1, r3, lsl #4
    vmov    s1, r5
    ldr     r3, [r0]
    mov     r6, #0
    mov     r7, #0
    mov     r8, #0
    mov     r9, #0
    mov     r10, #0
    mov     r11, #0
    mov     r12, #0
    mov     lr, #0
    .balign 8
1:
    .set    index, 0
    .rept   8
    step_s8 index
    .set    index, index + 1
    .endr
    add     r0, r0, #32
    add     r1, r1, #128
    vmov    r5, s1
    cmp     r1, r5
    bne     1b
    vmov    r5, s0
    stmia   r5, {r6-r12, lr}
    pop     {r4-r11, pc}
    .size   edgel3_gemm_s8, . - edgel3_gemm_s8

#endif
