@ The matrix products for Cortex-M7: 2 output channels x 4 columns in eight accumulators, SMLAD on channel pairs.
@ Contract and layouts: gemm.h. Portable twin: gemm.c.
@
@ Registers: r0 weights, r1 columns, r2/r3 weight words, r4/r5 column words (in turn), r6-r9 channel 0, r10-r12 and lr
@ channel 1. A step is 16 multiplications: the loads of the next operands stand between the SMLADs so that the M7 issues
@ them as a pair, and offsets are immediate because a write-back delays the next address. By llvm-mca's Cortex-M7 model a
@ step with EDGEL3_GEMM_PAIRED takes 9 cycles and 13 instructions (LDRD fetches both weights), without it 8 and 14.
@ Counters live in floating-point registers, which cost less than a spill: s0 sums, s1 end of columns, s2 further chunks.

#if defined(__ARM_FEATURE_DSP) && !defined(EDGEL3_PORTABLE)

#ifndef EDGEL3_GEMM_PAIRED
#define EDGEL3_GEMM_PAIRED 1
#endif

    .syntax unified
    .thumb
    .section .text.edgel3_gemm_s16,"ax",%progbits

.macro fetch_weights offset
#if EDGEL3_GEMM_PAIRED
    ldrd    r2, r3, [r0, #\offset]
#else
    ldr     r2, [r0, #\offset]
    ldr     r3, [r0, #\offset + 4]
#endif
.endm

@ Step `index` of a chunk; on entry r2, r3 and r4 are loaded, on exit those of the next step.
.macro step index
    smlad   r6, r2, r4, r6
    ldr     r5, [r1, #16 * \index + 4]
    smlad   r10, r3, r4, r10
    ldr     r4, [r1, #16 * \index + 8]
    smlad   r7, r2, r5, r7
    smlad   r11, r3, r5, r11
    ldr     r5, [r1, #16 * \index + 12]
    smlad   r8, r2, r4, r8
    smlad   r12, r3, r4, r12
    ldr     r4, [r1, #16 * \index + 16]
    smlad   r9, r2, r5, r9
#if EDGEL3_GEMM_PAIRED
    smlad   lr, r3, r5, lr
    ldrd    r2, r3, [r0, #8 * \index + 8]
#else
    ldr     r2, [r0, #8 * \index + 8]
    smlad   lr, r3, r5, lr
    ldr     r3, [r0, #8 * \index + 12]
#endif
.endm

@ The first step of a position: starts the sums instead of adding to them.
.macro first_step
    smuad   r6, r2, r4
    ldr     r5, [r1, #4]
    smuad   r10, r3, r4
    ldr     r4, [r1, #8]
    smuad   r7, r2, r5
    smuad   r11, r3, r5
    ldr     r5, [r1, #12]
    smuad   r8, r2, r4
    smuad   r12, r3, r4
    ldr     r4, [r1, #16]
    smuad   r9, r2, r5
#if EDGEL3_GEMM_PAIRED
    smuad   lr, r3, r5
    ldrd    r2, r3, [r0, #8]
#else
    ldr     r2, [r0, #8]
    smuad   lr, r3, r5
    ldr     r3, [r0, #12]
#endif
.endm

.macro steps from, to
    .set    index, \from
    .rept   \to - \from
    step    index
    .set    index, index + 1
    .endr
    add     r0, r0, #8 * \to
    add     r1, r1, #16 * \to
.endm

@ Positions of exactly `unroll` pairs.
.macro positions_of unroll
1:
    first_step
    steps   1, \unroll
    vmov    r5, s0
    stmia   r5!, {r6-r12, lr}
    vmov    s0, r5
    vmov    r5, s1
    cmp     r1, r5
    bne     1b
    pop     {r4-r11, pc}
.endm

@ Positions of any multiple of `unroll` pairs: s2 holds the chunks behind the first, at least one.
.macro positions_by unroll
1:
    first_step
    steps   1, \unroll
    vmov    r5, s2
2:
    vmov    s3, r5
    steps   0, \unroll
    vmov    r5, s3
    subs    r5, #1
    bne     2b
    vmov    r5, s0
    stmia   r5!, {r6-r12, lr}
    vmov    s0, r5
    vmov    r5, s1
    cmp     r1, r5
    bne     1b
    pop     {r4-r11, pc}
.endm

@ void edgel3_gemm_s16(weights, v, sums, pairs, positions)
    .global edgel3_gemm_s16
    .type   edgel3_gemm_s16, %function
    .balign 8
edgel3_gemm_s16:
    push    {r4-r11, lr}
    ldr     r4, [sp, #36]
    vmov    s0, r2
    mov     r12, r3
    mul     r5, r4, r3
    add     r5, r1, r5, lsl #4
    vmov    s1, r5
    fetch_weights 0
    ldr     r4, [r1]
    cmp     r12, #16
    beq.w   sixteen
    cmp     r12, #8
    beq.w   eight
    tst     r12, #31
    bne.w   eights
    lsr     r5, r12, #5
    subs    r5, #1
    beq.w   thirty_two
    vmov    s2, r5
    .balign 8
    positions_by 32
    .balign 8
thirty_two:
    positions_of 32
    .balign 8
sixteen:
    positions_of 16
    .balign 8
eight:
    positions_of 8
eights:
    lsr     r5, r12, #3
    sub     r5, #1
    vmov    s2, r5
    .balign 8
    positions_by 8
    .size   edgel3_gemm_s16, . - edgel3_gemm_s16

    .section .text.edgel3_gemm_s8,"ax",%progbits

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
